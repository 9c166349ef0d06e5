# What `cmake --install` puts where: programs in bin/, libferrule and its plugins side by side in lib/, headers in
# include/ferrule, and two packages: ferrule-plugin-api (for backends) and ferrule (for programs).
include(CMakePackageConfigHelpers)
set(FERRULE_PACKAGE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake)

install(DIRECTORY plugin_api/include/ferrule DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS ferrule_plugin_api EXPORT ferrule-plugin-api-targets)
install(EXPORT ferrule-plugin-api-targets NAMESPACE ferrule::
  DESTINATION ${FERRULE_PACKAGE_FOLDER}/ferrule-plugin-api)
# The C ABI is stable within its major, which is the package's major as well.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ferrule-plugin-api-config-version.cmake
  VERSION 1.0.0 COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES
  plugin_api/cmake/ferrule-plugin-api-config.cmake plugin_api/cmake/ferrule_add_plugin.cmake plugin_api/cmake/plugin.map
  ${PROJECT_BINARY_DIR}/ferrule-plugin-api-config-version.cmake
  DESTINATION ${FERRULE_PACKAGE_FOLDER}/ferrule-plugin-api)

get_property(FERRULE_PLUGIN_TARGETS GLOBAL PROPERTY FERRULE_PLUGIN_TARGETS)
install(TARGETS ${FERRULE_PLUGIN_TARGETS} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})

if(TARGET ferrule)
  install(DIRECTORY core/include/ferrule DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(TARGETS ferrule EXPORT ferrule-targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT ferrule-targets NAMESPACE ferrule:: DESTINATION ${FERRULE_PACKAGE_FOLDER}/ferrule)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/ferrule-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES cmake/ferrule-config.cmake ${PROJECT_BINARY_DIR}/ferrule-config-version.cmake
    DESTINATION ${FERRULE_PACKAGE_FOLDER}/ferrule)
endif()

foreach(program ferrule_tool ferrule-conformance fashion_mnist logistic_regression)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()

# ferrule_add_plugin(name SOURCES...): libferrule_<name>.so, which exports frl_plugin_query and nothing else and depends on
# the plugin header alone. The same in the Ferrule tree and in a project that found the package ferrule-plugin-api.
set(FERRULE_PLUGIN_MAP ${CMAKE_CURRENT_LIST_DIR}/plugin.map CACHE INTERNAL "Exports of a plugin")

function(ferrule_add_plugin name)
  add_library(ferrule_${name} MODULE ${ARGN})
  target_link_libraries(ferrule_${name} PRIVATE ferrule::plugin_api $<TARGET_NAME_IF_EXISTS:ferrule_warnings>)
  target_link_options(ferrule_${name} PRIVATE
    -Wl,--version-script=${FERRULE_PLUGIN_MAP} $<$<LINK_LANGUAGE:CXX>:-static-libstdc++> -static-libgcc)
  if(NOT FERRULE_SANITIZE)
    target_link_options(ferrule_${name} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(ferrule_${name} PROPERTIES
    POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${FERRULE_PLUGIN_MAP})
  set_property(GLOBAL APPEND PROPERTY FERRULE_PLUGIN_TARGETS ferrule_${name})
endfunction()

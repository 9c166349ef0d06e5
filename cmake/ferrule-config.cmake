# find_package(ferrule): the target ferrule::ferrule. Plugins are found at run time, beside libferrule.
include(CMakeFindDependencyMacro)
find_dependency(ferrule-plugin-api)
include("${CMAKE_CURRENT_LIST_DIR}/ferrule-targets.cmake")

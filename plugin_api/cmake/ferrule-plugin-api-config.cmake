# find_package(ferrule-plugin-api): the target ferrule::plugin_api and the function ferrule_add_plugin.
include("${CMAKE_CURRENT_LIST_DIR}/ferrule-plugin-api-targets.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/ferrule_add_plugin.cmake")

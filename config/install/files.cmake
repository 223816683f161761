# Part of `cmake --install`: the configuration and the unit, which depend on the prefix as it is then.
#
# Takes SYNC_BUILD, the build folder, besides what CMake gives.
include("${CMAKE_CURRENT_LIST_DIR}/places.cmake")
get_filename_component(config "${CMAKE_CURRENT_LIST_DIR}" DIRECTORY)

# A default.yaml that is as it was shipped is replaced. One that somebody has edited stays.
set(present "$ENV{DESTDIR}${folder}/default.yaml")
same_file("${present}" "$ENV{DESTDIR}${shipped}" untouched)
same_file("${present}" "${config}/default.yaml" current)
if(NOT EXISTS "${present}" OR untouched OR current)
  file(INSTALL "${config}/default.yaml" DESTINATION "${folder}")
else()
  message(STATUS "Kept, since it was edited: ${present} (as shipped: ${shipped})")
endif()
file(INSTALL "${config}/default.yaml" DESTINATION "${prefix}/share/synapse-sync")

file(READ "${config}/systemd/synapse-sync.service" unit)
string(REPLACE "ExecStart=synapse-sync" "ExecStart=${prefix}/bin/synapse-sync" unit "${unit}")
if(NOT folder STREQUAL "/etc/synapse-sync")
  # What systemd calls its folder of configurations is in /etc.
  string(REPLACE "ConfigurationDirectory=synapse-sync\n" "" unit "${unit}")
  string(REPLACE "/etc/synapse-sync" "${folder}" unit "${unit}")
endif()
file(WRITE "${SYNC_BUILD}/installed/synapse-sync.service" "${unit}")
file(INSTALL "${SYNC_BUILD}/installed/synapse-sync.service" DESTINATION "${prefix}/lib/systemd/system")

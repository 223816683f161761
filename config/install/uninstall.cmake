# Takes away what `cmake --install` put there, by the list that it left in the build folder. A configuration that
# somebody edited stays, as do files that were added.
#
#   cmake -D SYNC_BUILD=FOLDER -P uninstall.cmake          DESTDIR counts as it does for the installation
set(list "${SYNC_BUILD}/install_manifest.txt")
if(NOT EXISTS "${list}")
  message(FATAL_ERROR "there is no ${list}: nothing was installed from this build folder")
endif()
file(STRINGS "${list}" files)

# The prefix is what the program's path begins with.
set(program "${files}")
list(FILTER program INCLUDE REGEX "/bin/synapse-sync$")
string(REGEX REPLACE "/bin/synapse-sync$" "" CMAKE_INSTALL_PREFIX "${program}")
include("${CMAKE_CURRENT_LIST_DIR}/places.cmake")

set(present "$ENV{DESTDIR}${folder}/default.yaml")
same_file("${present}" "$ENV{DESTDIR}${shipped}" untouched)
if(EXISTS "${present}" AND NOT untouched)
  message(STATUS "Kept, since it was edited: ${present}")
  list(REMOVE_ITEM files "${folder}/default.yaml")
elseif(untouched)
  list(APPEND files "${folder}/default.yaml")
endif()

set(folders "")
foreach(file IN LISTS files)
  if(EXISTS "$ENV{DESTDIR}${file}")
    message(STATUS "Removing: $ENV{DESTDIR}${file}")
    file(REMOVE "$ENV{DESTDIR}${file}")
  endif()
  # Folders of ours, from the innermost to the outermost.
  get_filename_component(above "${file}" DIRECTORY)
  while(above MATCHES "/synapse-sync(/|$)")
    list(APPEND folders "$ENV{DESTDIR}${above}")
    get_filename_component(above "${above}" DIRECTORY)
  endwhile()
endforeach()
list(REMOVE_DUPLICATES folders)
list(SORT folders ORDER DESCENDING)
foreach(each IN LISTS folders)
  file(GLOB left LIST_DIRECTORIES true "${each}/*" "${each}/.*")
  list(FILTER left EXCLUDE REGEX "/\\.\\.?$")
  if(NOT left)
    file(REMOVE_RECURSE "${each}")
  endif()
endforeach()
file(REMOVE "${list}")

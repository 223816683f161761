# What CPack runs when all files are in place, before it packs them: the documents that a Debian package has to have,
# in the form that it wants them. The same sources give the same bytes: the only date is SOURCE_DATE_EPOCH, or that of
# the changelog.
set(root "${CPACK_TEMPORARY_INSTALL_DIRECTORY}")
set(documents "${root}/usr/share/doc/synapse-sync")
get_filename_component(sources "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)

# Whatever the rights of the sources are.
set(readable FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

function(compress file)
  execute_process(COMMAND gzip -9nf "${file}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

if(DEFINED ENV{SOURCE_DATE_EPOCH})
  set(seconds "$ENV{SOURCE_DATE_EPOCH}")
else()
  file(TIMESTAMP "${sources}/CHANGELOG.md" seconds "%s" UTC)
  set(ENV{SOURCE_DATE_EPOCH} "${seconds}")
endif()
execute_process(COMMAND date -u -R -d "@${seconds}" OUTPUT_VARIABLE date OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY)

file(RENAME "${documents}/CHANGELOG.md" "${documents}/changelog")
configure_file("${CMAKE_CURRENT_LIST_DIR}/changelog.in" "${documents}/changelog.Debian" @ONLY ${readable})
compress("${documents}/changelog")
compress("${documents}/changelog.Debian")
compress("${root}/usr/share/man/man1/synapse-sync.1")

# The licence stands in "copyright", with a blank before each line and a point on those that are empty.
file(REMOVE "${documents}/LICENSE")
file(READ "${sources}/LICENSE" text)
string(REGEX MATCH "Copyright \\(c\\) ([^\n]*)\n+(.*)" text "${text}")
set(holder "${CMAKE_MATCH_1}")
string(REGEX REPLACE "\n+$" "" text "${CMAKE_MATCH_2}")
string(REPLACE "\n\n" "\n.\n" text "${text}")
string(REPLACE "\n" "\n " text " ${text}")
configure_file("${CMAKE_CURRENT_LIST_DIR}/copyright.in" "${documents}/copyright" @ONLY ${readable})

configure_file("${CMAKE_CURRENT_LIST_DIR}/README.Debian" "${documents}/README.Debian" COPYONLY ${readable})
# Not those that the umask leaves of them.
file(CHMOD_RECURSE "${root}/etc" "${root}/usr" DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
file(CREATE_LINK ../../synapse-sync/examples "${documents}/examples" SYMBOLIC)

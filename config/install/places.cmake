# Where things are installed that the prefix alone does not tell. The program looks for them by the same rule
# (src/config/places.h): what belongs to the whole system has its configuration in /etc.
#
# Takes CMAKE_INSTALL_PREFIX. Gives `prefix` without a slash at its end, `folder`, that of the configuration, and
# `shipped`, where a copy of default.yaml is that nobody edits. DESTDIR goes before all of them.
string(REGEX REPLACE "/+$" "" prefix "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/usr(/local)?$" "" above "${prefix}")
set(folder "${above}/etc/synapse-sync")
set(shipped "${prefix}/share/synapse-sync/default.yaml")

# Whether two files are there and hold the same.
function(same_file a b result)
  set(${result} FALSE PARENT_SCOPE)
  if(EXISTS "${a}" AND EXISTS "${b}")
    file(SHA256 "${a}" of_a)
    file(SHA256 "${b}" of_b)
    if(of_a STREQUAL of_b)
      set(${result} TRUE PARENT_SCOPE)
    endif()
  endif()
endfunction()

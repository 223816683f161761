# How `cpack -G DEB` makes a Debian package: what stands in its control file, and what there is to do with the files
# before they are packed (prepare.cmake). The version is the project's.
set(SYNC_MAINTAINER "The developers of synapse-sync <noreply@synapse-sync.invalid>" CACHE STRING
  "Whom the Debian package names as its maintainer: who makes it, with an address")

set(CPACK_PACKAGE_NAME synapse-sync)
set(CPACK_PACKAGE_VENDOR "The developers of synapse-sync")
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON) # so that what is installed knows where it will be
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_LIST_DIR}/prepare.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${SYNC_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "init-system-helpers (>= 1.54~), ca-certificates")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "keeps a Matrix Synapse homeserver in line with a school platform")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "The platform puts JSON messages into a RabbitMQ queue, and synapse-sync
makes the users, rooms, memberships and power levels of a Synapse
homeserver match them. It loses nothing, keeps the order, and costs the
homeserver little.
.
This package holds the daemon, its unit for systemd, and the commands by
which an administrator checks the setup, plans changes and looks after dead
letters.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_LIST_DIR}/conffiles ${CMAKE_CURRENT_LIST_DIR}/postinst
  ${CMAKE_CURRENT_LIST_DIR}/prerm ${CMAKE_CURRENT_LIST_DIR}/postrm)

include(CPack)

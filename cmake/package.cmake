# A Debian package: `cpack -G DEB` in the build folder, once the four programs are built. Libraries come from dpkg-shlibdeps.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
install(TARGETS redisha redisha_node redisha_sentinel redisha_operator RUNTIME DESTINATION usr/bin)
install(FILES deploy/debian/node.conf deploy/debian/sentinel.conf DESTINATION etc/redisha)
install(FILES deploy/systemd/redisha-node.service deploy/systemd/redisha-sentinel.service DESTINATION lib/systemd/system)
install(FILES deploy/debian/copyright docs/outside-kubernetes.md docs/sentinel.md docs/differences.md crds/redisha.yaml
        DESTINATION usr/share/doc/redisha)

execute_process(COMMAND gzip -9nc ${CMAKE_SOURCE_DIR}/deploy/debian/changelog OUTPUT_FILE ${CMAKE_BINARY_DIR}/changelog.gz)
install(FILES ${CMAKE_BINARY_DIR}/changelog.gz DESTINATION usr/share/doc/redisha)

set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX "/")
set(CPACK_PACKAGE_NAME redisha)
set(CPACK_PACKAGE_CONTACT "The RedisHA authors <redisha@example.com>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "highly available, Redis-compatible data store")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS redis-tools)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "Server (redisha-node), failover agent (redisha-sentinel), operator for
 Kubernetes and command line. The services redisha-node and redisha-sentinel
 are installed but not started.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(script postinst prerm postrm conffiles)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/deploy/debian/${script})
endforeach()
include(CPack)

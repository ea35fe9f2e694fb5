# Builds with the cargo of the system (1.88 or newer), which vcpkg does not bring, and installs by `make install`.
find_program(CARGO cargo REQUIRED)
vcpkg_find_acquire_program(PYTHON3)

if(DEFINED ENV{WAZO_AUTH_CLIENT_SOURCE})
    # A checkout, and a folder of cargo's results, for those who work on the port.
    set(SOURCE_PATH "$ENV{WAZO_AUTH_CLIENT_SOURCE}")
    set(BUILT --built "$ENV{WAZO_AUTH_CLIENT_BUILT}")
else()
    vcpkg_from_github(
        OUT_SOURCE_PATH SOURCE_PATH
        REPO wazo-platform/wazo-auth-client
        REF "v${VERSION}"
        # Of the archive of the first release.
        SHA512 0
    )
endif()

if(VCPKG_LIBRARY_LINKAGE STREQUAL "static")
    set(SHARED OFF)
else()
    set(SHARED ON)
endif()

vcpkg_execute_required_process(
    COMMAND "${PYTHON3}" tools/install.py library development documentation
        --prefix "${CURRENT_PACKAGES_DIR}"
        --docdir "${CURRENT_PACKAGES_DIR}/share/${PORT}"
        --mandir "${CURRENT_PACKAGES_DIR}/share/man" ${BUILT}
    WORKING_DIRECTORY "${SOURCE_PATH}"
    LOGNAME "install-${TARGET_TRIPLET}"
)

# One build for both, which is that of a release.
if(NOT VCPKG_BUILD_TYPE)
    file(INSTALL "${CURRENT_PACKAGES_DIR}/lib" DESTINATION "${CURRENT_PACKAGES_DIR}/debug")
endif()
if(SHARED)
    file(REMOVE "${CURRENT_PACKAGES_DIR}/lib/libwazo_auth_client.a" "${CURRENT_PACKAGES_DIR}/debug/lib/libwazo_auth_client.a")
else()
    file(GLOB SHARED_LIBRARIES "${CURRENT_PACKAGES_DIR}/lib/*.so*" "${CURRENT_PACKAGES_DIR}/debug/lib/*.so*")
    file(REMOVE ${SHARED_LIBRARIES})
endif()
vcpkg_cmake_config_fixup(PACKAGE_NAME wazo_auth_client CONFIG_PATH lib/cmake/wazo_auth_client)
vcpkg_fixup_pkgconfig()
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE-MIT" "${SOURCE_PATH}/LICENSE-APACHE")

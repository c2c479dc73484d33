# Installation and packages: a .tar.gz that carries every library it needs beyond the C and C++ runtimes,
# and a .deb that carries the libraries of Arrow and of the inference engine and depends on Debian's packages
# for the rest. Libraries that are loaded on use (docs/decisions/0009-what-loads-on-use.md) have to be named here, since
# the program does not name them.
#
# Component `program` is the program, those libraries and what both packages say about them; `bundled` is what only the .tar.gz has, `debian` what only the .deb has. AssayPackageComponents.cmake chooses.

set(ASSAY_LIBRARY_FOLDER lib/assay)

set_target_properties(assay PROPERTIES INSTALL_RPATH "$ORIGIN/../${ASSAY_LIBRARY_FOLDER}")
set_target_properties(assay_engine PROPERTIES INSTALL_RPATH "$ORIGIN")

install(TARGETS assay RUNTIME DESTINATION bin COMPONENT program)
install(TARGETS assay_engine LIBRARY DESTINATION "${ASSAY_LIBRARY_FOLDER}" COMPONENT program
        PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
install(FILES README.md DESTINATION share/doc/assay COMPONENT program)

set(carried_libraries "${Arrow_arrow_FILE}" "${Arrow_parquet_FILE}" ${OpenVINO_RUNTIME_FILES})
if(Arrow_S3_LIBRARY)
  list(APPEND carried_libraries "${Arrow_S3_LIBRARY}")
else()
  message(STATUS "No Arrow S3 library: the packages will not read s3:// addresses")
endif()
set(program_file "$<TARGET_FILE:assay>")
foreach(name IN ITEMS libcurl.so.4 libheif.so.1)
  find_library(ASSAY_FOUND_${name} NAMES "${name}")
  mark_as_advanced(ASSAY_FOUND_${name})
  if(ASSAY_FOUND_${name})
    list(APPEND loaded_libraries "${ASSAY_FOUND_${name}}")
  else()
    message(STATUS "No ${name}: the .tar.gz will not carry it")
  endif()
endforeach()
set(excluded_libraries "^lib(arrow|parquet|openvino|tbb)[^/]*$")
set(system_libraries "/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|resolv|util|anl|gcc_s|stdc\\+\\+)\\.so[^/]*)$")
configure_file(cmake/package/install_libraries.cmake.in "${PROJECT_BINARY_DIR}/install_libraries.cmake.in" @ONLY)
file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/install_libraries.cmake"
     INPUT "${PROJECT_BINARY_DIR}/install_libraries.cmake.in")
foreach(component program bundled)
  install(CODE "set(libraries_of ${component})\ninclude(\"${PROJECT_BINARY_DIR}/install_libraries.cmake\")"
          COMPONENT ${component})
endforeach()

# The wheel keeps its licences in its metadata, an installed Arrow in share/doc.
file(GLOB arrow_licenses "${Arrow_ROOT}/pyarrow-*.dist-info/licenses/*" "${Arrow_ROOT}/share/doc/arrow/*.txt")
if(NOT arrow_licenses)
  message(STATUS "No licence of Arrow below ${Arrow_ROOT}: do not pass on packages made from it")
endif()
install(FILES ${arrow_licenses} DESTINATION share/doc/assay/arrow COMPONENT program)

set(engine_licenses "${OpenVINO_ROOT}/openvino-*.dist-info/licenses")
file(GLOB engine_licenses "${engine_licenses}/LICENSE" "${engine_licenses}/licensing/*.txt")
if(NOT engine_licenses)
  message(STATUS "No licence of OpenVINO below ${OpenVINO_ROOT}: do not pass on packages made from it")
endif()
install(FILES ${engine_licenses} DESTINATION share/doc/assay/openvino COMPONENT program)

install(FILES LICENSE CHANGELOG.md DESTINATION share/doc/assay COMPONENT bundled)
install(FILES cmake/package/copyright DESTINATION share/doc/assay COMPONENT debian)

# Installed but not enabled: docs/guides/history.md and docs/guides/validator.md say how.
set(systemd_units
    cmake/package/systemd/assay-cache-generator.service
    cmake/package/systemd/assay-cache-updater.service
    cmake/package/systemd/assay-history-backup.service
    cmake/package/systemd/assay-history-backup.timer
    cmake/package/systemd/assay-history-rotate.service
    cmake/package/systemd/assay-history-rotate.timer
    cmake/package/systemd/assay-miner.service
    cmake/package/systemd/assay-serve.service
    cmake/package/systemd/assay-validator.service)
install(FILES ${systemd_units} DESTINATION lib/systemd/system COMPONENT debian)
install(FILES ${systemd_units} DESTINATION share/assay/systemd COMPONENT bundled)
install(FILES cmake/package/pm2/ecosystem.config.js DESTINATION share/assay/pm2 COMPONENT program)

find_program(ASSAY_GZIP gzip)
if(ASSAY_GZIP)
  set(changelog "${PROJECT_BINARY_DIR}/changelog.gz")
  install(CODE "execute_process(COMMAND \"${ASSAY_GZIP}\" -9nc \"${PROJECT_SOURCE_DIR}/CHANGELOG.md\"
  OUTPUT_FILE \"${changelog}\" COMMAND_ERROR_IS_FATAL ANY)" COMPONENT debian)
  install(FILES "${changelog}" DESTINATION share/doc/assay COMPONENT debian)
endif()

set(CPACK_PACKAGE_NAME assay)
set(CPACK_PACKAGE_VENDOR "The Assay developers")
set(CPACK_PACKAGE_CONTACT "The Assay developers <assay@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "audit, record, rank and judge generated images")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Finds the miners of an image-generation network who claim success for
images that do not exist: reads Parquet exports, local or in S3 and GCS,
asks the object stores, judges each miner and writes a report.")
set(CPACK_GENERATOR TGZ DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_SOURCE_DIR}/build/package")
set(CPACK_PACKAGE_FILE_NAME "assay-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR}")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${Arrow_LIBRARY_DIR}" "${OpenVINO_LIBRARY_DIR}")
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, libcurl4")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS libheif1)
set(CPACK_PROJECT_CONFIG_FILE "${PROJECT_SOURCE_DIR}/cmake/AssayPackageComponents.cmake")
include(CPack)

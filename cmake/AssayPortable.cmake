# Outside libraries for a module that must load on any Linux with glibc 2.34 (docs/decisions/0007-portable-wheels.md):
# headers alone, static archives, and simdjson from its source, since Debian has no archive of it. Stands in for the
# find_package() calls, under the same target names.

set(ASSAY_SIMDJSON_SOURCE "${PROJECT_SOURCE_DIR}/.deps/sources/simdjson" CACHE PATH "The unpacked source of simdjson")
set(simdjson_folder "${ASSAY_SIMDJSON_SOURCE}/singleheader")
if(NOT EXISTS "${simdjson_folder}/simdjson.cpp")
  message(FATAL_ERROR "No ${simdjson_folder}/simdjson.cpp: run ./dev wheel, which fetches it (deps/sources.txt)")
endif()
add_library(simdjson_archive STATIC "${simdjson_folder}/simdjson.cpp")
target_include_directories(simdjson_archive SYSTEM PUBLIC "${simdjson_folder}")
add_library(simdjson::simdjson ALIAS simdjson_archive)

# Both are libraries of Debian, but whole in their headers too.
add_library(fmt::fmt INTERFACE IMPORTED GLOBAL)
target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY=1)
add_library(spdlog::spdlog INTERFACE IMPORTED GLOBAL)
target_compile_definitions(spdlog::spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
target_link_libraries(spdlog::spdlog INTERFACE fmt::fmt)
add_library(PkgConfig::tomlplusplus INTERFACE IMPORTED GLOBAL)

set(OPENSSL_USE_STATIC_LIBS ON)
set(ZLIB_USE_STATIC_LIBS ON)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_library(ASSAY_ZSTD_ARCHIVE NAMES libzstd.a REQUIRED)
add_library(PkgConfig::zstd STATIC IMPORTED GLOBAL)
set_target_properties(PkgConfig::zstd PROPERTIES IMPORTED_LOCATION "${ASSAY_ZSTD_ARCHIVE}")

# Nothing is exported but the module's entry. libgcc_s stays shared: every Linux has it, and the archive of GCC 12
# asks for glibc 2.35.
function(assay_make_portable target)
  set(exports "${PROJECT_BINARY_DIR}/${target}.exports")
  file(WRITE "${exports}" "{ global: PyInit_${target}; local: *; };\n")
  target_link_options(${target} PRIVATE -static-libstdc++ "LINKER:--version-script=${exports}" LINKER:--gc-sections)
endfunction()

# The terms of all that is linked in, for the folder `licenses` of the wheel.
function(assay_install_terms destination)
  install(FILES "${ASSAY_SIMDJSON_SOURCE}/LICENSE" DESTINATION "${destination}" RENAME simdjson.txt COMPONENT python)
  file(GLOB nanobind_license "${nanobind_DIR}/../../nanobind-*.dist-info/licenses/LICENSE")
  install(FILES ${nanobind_license} DESTINATION "${destination}" RENAME nanobind.txt COMPONENT python)
  foreach(package libfmt-dev libspdlog-dev libssl-dev libstdc++-12-dev libtomlplusplus-dev libzstd-dev
                  nlohmann-json3-dev zlib1g-dev)
    set(terms "/usr/share/doc/${package}/copyright")
    if(EXISTS "${terms}")
      install(FILES "${terms}" DESTINATION "${destination}" RENAME "${package}.txt" COMPONENT python)
    else()
      message(STATUS "No ${terms}: add the terms of ${package} before you pass on the wheel")
    endif()
  endforeach()
endfunction()

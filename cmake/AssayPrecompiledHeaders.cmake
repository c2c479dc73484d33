# The headers of the standard library, fmt and GoogleTest that most sources include, parsed once in the sanitizers' presets,
# where that takes half a second off each object. Nothing of the project's own is among them. The other presets build without:
# there a missing include is an error, and g++ 12 knows which warnings come from inside the standard library.

option(ASSAY_PRECOMPILED_HEADERS "Precompile the common headers" OFF)

set(assay_common_headers
    <algorithm> <array> <chrono> <cstddef> <cstdint> <expected> <filesystem> <functional> <map> <memory> <mutex> <optional>
    <span> <stop_token> <string> <string_view> <thread> <utility> <vector> <fmt/format.h>)

# A target that owns one precompiled header; its only source is empty.
function(assay_precompiled_headers_target name)
  cmake_parse_arguments(PARSE_ARGV 1 headers "" "" "HEADERS;LIBRARIES;OPTIONS")
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/${name}.cc" CONTENT "")
  add_library(${name} OBJECT "${PROJECT_BINARY_DIR}/${name}.cc")
  target_link_libraries(${name} PRIVATE assay_options ${headers_LIBRARIES})
  target_compile_options(${name} PRIVATE ${headers_OPTIONS})
  target_precompile_headers(${name} PRIVATE ${headers_HEADERS})
endfunction()

if(ASSAY_PRECOMPILED_HEADERS)
  assay_precompiled_headers_target(assay_module_headers HEADERS ${assay_common_headers} LIBRARIES fmt::fmt)
  if(ASSAY_BUILD_TESTS)
    # A test is a program, and g++ takes only headers that were compiled for one.
    assay_precompiled_headers_target(
      assay_test_headers HEADERS ${assay_common_headers} <gtest/gtest.h> LIBRARIES fmt::fmt GTest::gtest OPTIONS -fPIE)
    set_target_properties(assay_test_headers PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  endif()
endif()

function(assay_use_precompiled_headers target headers)
  if(ASSAY_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} REUSE_FROM ${headers})
  endif()
endfunction()

# assay_module(): declares one folder of src/ as a module, and holds the layering rules.
#
#   assay_module(tables
#     RANK 3
#     DEPENDS core files            # modules whose headers it may include: of a lower rank, all of them
#     OWNS "parquet/**"             # header patterns of outside libraries that only this module includes
#     LIBRARIES Arrow::parquet      # what the owned headers need to link
#     SOURCES leaf_scan.cc
#     ALONE scan_avx2.cc            # sources and tests that are compiled on their own, not in a batch with others
#     HEADERS leaf_scan.h           # public headers: each must compile alone
#     TESTS leaf_scan_test.cc
#     TESTING testing/fake.cc       # fakes and conformance suites, in a library that only tests link
#     TESTING_HEADERS testing/fake.h
#     TEST_DEPENDS files)           # further modules whose testing/ libraries the tests use
#
# Sources are compiled in batches, several as one (the presets' CMAKE_UNITY_BUILD), tests likewise: the names in the unnamed
# namespaces of a module's sources differ, and so do those of its tests.
#
# A dependency whose rank is not lower stops the configuration. The declarations are written to
# modules.json in the build folder, where tools/check_layers.py holds every #include against them.

set_property(GLOBAL PROPERTY ASSAY_MODULES "")

function(assay_json_list result)
  set(items "")
  foreach(item IN LISTS ARGN)
    list(APPEND items "\"${item}\"")
  endforeach()
  list(JOIN items ", " joined)
  set(${result} "[${joined}]" PARENT_SCOPE)
endfunction()

function(assay_module name)
  cmake_parse_arguments(
    PARSE_ARGV 1 module "" "RANK"
    "DEPENDS;OWNS;LIBRARIES;SOURCES;ALONE;HEADERS;TESTS;TESTING;TESTING_HEADERS;TEST_DEPENDS")
  if(module_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "assay_module(${name}): unknown arguments: ${module_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT DEFINED module_RANK)
    message(FATAL_ERROR "assay_module(${name}): RANK is missing")
  endif()
  foreach(dependency IN LISTS module_DEPENDS)
    get_property(rank GLOBAL PROPERTY ASSAY_RANK_${dependency})
    if("${rank}" STREQUAL "")
      message(FATAL_ERROR "assay_module(${name}): depends on '${dependency}', which is not declared before it")
    endif()
    if(NOT rank LESS module_RANK)
      message(FATAL_ERROR "assay_module(${name}): rank ${module_RANK} depends on '${dependency}' of rank ${rank}; "
                          "ranks must fall along every edge")
    endif()
  endforeach()
  set_property(GLOBAL PROPERTY ASSAY_RANK_${name} ${module_RANK})
  set_property(GLOBAL APPEND PROPERTY ASSAY_MODULES ${name})

  set_source_files_properties(${module_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)

  list(TRANSFORM module_DEPENDS PREPEND assay_ OUTPUT_VARIABLE links)
  add_library(assay_${name} STATIC)
  add_library(assay::${name} ALIAS assay_${name})
  target_sources(assay_${name} PRIVATE ${module_SOURCES})
  target_sources(assay_${name} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/src" FILES ${module_HEADERS})
  target_include_directories(assay_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(assay_${name} PUBLIC ${links} PRIVATE assay_options fmt::fmt ${module_LIBRARIES} Threads::Threads)
  set_target_properties(assay_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)

  if(ASSAY_BUILD_TESTS)
    set(test_links "")
    foreach(dependency IN LISTS module_TEST_DEPENDS)
      list(APPEND test_links assay_${dependency})
      if(TARGET assay_${dependency}_testing)
        list(APPEND test_links assay_${dependency}_testing)
      endif()
    endforeach()
    if(module_TESTING)
      add_library(assay_${name}_testing STATIC ${module_TESTING})
      target_link_libraries(assay_${name}_testing PUBLIC assay_${name} ${test_links} GTest::gtest
                                                  PRIVATE assay_options fmt::fmt)
      list(APPEND test_links assay_${name}_testing)
    endif()
    if(module_TESTS)
      add_executable(assay_${name}_test ${module_TESTS})
      target_link_libraries(assay_${name}_test PRIVATE assay_${name} ${test_links} assay_options fmt::fmt
                                                       GTest::gtest GTest::gtest_main)
      include(GoogleTest)
      # One label, no list: discovered before a test run, a list would swallow the properties after it.
      gtest_discover_tests(assay_${name}_test TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST PROPERTIES LABELS unit)
    endif()
  endif()

  assay_json_list(depends ${module_DEPENDS})
  assay_json_list(owns ${module_OWNS})
  assay_json_list(headers ${module_HEADERS})
  assay_json_list(test_depends ${module_TEST_DEPENDS})
  set_property(
    GLOBAL APPEND_STRING PROPERTY ASSAY_MODULES_JSON
    "  {\"name\": \"${name}\", \"rank\": ${module_RANK}, \"depends\": ${depends}, \"owns\": ${owns}, \"headers\": ${headers}, \"test_depends\": ${test_depends}},\n")
endfunction()

# Writes modules.json; call once, after the last module.
function(assay_finish_modules)
  get_property(rows GLOBAL PROPERTY ASSAY_MODULES_JSON)
  string(REGEX REPLACE ",\n$" "\n" rows "${rows}")
  file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/modules.json" CONTENT "[\n@rows@]\n" @ONLY)
endfunction()

# FindArrowParquet: the Arrow and Parquet libraries as targets Arrow::arrow and Arrow::parquet.
#
# Looks in Arrow_ROOT (a prefix with include/ and lib/, or an unpacked pyarrow wheel), by default
# in the wheel that `./dev setup` unpacks. Sets ArrowParquet_FOUND, Arrow_LIBRARY_DIR and
# Arrow_S3_LIBRARY (the S3 file system, loaded on use and never linked; may be absent).

set(Arrow_ROOT "${PROJECT_SOURCE_DIR}/.deps/wheels/pyarrow" CACHE PATH "Where Arrow is: a prefix or an unpacked wheel")

find_path(Arrow_INCLUDE_DIR arrow/api.h HINTS "${Arrow_ROOT}/pyarrow/include" "${Arrow_ROOT}/include")
foreach(library arrow parquet arrow_s3)
  file(GLOB candidates "${Arrow_ROOT}/pyarrow/lib${library}.so.[0-9]*" "${Arrow_ROOT}/lib/lib${library}.so"
       "${Arrow_ROOT}/lib/*/lib${library}.so")
  list(SORT candidates)
  if(candidates)
    list(GET candidates 0 found)
    set(Arrow_${library}_FILE "${found}" CACHE FILEPATH "lib${library}" FORCE)
  else()
    find_library(Arrow_${library}_FILE NAMES ${library})
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  ArrowParquet
  REQUIRED_VARS Arrow_arrow_FILE Arrow_parquet_FILE Arrow_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "Run ./dev setup, which unpacks the pinned wheel into .deps/, or pass -DArrow_ROOT=PREFIX.")

if(ArrowParquet_FOUND AND NOT TARGET Arrow::arrow)
  get_filename_component(Arrow_LIBRARY_DIR "${Arrow_arrow_FILE}" DIRECTORY)
  set(Arrow_S3_LIBRARY "${Arrow_arrow_s3_FILE}")
  foreach(library arrow parquet)
    add_library(Arrow::${library} SHARED IMPORTED)
    set_target_properties(
      Arrow::${library} PROPERTIES IMPORTED_LOCATION "${Arrow_${library}_FILE}"
                                   INTERFACE_INCLUDE_DIRECTORIES "${Arrow_INCLUDE_DIR}")
  endforeach()
  set_property(TARGET Arrow::parquet PROPERTY INTERFACE_LINK_LIBRARIES Arrow::arrow)
endif()
mark_as_advanced(Arrow_INCLUDE_DIR Arrow_arrow_FILE Arrow_parquet_FILE Arrow_arrow_s3_FILE)

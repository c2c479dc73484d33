# FindOpenVINORuntime: the inference engine as the target OpenVINO::runtime.
#
# Looks in OpenVINO_ROOT (a prefix, or an unpacked openvino wheel), by default in the wheel that
# `./dev setup` unpacks. Sets OpenVINORuntime_FOUND, OpenVINO_LIBRARY_DIR and OpenVINO_RUNTIME_FILES:
# what must lie together in one folder for the engine to run models on the CPU.

set(OpenVINO_ROOT "${PROJECT_SOURCE_DIR}/.deps/wheels/openvino"
    CACHE PATH "Where OpenVINO is: a prefix or an unpacked wheel")

find_path(OpenVINO_INCLUDE_DIR openvino/runtime/core.hpp
          HINTS "${OpenVINO_ROOT}/openvino/include" "${OpenVINO_ROOT}/include" "${OpenVINO_ROOT}/runtime/include")
file(GLOB candidates "${OpenVINO_ROOT}/openvino/libs/libopenvino.so.[0-9]*" "${OpenVINO_ROOT}/lib/libopenvino.so"
     "${OpenVINO_ROOT}/lib/*/libopenvino.so" "${OpenVINO_ROOT}/runtime/lib/*/libopenvino.so")
list(SORT candidates)
if(candidates)
  list(GET candidates 0 found)
  set(OpenVINO_LIBRARY "${found}" CACHE FILEPATH "libopenvino" FORCE)
else()
  find_library(OpenVINO_LIBRARY NAMES openvino)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  OpenVINORuntime
  REQUIRED_VARS OpenVINO_LIBRARY OpenVINO_INCLUDE_DIR
  REASON_FAILURE_MESSAGE
    "Run ./dev setup, which unpacks the pinned wheel into .deps/, or pass -DOpenVINO_ROOT=PREFIX.")

if(OpenVINORuntime_FOUND AND NOT TARGET OpenVINO::runtime)
  get_filename_component(OpenVINO_LIBRARY_DIR "${OpenVINO_LIBRARY}" DIRECTORY)
  # The engine opens its CPU plugin, and what reads graphs in its own files and in ONNX's form, by name, from the folder it lies in itself.
  file(GLOB OpenVINO_RUNTIME_FILES "${OpenVINO_LIBRARY}" "${OpenVINO_LIBRARY_DIR}/libtbb.so.[0-9]*"
       "${OpenVINO_LIBRARY_DIR}/libopenvino_intel_cpu_plugin.so"
       "${OpenVINO_LIBRARY_DIR}/libopenvino_ir_frontend.so.[0-9]*"
       "${OpenVINO_LIBRARY_DIR}/libopenvino_onnx_frontend.so.[0-9]*")
  add_library(OpenVINO::runtime SHARED IMPORTED)
  set_target_properties(
    OpenVINO::runtime PROPERTIES IMPORTED_LOCATION "${OpenVINO_LIBRARY}"
                                 INTERFACE_INCLUDE_DIRECTORIES "${OpenVINO_INCLUDE_DIR}")
endif()
mark_as_advanced(OpenVINO_INCLUDE_DIR OpenVINO_LIBRARY)

# Warnings, sanitizers and the compiler cache, for every target of the project.

find_program(ASSAY_CCACHE ccache)
if(ASSAY_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # By these all checkouts of a machine share what was compiled, wherever they lie. CCACHE_DEPEND=1 would spare a first build a
  # tenth, but batches name their sources by whole paths, and only by what is preprocessed are those of another checkout alike.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${ASSAY_CCACHE}")
endif()

set(ASSAY_SANITIZE "" CACHE STRING "Sanitizers to build with: empty, address or thread")

add_library(assay_options INTERFACE)
target_compile_options(
  assay_options
  INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
            -Wnull-dereference
            $<$<CXX_COMPILER_ID:GNU>:-Wduplicated-cond>
            $<$<CXX_COMPILER_ID:GNU>:-Wlogical-op>)
# What is shipped names its sources as the repository does, not by a folder of the machine that built it.
target_compile_options(assay_options INTERFACE "$<$<CONFIG:Release>:-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=>")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # At -O3 its -Wrestrict sees overlaps in std::string's own code (GCC bug 105651), and its
  # -Wmaybe-uninitialized the inside of std::function and std::expected.
  target_compile_options(assay_options INTERFACE -Wno-restrict $<$<CONFIG:Release>:-Wno-maybe-uninitialized>)
endif()
# DT_RPATH, not DT_RUNPATH: only the former also serves the libraries' own dependencies, and what is loaded by name through
# the address sanitizer, which stands between the program and dlopen().
target_link_options(assay_options INTERFACE LINKER:--disable-new-dtags)
if(ASSAY_WERROR)
  target_compile_options(assay_options INTERFACE -Werror)
endif()
if(ASSAY_SANITIZE STREQUAL "address")
  target_compile_options(assay_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                                                 -fno-omit-frame-pointer)
  # The address sanitizer stops at these too (a null pointer, bytes beyond an object), and no class is cast to one
  # derived from it: without them a build takes an eighth less time.
  target_compile_options(assay_options INTERFACE -fno-sanitize=null,object-size,vptr)
  # What is undefined stops the program by an illegal instruction, whose line the address sanitizer shows
  # (ASAN_OPTIONS=handle_sigill=1): a text and a place for each check are 70 MB of the program's data, which the search for
  # leaks reads at the end of each of some thousand processes.
  target_compile_options(assay_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fsanitize-undefined-trap-on-error>)
  target_compile_definitions(assay_options INTERFACE _GLIBCXX_ASSERTIONS)
  # At a fixed address a program need not write its million addresses anew at each start.
  target_link_options(assay_options INTERFACE -fsanitize=address,undefined
                                              $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-no-pie>)
  # g++ 12 reports false positives of these two under the sanitizers' instrumentation.
  target_compile_options(assay_options INTERFACE -Wno-null-dereference
                                                 $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
elseif(ASSAY_SANITIZE STREQUAL "thread")
  target_compile_options(assay_options INTERFACE -fsanitize=thread -fno-omit-frame-pointer
                                                 -Wno-null-dereference -Wno-tsan)
  target_link_options(assay_options INTERFACE -fsanitize=thread)
endif()

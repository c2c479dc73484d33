/// \file
/// The one function of a fuzz target. libFuzzer calls it by its own name, one program a target;
/// replay_main.cc has all targets in one program and calls each by its name.

#pragma once

#include <cstddef>
#include <cstdint>

/// Heads the function that takes `data` and `size` and returns 0.
#ifdef ASSAY_FUZZ_TARGETS
#define FUZZ_TARGET(name) \
  extern "C" int fuzz_target_##name(const std::uint8_t* data, std::size_t size)
#else
#define FUZZ_TARGET(name) \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
#endif

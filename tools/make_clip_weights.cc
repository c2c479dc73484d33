/// \file
/// make_clip_weights OUTPUT [SEED]: write a ViT-B/32 image tower of random weights as safetensors.

#include "models/testing/clip_weights.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <ios>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fputs("usage: make_clip_weights OUTPUT [SEED]\n", stderr);
    return 2;
  }
  const auto seed =
      argc == 3 ? static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10)) : std::uint32_t{7};
  const std::string file = assay::models::testing::make_clip_weights({}, seed);
  std::ofstream output(argv[1], std::ios::binary);
  output.write(file.data(), static_cast<std::streamsize>(file.size()));
  output.close();
  if (!output) {
    std::fprintf(stderr, "make_clip_weights: cannot write %s\n", argv[1]);
    return 1;
  }
  return 0;
}

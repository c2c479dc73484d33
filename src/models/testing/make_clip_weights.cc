/// \file
/// make_clip_weights OUTPUT: write the ViT-B/32 image tower of random weights that the reference
/// embeddings belong to, unless the file is there and whole.

#include "core/bytes.h"
#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "models/testing/clip_weights.h"

#include <cstdio>
#include <filesystem>
#include <string>

namespace {

using assay::models::testing::kClip7Digest;

bool is_whole(const std::filesystem::path& path) {
  auto& file_system = assay::files::posix_file_system();
  const auto content = assay::files::read_file(file_system, path, assay::ByteCount(1U << 29U));
  return content && assay::crypto::sha256(*content).to_hex() == kClip7Digest;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: make_clip_weights OUTPUT\n", stderr);
    return 2;
  }
  const std::filesystem::path target = argv[1];
  if (is_whole(target)) return 0;
  const std::string file = assay::models::testing::make_clip_weights({}, 7);
  if (assay::crypto::sha256(file).to_hex() != kClip7Digest) {
    std::fputs("make_clip_weights: the numbers drawn are not those of the reference\n", stderr);
    return 1;
  }
  const auto written = assay::files::write_file(assay::files::posix_file_system(), target, file);
  if (!written) {
    std::fprintf(stderr, "make_clip_weights: %s\n", written.error().message.c_str());
    return 1;
  }
  return 0;
}

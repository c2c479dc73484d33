/// \file
/// Feeds every file of a folder to a fuzz target, each also cut short and with bits flipped, so
/// that the corpus is a plain test where there is no fuzzer.
///
///   fuzz_replay TARGET FOLDER

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

// ASSAY_FUZZ_TARGETS, by the build: X(NAME) for each target.
#define X(name) extern "C" int fuzz_target_##name(const std::uint8_t* data, std::size_t size);
ASSAY_FUZZ_TARGETS
#undef X

namespace {

using Function = int (*)(const std::uint8_t*, std::size_t);

struct Target {
  std::string_view name;
  Function function;
};

constexpr auto kTargets = std::to_array<Target>({
#define X(name) {#name, fuzz_target_##name},
    ASSAY_FUZZ_TARGETS
#undef X
});

void feed(Function function, const std::string& bytes) {
  function(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

void feed_with_damage(Function function, const std::string& bytes) {
  constexpr std::size_t kDamagedCopies = 64;
  feed(function, bytes);
  if (bytes.empty()) return;
  for (std::size_t i = 0; i < kDamagedCopies; ++i) {
    const std::size_t position = i * bytes.size() / kDamagedCopies;
    feed(function, bytes.substr(0, position));
    std::string flipped = bytes;
    flipped[position] = static_cast<char>(flipped[position] ^ (1 << (i % 8)));
    feed(function, flipped);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: fuzz_replay TARGET FOLDER\n", stderr);
    return 2;
  }
  const auto* const target = std::ranges::find(kTargets, std::string_view(argv[1]), &Target::name);
  if (target == kTargets.end()) {
    std::fprintf(stderr, "fuzz_replay: no target is called '%s'\n", argv[1]);
    return 2;
  }
  std::size_t num_seeds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[2])) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    feed_with_damage(target->function, content.str());
    ++num_seeds;
  }
  std::printf("%zu seeds\n", num_seeds);
  return num_seeds > 0 ? 0 : 1;
}

/// \file
/// Feeds every file of the given folders to a fuzz target, each also cut short and with bits
/// flipped, so that the corpus is a plain test where there is no fuzzer.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void feed(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

void feed_with_damage(const std::string& bytes) {
  constexpr std::size_t kDamagedCopies = 64;
  feed(bytes);
  if (bytes.empty()) return;
  for (std::size_t i = 0; i < kDamagedCopies; ++i) {
    const std::size_t position = i * bytes.size() / kDamagedCopies;
    feed(bytes.substr(0, position));
    std::string flipped = bytes;
    flipped[position] = static_cast<char>(flipped[position] ^ (1 << (i % 8)));
    feed(flipped);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t num_seeds = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      std::ifstream file(entry.path(), std::ios::binary);
      std::ostringstream content;
      content << file.rdbuf();
      feed_with_damage(content.str());
      ++num_seeds;
    }
  }
  std::printf("%zu seeds\n", num_seeds);
  return num_seeds > 0 ? 0 : 1;
}

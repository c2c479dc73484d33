/// \file
/// Fuzzes the opening of an embedding store: whatever lies in its slots, what was found once is
/// found again, also behind a vector that was added.
///
/// Input: slots, each of a byte of flags (1: its checksum is wrong, 2: the file ends within it), a
/// byte for its kind, one for the image, one for the variant, and one for the length of what
/// follows the key; then that many bytes. Headers and checksums are made here: no fuzzer finds
/// those.

#include "core/bytes.h"
#include "core/check.h"
#include "core/crc32c.h"
#include "core/random.h"
#include "embedding_store/embedding_store.h"
#include "embedding_store/little_endian.h"
#include "files/testing/simulated_file_system.h"
#include "fuzz_target.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz_embedding_store {
namespace {

using assay::Sha256;
using assay::embedding_store::append_u32;
using assay::embedding_store::EmbeddingKey;
using assay::embedding_store::EmbeddingStore;

constexpr std::size_t kDimension = 512;
constexpr std::size_t kKeySize = 64;
constexpr std::size_t kPayloadSize = kKeySize + (kDimension * sizeof(float));
constexpr std::string_view kPath = "/store/vectors-512.store";

Sha256 digest_of(std::uint8_t byte) {
  Sha256::Bytes bytes{};
  bytes.back() = static_cast<std::byte>(byte);
  return Sha256(bytes);
}

std::string header() {
  std::string bytes = "ASSAYVEC";
  append_u32(bytes, 1);
  append_u32(bytes, kPayloadSize);
  bytes.append(16 + 28, '\1');
  std::fill(bytes.begin() + 32, bytes.end(), '\0');
  append_u32(bytes, assay::crc32c(assay::as_bytes(bytes)));
  return bytes;
}

std::string slots_of(std::span<const std::uint8_t> input) {
  std::string bytes;
  while (input.size() >= 5) {
    std::string slot;
    append_u32(slot, input[1]);
    for (const std::uint8_t part : {input[2], input[3]}) {
      slot += assay::as_text(digest_of(part).bytes());
    }
    const std::size_t length = std::min<std::size_t>(input[4], input.size() - 5);
    slot += assay::as_text(std::as_bytes(input.subspan(5, length)));
    slot.resize(4 + kPayloadSize);
    const std::uint32_t sum = assay::crc32c(assay::as_bytes(slot)) ^ (input[0] & 1U);
    append_u32(bytes, sum);
    bytes += slot;
    if ((input[0] & 2U) != 0) bytes.resize(bytes.size() - 100);
    input = input.subspan(5 + length);
  }
  return bytes;
}

std::vector<EmbeddingKey> keys_of(EmbeddingStore& store) {
  std::vector<EmbeddingKey> keys;
  const auto read =
      store.for_each([&](const EmbeddingKey& key, std::span<const float> vector) -> assay::Status {
        CHECK(vector.size() == kDimension, "a vector is whole");
        CHECK(store.contains(key), "what is listed is there");
        keys.push_back(key);
        return {};
      });
  CHECK(read.has_value(), "memory can be read");
  std::ranges::sort(keys);
  return keys;
}

std::unique_ptr<EmbeddingStore> open_store(assay::files::FileSystem& file_system,
                                           assay::RandomSource& random) {
  auto store = EmbeddingStore::open(file_system, "/store", random, {.dimension = kDimension});
  CHECK(store.has_value(), "a store with a sound header opens");
  return std::move(*store);
}

}  // namespace

FUZZ_TARGET(embedding_store) {
  if (size > 2000) return 0;  // some hundred slots
  assay::files::testing::SimulatedFileSystem file_system;
  assay::SeededRandom random(1);
  CHECK(file_system.create_folders("/store").has_value(), "a folder in memory can be made");
  {
    auto file = file_system.open(kPath, assay::files::OpenMode::kAppend);
    CHECK(file.has_value(), "a file in memory can be made");
    const std::string bytes = header() + slots_of(std::span(data, size));
    CHECK((*file)->append(assay::as_bytes(bytes)).has_value(), "and written");
  }
  std::vector<EmbeddingKey> expected;
  {
    const auto store = open_store(file_system, random);
    expected = keys_of(*store);
    const auto verified = store->verify();
    CHECK(verified.has_value() && verified->num_embeddings == expected.size(),
          "what is verified is what is found");
    const Sha256 variant = store->add_variant({.model = digest_of(1),
                                               .activation = "gelu",
                                               .preprocessing = "clip-224",
                                               .precision = "fp32"});
    const EmbeddingKey added{.content = digest_of(0), .variant = variant};
    const auto put = store->put(std::vector<assay::embedding_store::Embedding>{
        {.key = added, .vector = std::vector<float>(kDimension, 1)}});
    CHECK(put.has_value(), "there is space");
    if (put->num_written == 1) expected.push_back(added);
    std::ranges::sort(expected);
  }
  const auto store = open_store(file_system, random);
  CHECK(keys_of(*store) == expected, "opening a store loses nothing");
  const auto report = store->gc([](const EmbeddingKey& /*key*/) { return true; });
  CHECK(report.has_value() && keys_of(*store) == expected, "nor does throwing away nothing");
  return 0;
}

}  // namespace fuzz_embedding_store

/// \file
/// The embedding store: appending batches of 16, opening by reading and by the index, finding
/// vectors, and finding images of a known archive.

#include "embedding_store/embedding_store.h"

#include "core/random.h"
#include "crypto/digest.h"
#include "embedding_store/known_images.h"
#include "files/testing/temporary_folder.h"
#include "require.h"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace assay;
using bench::require;

/// Beside the time by the wall that of the processor, which a busy machine does not stretch.
struct Times {
  double wall = 0;
  double processor = 0;
};

template <typename Body>
Times seconds_of(const Body& body) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t processor_start = std::clock();
  body();
  return {.wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
          .processor = static_cast<double>(std::clock() - processor_start) / CLOCKS_PER_SEC};
}

std::unique_ptr<embedding_store::EmbeddingStore> open_store(
    const std::filesystem::path& folder, embedding_store::EmbeddingStoreOptions::Index index) {
  return require(embedding_store::EmbeddingStore::open(files::posix_file_system(), folder,
                                                       system_random(), {.index = index}));
}

}  // namespace

// Arguments: vectors (200000).
int main(int argc, char** argv) {
  using Index = embedding_store::EmbeddingStoreOptions::Index;
  const std::span arguments(argv, static_cast<std::size_t>(argc));
  const std::size_t num_vectors = arguments.size() > 1 ? std::stoul(arguments[1]) : 200'000;
  const files::testing::TemporaryFolder folder;
  std::unique_ptr<embedding_store::EmbeddingStore> store = open_store(folder.path(), Index::kNone);
  const Sha256 variant = store->add_variant({.model = crypto::sha256("weights"),
                                             .activation = "gelu",
                                             .preprocessing = "clip-224",
                                             .precision = "fp32"});
  std::vector<embedding_store::Embedding> embeddings;
  std::vector<std::string> entries;
  for (std::size_t i = 0; i < num_vectors; ++i) {
    entries.push_back(fmt::format("faces/20250705_{:06}_stage1_generated.png", i));
    embeddings.push_back({.key = {.content = crypto::sha256(entries.back()), .variant = variant},
                          .vector = std::vector<float>(512, static_cast<float>(i))});
  }
  constexpr std::size_t kBatch = 16;
  constexpr std::size_t kNumBatches = 64;
  const auto rest = std::span(embeddings).subspan(kBatch * kNumBatches);
  const Times appending = seconds_of([&] {
    for (std::size_t i = 0; i < kNumBatches; ++i) {
      require(store->put(std::span(embeddings).subspan(i * kBatch, kBatch)));
    }
  });
  fmt::print("append a batch of {}: {:.3f} ms ({:.3f} ms of processor)\n", kBatch,
             appending.wall / kNumBatches * 1e3, appending.processor / kNumBatches * 1e3);
  const Times writing = seconds_of([&] { require(store->put(rest)); });
  fmt::print("append {} at once: {:.3f} s ({:.3f} s)\n", rest.size(), writing.wall,
             writing.processor);
  store.reset();

  const double gigabytes = static_cast<double>(num_vectors) * 2120 / 1e9;
  const Times scan = seconds_of([&] { store = open_store(folder.path(), Index::kNone); });
  fmt::print("open by reading: {:.3f} s ({:.3f} s), {:.2f} GB/s ({:.2f} GB/s)\n", scan.wall,
             scan.processor, gigabytes / scan.wall, gigabytes / scan.processor);
  store = open_store(folder.path(), Index::kSqlite);
  const Times indexed = seconds_of([&] { store = open_store(folder.path(), Index::kSqlite); });
  fmt::print("open by the index: {:.3f} s ({:.3f} s)\n", indexed.wall, indexed.processor);
  const Times finding = seconds_of([&] {
    for (const auto& embedding : embeddings) {
      if (!require(store->find(embedding.key))) std::exit(1);
    }
  });
  const auto count = static_cast<double>(num_vectors);
  fmt::print("find: {:.0f} vectors/s ({:.0f})\n", count / finding.wall, count / finding.processor);

  auto known = require(embedding_store::KnownImages::open(files::posix_file_system(), folder.path(),
                                                          system_random()));
  const Sha256 archive = crypto::sha256("archive");
  std::vector<embedding_store::NewKnownImage> images;
  for (std::size_t i = 0; i < num_vectors; ++i) {
    images.push_back({.place = {.archive = archive, .entry = entries[i], .crc32 = 7},
                      .image = {.content = embeddings[i].key.content, .width = 1, .height = 1}});
  }
  require(known->add(images));
  const Times known_finding = seconds_of([&] {
    for (const auto& image : images) {
      const auto found = known->find(image.place);
      if (!found || !require(store->find({.content = found->content, .variant = variant}))) {
        std::exit(1);
      }
    }
  });
  fmt::print("known image to its vector: {:.0f} images/s ({:.0f})\n", count / known_finding.wall,
             count / known_finding.processor);
  return 0;
}

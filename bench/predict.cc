/// \file
/// What the predict desk's work is made of, each part alone:
///
///   bench_predict stages ARCHIVE CLIP ROOT PRECISION WORKERS    one stage after the other
///   bench_predict reuse  ARCHIVE ROOT WORKERS                    images that the store knows
///   bench_predict load   CLIP PRECISION                          loading the tower, and its memory
///   bench_predict heads  ROOT                                    both heads, microseconds an image
///   bench_predict group  NAMES                                  the grouping of a list of names
///   bench_predict open   ARCHIVE                                opening an archive
///
/// Each prints one JSON object. Times of stages are milliseconds an image: of the processor, which
/// a busy machine does not stretch, and by the clock times the number of workers.

#include "archives/entry_source.h"
#include "core/check.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/sha256.h"
#include "crypto/digest.h"
#include "embedding/sample_crops.h"
#include "embedding_store/embedding_store.h"
#include "embedding_store/known_images.h"
#include "files/byte_source.h"
#include "files/file_system.h"
#include "grouping/grouping.h"
#include "grouping/image_name.h"
#include "images/decode.h"
#include "images/resize.h"
#include "models/checkpoint.h"
#include "models/clip_image.h"
#include "models/mlp_head.h"
#include "predict/data_tree.h"
#include "predict/plan.h"
#include "predict/project_run.h"
#include "require.h"

#include <fmt/format.h>

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace assay;
using bench::require;

constexpr std::size_t kBatch = 16;
constexpr std::uint32_t kSide = 224;
constexpr std::uint32_t kDimension = 512;
constexpr std::size_t kCropSize = std::size_t{kSide} * kSide * images::kNumChannels;

std::unique_ptr<archives::EntrySource> open_archive(const char* path) {
  return require(
      archives::open_entry_source(files::posix_file_system(), path,
                                  {.extensions = grouping::image_extensions(), .limits = {}}));
}

double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + (static_cast<double>(time.tv_nsec) / 1e9);
}

double clock_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Cost {
  double wall = 0;
  double processor = 0;
};

Cost measure(const std::function<void()>& work) {
  const double processor = processor_seconds();
  const double wall = clock_seconds();
  work();
  return {.wall = clock_seconds() - wall, .processor = processor_seconds() - processor};
}

/// Everything that stages hand to each other, of some images.
struct Material {
  std::vector<std::vector<std::byte>> encoded;
  std::vector<std::uint8_t> crops;
  std::vector<float> vectors;
};

class StageBench {
 public:
  StageBench(const char* archive, const char* clip, const char* root, const char* precision,
             std::size_t num_workers)
      : source_(open_archive(archive)),
        checkpoint_(require(models::open_checkpoint(
            require(files::open_byte_source(files::posix_file_system(), clip))))),
        encoder_(load_encoder(precision, num_workers)),
        root_(root),
        num_workers_(num_workers) {
    // Enough that no cache holds them, and a whole number of batches for each worker.
    const std::size_t batch = kBatch * num_workers_;
    const std::size_t wanted = std::min<std::size_t>(source_->entries().size(), 8 * batch);
    num_images_ = std::max(batch, wanted / batch * batch);
    CHECK(source_->entries().size() >= num_images_, "an archive of some batches");
    material_.encoded.resize(num_images_);
    material_.crops.resize(num_images_ * kCropSize);
    material_.vectors.resize(num_images_ * encoder_.shape().output_width);
  }

  models::ClipImageEncoder load_encoder(const char* precision, std::size_t num_workers) const {
    models::ClipOptions options{.precision = require(models::parse_precision(precision)),
                                .num_workers = num_workers};
    std::vector<float> block_inputs;
    if (options.precision == models::Precision::kInt8) {
      const auto sample = embedding::sample_crops(std::span(&source_, 1), {});
      block_inputs = require(
          models::ClipImageEncoder::measure_block_inputs(checkpoint_, options, sample.crops));
      options.block_inputs = block_inputs;
    }
    return require(models::ClipImageEncoder::load(checkpoint_, options));
  }

  void run() {
    std::string text = fmt::format(R"({{"precision": "{}", "images": {}, "stages": {{)",
                                   to_string(encoder_.precision()), num_images_);
    std::string_view comma;
    const auto stage = [&](std::string_view name,
                           const std::function<void(std::size_t)>& on_batch) {
      on_batch(0);
      const Cost cost = measure([&] { on_all_workers(on_batch); });
      const double images = static_cast<double>(num_images_) / 1e3;
      text += fmt::format(R"({}"{}": [{:.4f}, {:.4f}])", comma, name, cost.processor / images,
                          cost.wall * static_cast<double>(num_workers_) / images);
      comma = ", ";
    };
    stage("read", [&](std::size_t first) { read(first); });
    stage("hash", [&](std::size_t first) { hash(first); });
    std::vector<images::Image> decoded(num_workers_);
    stage("decode", [&](std::size_t first) { decode(first, 0); });
    stage("decode and resize", [&](std::size_t first) { decode(first, 1); });
    stage("model", [&](std::size_t first) { embed(first); });
    auto store = open_store();
    stage("store", [&](std::size_t first) { put(*store, first); });
    fmt::print("{}}}}}\n", text);
  }

 private:
  std::unique_ptr<embedding_store::EmbeddingStore> open_store() const {
    return require(embedding_store::EmbeddingStore::open(
        files::posix_file_system(), predict::DataTree(root_).store(), system_random(),
        {.dimension = static_cast<std::uint32_t>(encoder_.shape().output_width),
         .lock_patience = embedding_store::EmbeddingStoreOptions().lock_patience,
         .index = embedding_store::EmbeddingStoreOptions::Index::kSqlite}));
  }

  // Each worker takes every so many-th batch.
  void on_all_workers(const std::function<void(std::size_t)>& on_batch) const {
    std::vector<std::jthread> workers;
    for (std::size_t worker = 0; worker < num_workers_; ++worker) {
      workers.emplace_back([&, worker] {
        for (std::size_t first = worker * kBatch; first < num_images_;
             first += num_workers_ * kBatch) {
          on_batch(first);
        }
      });
    }
  }

  void read(std::size_t first) {
    for (std::size_t i = first; i < first + kBatch; ++i) {
      material_.encoded[i].resize(source_->entries()[i].size.count());
      require(source_->read(i, material_.encoded[i]));
    }
  }
  void hash(std::size_t first) {
    for (std::size_t i = first; i < first + kBatch; ++i) crypto::sha256(material_.encoded[i]);
  }
  void decode(std::size_t first, int num_crops) {
    static thread_local images::Decoder decoder;
    for (std::size_t i = first; i < first + kBatch; ++i) {
      auto image = decoder.decode(material_.encoded[i]);
      CHECK(image.has_value(), "an image that can be decoded");
      if (num_crops > 0) {
        images::clip_crop(image->image, kSide,
                          std::span(material_.crops).subspan(i * kCropSize, kCropSize));
      }
      decoder.reuse(std::move(image->image));
    }
  }
  void embed(std::size_t first) {
    const std::size_t width = encoder_.shape().output_width;
    require(
        encoder_.encode(std::span(material_.crops).subspan(first * kCropSize, kBatch * kCropSize),
                        std::span(material_.vectors).subspan(first * width, kBatch * width)));
  }
  void put(embedding_store::EmbeddingStore& store, std::size_t first) {
    const Sha256 id = store.add_variant({.model = Sha256(Sha256::Bytes{}),
                                         .activation = "gelu",
                                         .preprocessing = "clip-224",
                                         .precision = "fp32"});
    std::vector<embedding_store::Embedding> embeddings;
    for (std::size_t i = first; i < first + kBatch; ++i) {
      const auto bytes = std::as_bytes(std::span(&i, 1));
      embeddings.push_back(
          {.key = {.content = crypto::sha256(bytes), .variant = id}, .vector = make_vector(i)});
    }
    require(store.put(embeddings));
  }
  std::vector<float> make_vector(std::size_t seed) const {
    SeededRandom random(seed + 1);
    std::vector<float> vector(encoder_.shape().output_width);
    for (float& value : vector) value = (static_cast<float>(random.below(2001)) / 1000.0F) - 1;
    return vector;
  }

  std::unique_ptr<archives::EntrySource> source_;
  models::Checkpoint checkpoint_;
  models::ClipImageEncoder encoder_;
  std::filesystem::path root_;
  std::size_t num_workers_;
  std::size_t num_images_ = 0;
  Material material_;
};

/// Never called: everything is in the store.
class NoEmbedder final : public embedding::ImageEmbedder {
 public:
  std::uint32_t crop_side() const override { return kSide; }
  std::size_t dimension() const override { return kDimension; }
  std::size_t batch_size() const override { return kBatch; }
  Status embed(std::span<const std::uint8_t> /*crops*/,
               std::span<float> /*vectors*/) const override {
    return internal("an image was not in the store");
  }
};

models::MlpHead load_head(const predict::DataTree& tree, std::string_view name,
                          models::HeadKind kind) {
  const auto path = tree.models() / name;
  auto source = require(files::open_byte_source(files::posix_file_system(), path));
  return require(models::MlpHead::load(require(models::open_checkpoint(std::move(source))), kind));
}

/// A project whose embeddings are all in the store, from its archive to its database.
class ReuseBench {
 public:
  ReuseBench(const char* archive, const char* root, std::size_t num_workers)
      : archive_(archive), tree_(root), num_workers_(num_workers), source_(open_archive(archive)) {
    ranker_.emplace(load_head(tree_, "ranker_v4.pt", models::HeadKind::kRanker));
    crop_.emplace(load_head(tree_, "crop_proposer_v3.pt", models::HeadKind::kCrop));
    store_ = require(embedding_store::EmbeddingStore::open(
        files::posix_file_system(), tree_.store(), system_random(),
        {.dimension = kDimension,
         .lock_patience = embedding_store::EmbeddingStoreOptions().lock_patience,
         .index = embedding_store::EmbeddingStoreOptions::Index::kSqlite}));
    variant_ = store_->add_variant({.model = Sha256(Sha256::Bytes{}),
                                    .activation = "gelu",
                                    .preprocessing = "clip-224",
                                    .precision = "bf16"});
    read_all();
    fill();
  }

  void run() {
    constexpr int kNumRounds = 5;
    std::string text;
    for (int round = 0; round < kNumRounds; ++round) {
      const Cost hashing = measure([&] { hash_all(); });
      std::filesystem::remove(tree_.store() / "known-images.store");
      const Cost unknown = run_project();
      const Cost known = run_project();
      text += fmt::format(
          R"({}{{"hash": [{:.5f}, {:.5f}], "unknown": [{:.5f}, {:.5f}], "known": [{:.5f}, {:.5f}]}})",
          round == 0 ? "" : ", ", hashing.wall, hashing.processor, unknown.wall, unknown.processor,
          known.wall, known.processor);
    }
    fmt::print(R"({{"images": {}, "bytes": {}, "rounds": [{}]}})"
               "\n",
               encoded_.size(), num_bytes_, text);
  }

 private:
  void read_all() {
    const auto entries = source_->entries();
    encoded_.resize(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      encoded_[i].resize(entries[i].size.count());
      CHECK(require(source_->read(i, encoded_[i])) == archives::EntryVerdict::kOk, "a sound entry");
      num_bytes_ += encoded_[i].size();
    }
  }

  void hash_all() {
    std::vector<std::jthread> workers;
    for (std::size_t worker = 0; worker < num_workers_; ++worker) {
      workers.emplace_back([&, worker] {
        for (std::size_t i = worker; i < encoded_.size(); i += num_workers_) {
          crypto::sha256(encoded_[i]);
        }
      });
    }
  }

  void fill() {
    std::vector<embedding_store::Embedding> embeddings;
    SeededRandom random(1);
    for (const std::vector<std::byte>& image : encoded_) {
      const embedding_store::EmbeddingKey key{.content = crypto::sha256(image),
                                              .variant = variant_};
      if (store_->contains(key)) continue;
      std::vector<float> vector(kDimension);
      for (float& value : vector) value = (static_cast<float>(random.below(2001)) / 1000.0F) - 1;
      embeddings.push_back({.key = key, .vector = std::move(vector)});
    }
    require(store_->put(embeddings));
    require(store_->update_index());
  }

  Cost run_project() {
    const auto known = require(embedding_store::KnownImages::open(files::posix_file_system(),
                                                                  tree_.store(), system_random()));
    const NoEmbedder embedder;
    const predict::ProjectTools tools{.file_system = files::posix_file_system(),
                                      .clock = system_clock(),
                                      .store = *store_,
                                      .known = *known,
                                      .embedder = embedder,
                                      .heads = {.ranker = *ranker_, .crop = *crop_},
                                      .variant = variant_};
    predict::ProjectOptions options{.project = "reuse", .source = archive_, .tree = tree_};
    options.embedding.num_workers = num_workers_;
    options.existing = decisions::ExistingResult::kReplace;
    options.run.run_id = "bench";
    return measure([&] {
      const auto report = require(predict::run_project(tools, options, [](const auto&) {}));
      CHECK(report.figures.num_reused == encoded_.size() && report.database,
            "all reused, and a database");
    });
  }

  std::filesystem::path archive_;
  predict::DataTree tree_;
  std::size_t num_workers_;
  std::unique_ptr<archives::EntrySource> source_;
  std::optional<models::MlpHead> ranker_;
  std::optional<models::MlpHead> crop_;
  std::unique_ptr<embedding_store::EmbeddingStore> store_;
  Sha256 variant_{Sha256::Bytes{}};
  std::vector<std::vector<std::byte>> encoded_;
  std::uint64_t num_bytes_ = 0;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void print_median(std::size_t count, const std::function<void()>& work) {
  constexpr int kNumRounds = 9;
  std::vector<double> wall;
  std::vector<double> processor;
  for (int round = 0; round < kNumRounds; ++round) {
    const Cost cost = measure(work);
    wall.push_back(cost.wall);
    processor.push_back(cost.processor);
  }
  fmt::print(R"({{"count": {}, "wall_s": {:.5f}, "least_wall_s": {:.5f}, "cpu_s": {:.5f}}})"
             "\n",
             count, median(wall), *std::ranges::min_element(wall), median(processor));
}

/// A line of the kernel's report on this process, such as VmHWM, in MB.
double memory_mb(std::string_view name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name)) return std::stod(line.substr(name.size() + 1)) / 1e3;
  }
  return 0;
}

void load(const char* clip, const char* precision) {
  const double before = memory_mb("VmRSS");
  std::optional<models::ClipImageEncoder> encoder;
  const Cost cost = measure([&] {
    const auto checkpoint = require(models::open_checkpoint(
        require(files::open_byte_source(files::posix_file_system(), clip))));
    encoder.emplace(require(models::ClipImageEncoder::load(
        checkpoint, {.precision = require(models::parse_precision(precision))})));
  });
  fmt::print(
      R"({{"wall_s": {:.2f}, "cpu_s": {:.2f}, "before_mb": {:.0f}, "peak_mb": {:.0f}, "kept_mb": {:.0f}}})"
      "\n",
      cost.wall, cost.processor, before, memory_mb("VmHWM"), memory_mb("VmRSS"));
}

void time_heads(const char* root) {
  const predict::DataTree tree(root);
  const auto ranker = load_head(tree, "ranker_v4.pt", models::HeadKind::kRanker);
  const auto crop = load_head(tree, "crop_proposer_v3.pt", models::HeadKind::kCrop);
  std::string text;
  for (const std::size_t count : {1U, 3U, 96U}) {
    const std::vector<float> ranked(count * input_width(models::HeadKind::kRanker), 0.5F);
    const std::vector<float> cropped(count * input_width(models::HeadKind::kCrop), 0.5F);
    std::vector<float> scores(count);
    std::vector<float> boxes(count * output_width(models::HeadKind::kCrop));
    const auto microseconds = [&](const models::MlpHead& head, std::span<const float> inputs,
                                  std::span<float> outputs) {
      const std::size_t num_calls = 2000 / count;
      double best = 1e9;
      for (int round = 0; round < 7; ++round) {
        const Cost cost = measure([&] {
          for (std::size_t i = 0; i < num_calls; ++i) head.apply(inputs, outputs);
        });
        best = std::min(best, cost.processor * 1e6 / static_cast<double>(num_calls * count));
      }
      return best;
    };
    text += fmt::format(R"({}"{}": {{"ranker_us": {:.1f}, "crop_us": {:.1f}}})",
                        text.empty() ? "" : ", ", count, microseconds(ranker, ranked, scores),
                        microseconds(crop, cropped, boxes));
  }
  fmt::print("{{{}}}\n", text);
}

void group(const char* path) {
  std::ifstream file(path);
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) names.push_back(line);
  std::size_t num_groups = 0;
  print_median(names.size(), [&] { num_groups = grouping::group_images(names, {}).groups.size(); });
  CHECK(num_groups > 0, "names with groups");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "stages" && argc == 7) {
    StageBench(argv[2], argv[3], argv[4], argv[5], static_cast<std::size_t>(std::atoi(argv[6])))
        .run();
  } else if (what == "reuse" && argc == 5) {
    ReuseBench(argv[2], argv[3], static_cast<std::size_t>(std::atoi(argv[4]))).run();
  } else if (what == "load" && argc == 4) {
    load(argv[2], argv[3]);
  } else if (what == "heads" && argc == 3) {
    time_heads(argv[2]);
  } else if (what == "group" && argc == 3) {
    group(argv[2]);
  } else if (what == "open" && argc == 3) {
    print_median(open_archive(argv[2])->entries().size(), [&] { open_archive(argv[2]); });
  } else {
    fmt::print(
        stderr,
        "usage: bench_predict stages|reuse|load|heads|group|open ...; see the top of the source\n");
    return 2;
  }
  return 0;
}

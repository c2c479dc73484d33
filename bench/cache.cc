/// \file
/// The cache: drawing beside other processes at several sizes, opening, taking images in, evicting;
/// and what listing, looking and reading a sidecar for each draw costs, as the old sampler does.

#include "cache/collect.h"
#include "cache/import.h"
#include "cache/sampler.h"
#include "cache/store.h"
#include "core/clock.h"
#include "core/random.h"
#include "core/thread_pool.h"
#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/resize.h"
#include "json/value.h"
#include "latency.h"
#include "require.h"

#include <fmt/format.h>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace assay;
using bench::require;

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

std::unique_ptr<cache::Store> open_store(const fs::path& folder, ThreadPool& pool) {
  return require(cache::Store::open({.file_system = files::posix_file_system(),
                                     .clock = system_clock(),
                                     .random = system_random(),
                                     .pool = pool},
                                    cache::CacheLayout(folder), {}));
}

/// Items of the index without files: drawing looks at none.
void fill_index(cache::Store& store, std::size_t count) {
  constexpr std::size_t kBatch = 10'000;
  const auto turn = require(store.begin_turn());
  SeededRandom random(count);
  for (std::size_t start = 0; start < count; start += kBatch) {
    std::vector<cache::Item> items;
    for (std::size_t i = start; i < std::min(count, start + kBatch); ++i) {
      Sha256::Bytes content{};
      for (std::byte& byte : content) byte = static_cast<std::byte>(random.next());
      items.push_back({.folder = cache::ItemFolder::kRoadworkImage,
                       .name = fmt::format("photo-{:07}__{:016x}.jpg", i, i * 2654435761U),
                       .stamp = {.size_bytes = 200'000},
                       .state = cache::ItemState::kReady,
                       .label = i % 2 == 0 ? cache::Label::kNone : cache::Label::kRoadwork,
                       .facts = cache::ImageFacts{.size_bytes = 200'000,
                                                  .content = Sha256(content),
                                                  .look = random.next(),
                                                  .format = "jpeg",
                                                  .size = {.width = 1280, .height = 720}},
                       .source = fmt::format("source-{}", i % 7),
                       .added = Timestamp(std::chrono::seconds(i))});
    }
    require(store.put(turn, items));
  }
}

std::vector<double> draw_latencies(const fs::path& folder, int num_draws, std::uint64_t seed) {
  ThreadPool pool({.num_threads = 1});
  SeededRandom random(seed);
  const auto store = require(cache::Store::open({.file_system = files::posix_file_system(),
                                                 .clock = system_clock(),
                                                 .random = random,
                                                 .pool = pool},
                                                cache::CacheLayout(folder), {.draws_often = true}));
  cache::Sampler sampler = require(cache::Sampler::open(*store));
  const cache::DrawOptions options{.label = cache::Label::kRoadwork,
                                   .cool_down = std::chrono::milliseconds(1)};
  static_cast<void>(require(sampler.draw(options)));
  std::vector<double> latencies;
  for (int i = 0; i < num_draws; ++i) {
    const double start = bench::now_us();
    static_cast<void>(require(sampler.draw(options)));
    latencies.push_back(bench::now_us() - start);
  }
  return latencies;
}

/// Four processes at once; all their latencies.
void measure_draws(const fs::path& folder, std::size_t num_items) {
  constexpr int kProcesses = 4;
  constexpr int kDraws = 20'000;
  const fs::path results = folder / "latencies";
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = fork();
    if (child != 0) {
      children.push_back(child);
      continue;
    }
    const auto latencies = draw_latencies(folder, kDraws, static_cast<std::uint64_t>(i));
    const auto file = require(files::posix_file_system().open(
        fs::path(results.native() + std::to_string(i)), files::OpenMode::kAppend));
    require(file->append(std::as_bytes(std::span(latencies))));
    std::_Exit(0);
  }
  for (const pid_t child : children) waitpid(child, nullptr, 0);
  std::vector<double> all;
  for (int i = 0; i < kProcesses; ++i) {
    std::vector<double> part(kDraws);
    const auto file = require(files::posix_file_system().open(
        fs::path(results.native() + std::to_string(i)), files::OpenMode::kRead));
    static_cast<void>(require(file->read_at(0, std::as_writable_bytes(std::span(part)))));
    all.insert(all.end(), part.begin(), part.end());
  }
  const bench::LatencyFigures figures = bench::figures_of(std::move(all), 1, 0);
  fmt::print("draw       {:>9} items, 4 processes  p50 {:.2f} us  p99 {:.2f} us  max {:.0f} us\n",
             num_items, figures.p50_us, figures.p99_us, figures.max_us);
}

void measure_index(std::size_t num_items) {
  const files::testing::TemporaryFolder folder;
  ThreadPool pool({.num_threads = 1});
  {
    const auto store = open_store(folder.path(), pool);
    fill_index(*store, num_items);
  }
  const Times cold = seconds_of([&] {
    const auto store = open_store(folder.path(), pool);
    cache::Sampler sampler = require(cache::Sampler::open(*store));
    static_cast<void>(require(sampler.draw({.label = cache::Label::kNone})));
  });
  fmt::print("cold start {:>9} items  {:.3f} s ({:.3f} s of processor)\n", num_items, cold.wall,
             cold.processor);
  measure_draws(folder.path(), num_items);
}

/// Of files that are not there: what is left is the work beside the unlinks.
void measure_eviction(std::size_t num_items) {
  const files::testing::TemporaryFolder folder;
  ThreadPool pool({.num_threads = 1});
  fill_index(*open_store(folder.path(), pool), num_items);
  const auto store = open_store(folder.path(), pool);
  std::size_t num_left = num_items;
  for (const cache::EvictionOrder order :
       {cache::EvictionOrder::kOldest, cache::EvictionOrder::kLeastUsed,
        cache::EvictionOrder::kRandom}) {
    num_left -= 10'000;
    const Times evicted = seconds_of([&] {
      const auto report = require(
          cache::collect(*store, {.budget = {.max_cache_bytes = ByteCount(200'000 * num_left),
                                             .low_share = 1,
                                             .order = order,
                                             .in_flight = std::chrono::microseconds(0)}}));
      if (report.caches[0].num_evicted != 10'000) std::exit(1);
    });
    fmt::print("evict         10,000 of {} items, {:<10}  {:.3f} s ({:.3f} s of processor)\n",
               num_items, to_string(order), evicted.wall, evicted.processor);
  }
}

/// List, look at each, read the sidecar of a random one, and again until the label fits.
void measure_peer(std::size_t num_items) {
  const files::testing::TemporaryFolder folder;
  for (std::size_t i = 0; i < num_items; ++i) {
    std::ofstream(folder.path() / fmt::format("photo-{:07}.jpg", i)) << "image";
    std::ofstream(folder.path() / fmt::format("photo-{:07}.json", i))
        << fmt::format(R"({{"label": {}, "scene_description": "{}"}})", i % 2, i % 2 ? "x" : "");
  }
  SeededRandom random(1);
  std::vector<double> latencies;
  for (int draw = 0; draw < 10; ++draw) {
    const double start = bench::now_us();
    std::vector<fs::path> images;
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      if (entry.is_regular_file() && entry.path().extension() == ".jpg") {
        images.push_back(entry.path());
      }
    }
    while (true) {
      fs::path path = images[random.below(images.size())];
      const auto text = require(files::read_file(files::posix_file_system(),
                                                 path.replace_extension(".json"), ByteCount(4096)));
      const auto value = require(json::parse(text));
      if (require(value.require_integer("label")) == 1) break;
    }
    latencies.push_back(bench::now_us() - start);
  }
  const bench::LatencyFigures figures = bench::figures_of(std::move(latencies), 1, 0);
  fmt::print("list, look, read the sidecar, retry: {:>9} items  p50 {:.0f} us  max {:.0f} us\n",
             num_items, figures.p50_us, figures.max_us);
}

std::string noisy_jpeg(std::uint64_t seed) {
  SeededRandom random(seed);
  images::Image coarse = images::Image::with_size({.width = 128, .height = 128});
  for (std::uint8_t& sample : coarse.pixels()) {
    sample = static_cast<std::uint8_t>(random.below(256));
  }
  const auto bytes =
      require(images::encode_jpeg(images::resize(coarse, {.width = 1024, .height = 1024})));
  return std::string(as_text(bytes));
}

void measure_ingest(std::size_t count) {
  const files::testing::TemporaryFolder folder;
  fs::create_directories(folder.path() / "photos");
  for (std::size_t i = 0; i < count; ++i) {
    std::ofstream(folder.path() / fmt::format("photos/{:04}.jpg", i)) << noisy_jpeg(i);
  }
  const auto plan = require(cache::plan_import(files::posix_file_system(), folder.path() / "photos",
                                               {.label = cache::Label::kNone}));
  ThreadPool pool({.num_threads = 1});  // the caller works too: two threads
  const Times decode = seconds_of([&] {
    require(parallel_for(pool, plan.files.size(), [&](std::size_t i) -> Status {
      thread_local images::Decoder decoder;
      const auto bytes = require(
          files::read_file(files::posix_file_system(), plan.files[i].path, ByteCount(1U << 26)));
      auto decoded = decoder.decode(as_bytes(bytes));
      if (!decoded) std::exit(1);
      decoder.reuse(std::move(decoded->image));
      return {};
    }));
  });
  const auto store = open_store(folder.path() / "cache", pool);
  const Times ingest = seconds_of([&] {
    const auto report = require(cache::import_files(*store, plan.files, {.min_free_bytes = {}}));
    if (report.count(cache::ImportOutcome::kAdded) != count) std::exit(1);
  });
  const auto rate = [&](double seconds) { return static_cast<double>(count) / seconds; };
  fmt::print("decode only {:.0f} images/s ({:.0f} a second of processor)\n", rate(decode.wall),
             rate(decode.processor));
  fmt::print("import      {:.0f} images/s ({:.0f} a second of processor): {:.0f} % and {:.0f} %\n",
             rate(ingest.wall), rate(ingest.processor), 100 * decode.wall / ingest.wall,
             100 * decode.processor / ingest.processor);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view part = argc > 1 ? argv[1] : "";
  const bool is_short = part == "--short";
  if (part == "--draws") {
    for (const std::size_t num_items : {10'000U, 100'000U, 1'000'000U}) measure_index(num_items);
    return 0;
  }
  if (part == "--eviction") {
    measure_eviction(1'000'000);
    return 0;
  }
  measure_ingest(is_short ? 64 : 512);
  measure_peer(is_short ? 1000 : 10'000);
  for (const std::size_t num_items : {10'000U, 100'000U, 1'000'000U}) {
    if (is_short && num_items > 100'000) break;
    measure_index(num_items);
  }
  if (!is_short) measure_eviction(1'000'000);
  return 0;
}

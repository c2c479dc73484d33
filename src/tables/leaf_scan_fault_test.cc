// Files that are broken on purpose: whatever they claim, reading ends, soon and with an Error or
// with values. The asan suite is where this test has its teeth.

#include "core/random.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"
#include "tables/file_description.h"
#include "tables/leaf_scan.h"
#include "tables/parquet_writer.h"
#include "tables/rewrite.h"
#include "tables/testing/memory_sources.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

namespace assay::tables {
namespace {

using namespace literals;

constexpr std::string_view kBrokenAddress = "mem://broken.parquet";

// A small file with all kinds of columns, dictionaries and plain pages, and four row groups.
std::string good_file(Codec codec) {
  const files::testing::TemporaryFolder folder;
  const auto path = folder.path() / "good.parquet";
  const std::vector<ColumnSpec> columns = {{"miner_hotkey", ColumnType::kText},
                                           {"created_at", ColumnType::kTimestamp},
                                           {"count", ColumnType::kInt32},
                                           {"r.image_uri", ColumnType::kText},
                                           {"r.meta.has_image", ColumnType::kBoolean},
                                           {"r.meta.raw", ColumnType::kBinary}};
  auto writer = ParquetWriter::create(files::posix_file_system(), path, columns,
                                      {.codec = codec, .plain_columns = {"r.image_uri"}});
  EXPECT_TRUE(writer);
  SeededRandom random(42);
  for (int group = 0; group < 4; ++group) {
    constexpr std::size_t kRows = 60;
    std::vector<std::string> owned;
    for (std::size_t i = 0; i < kRows; ++i) owned.push_back(fmt::format("{:016x}", random.next()));
    std::vector<std::string_view> hotkeys;
    std::vector<std::string_view> uris;
    std::vector<std::string_view> raw;
    std::vector<std::int64_t> times;
    std::vector<std::int32_t> counts;
    bool flags[kRows];
    std::size_t num_flags = 0;
    std::vector<std::int16_t> flag_levels;
    std::vector<std::int16_t> uri_levels;
    for (std::size_t i = 0; i < kRows; ++i) {
      hotkeys.push_back(owned[i % 5]);
      times.push_back(std::int64_t{group} * 1'000'000 + static_cast<std::int64_t>(i));
      counts.push_back(static_cast<std::int32_t>(random.below(9)));
      raw.push_back(owned[i % 3]);
      uri_levels.push_back(static_cast<std::int16_t>(random.below(3)));
      if (uri_levels.back() == 2) uris.push_back(owned[i]);
      flag_levels.push_back(static_cast<std::int16_t>(random.below(4)));
      if (flag_levels.back() == 3) flags[num_flags++] = random.below(2) == 0;
    }
    const std::vector<ColumnData> data = {
        {.values = std::span<const std::string_view>(hotkeys)},
        {.values = std::span<const std::int64_t>(times)},
        {.values = std::span<const std::int32_t>(counts)},
        {.levels = uri_levels, .values = std::span<const std::string_view>(uris)},
        {.levels = flag_levels, .values = std::span<const bool>(flags, num_flags)},
        {.values = std::span<const std::string_view>(raw)}};
    EXPECT_TRUE(writer->write_row_group(kRows, data));
  }
  EXPECT_TRUE(writer->finish());
  auto bytes = files::read_file(files::posix_file_system(), path, 10_MiB);
  EXPECT_TRUE(bytes);
  return bytes.value_or("");
}

// Touches every value, so that a view that leads astray is read.
std::uint64_t touch(const LeafColumn& column, std::size_t rows) {
  std::uint64_t sum = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    if (const auto flag = column.boolean(row)) sum += *flag ? 1 : 2;
    if (const auto number = column.integer(row)) sum += static_cast<std::uint64_t>(*number);
    if (const auto time = column.timestamp(row)) {
      sum += static_cast<std::uint64_t>(time->time_since_epoch().count());
    }
    if (const auto text = column.text(row)) {
      for (const char character : *text) sum += static_cast<unsigned char>(character);
    }
  }
  return sum;
}

struct Outcome {
  bool is_good = false;
  std::string message;
};

Outcome scan_all(const DatasetSources& sources, bool with_time) {
  LeafScanOptions options{.leaves = {"miner_hotkey", "created_at", "count", "r.image_uri",
                                     "r.meta.has_image", "r.meta.raw", "r"},
                          .num_workers = 1,
                          .batch_rows = 16,
                          .max_page_size = 4_MiB};
  if (with_time) options.time.since = Timestamp(std::chrono::microseconds(20));
  auto scan = LeafScan::open(sources, {{std::string(kBrokenAddress), {}}}, options, {});
  if (!scan) return {.message = scan.error().message};
  std::uint64_t sum = 0;
  std::uint64_t rows = 0;
  const Status status = scan->run(
      [&](std::size_t, LeafBatch& batch) -> Status {
        rows += batch.num_rows();
        // A file may claim many rows and hold them in few bytes; that is no fault.
        if (rows > 1'000'000) return cancelled("enough");
        for (std::size_t leaf = 0; leaf < 7; ++leaf) {
          if ((batch.row_number(0) / 16 + leaf) % 3 == 0) continue;
          ASSIGN_OR_RETURN(const LeafColumn* column, batch.column(leaf));
          sum += touch(*column, batch.num_rows());
        }
        return {};
      },
      {});
  if (!status) return {.message = status.error().message};
  return {.is_good = true, .message = fmt::to_string(sum)};
}

// Reads the bytes in every way there is.
Outcome read_in_every_way(const std::string& bytes) {
  testing::MemorySources memory;
  memory.set(std::string(kBrokenAddress), bytes);
  files::testing::SimulatedFileSystem disk;
  const DatasetSources sources{.file_system = &disk, .remote = &memory};
  static_cast<void>(scan_all(sources, true));
  static_cast<void>(describe_file(sources, std::string(kBrokenAddress)));
  const files::testing::TemporaryFolder folder;
  static_cast<void>(
      rewrite_parquet(sources, std::string(kBrokenAddress), folder.path() / "out.parquet",
                      {.leaves = {"r.image_uri"},
                       .replace = [](std::string_view text) { return std::string(text); }},
                      {}));
  return scan_all(sources, false);
}

void expect_survival(const std::string& bytes, const std::string& what) {
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = read_in_every_way(bytes);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10)) << what;
  if (outcome.is_good) return;
  EXPECT_NE(outcome.message.find("broken.parquet"), std::string::npos) << what << outcome.message;
  EXPECT_EQ(outcome.message.find('\n'), std::string::npos) << what << outcome.message;
}

class LeafScanFault : public ::testing::TestWithParam<Codec> {};

TEST_P(LeafScanFault, TheUnbrokenFileReads) {
  const Outcome outcome = read_in_every_way(good_file(GetParam()));
  EXPECT_TRUE(outcome.is_good) << outcome.message;
}

TEST_P(LeafScanFault, SurvivesFlippedBits) {
  const std::string good = good_file(GetParam());
  SeededRandom random(7);
  for (int i = 0; i < 150; ++i) {
    std::string bytes = good;
    for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
      const std::size_t place = random.below(bytes.size());
      bytes[place] = static_cast<char>(bytes[place] ^ (1 << random.below(8)));
    }
    expect_survival(bytes, fmt::format("flips {}: ", i));
  }
}

TEST_P(LeafScanFault, SurvivesFlippedBitsInTheFooter) {
  const std::string good = good_file(GetParam());
  std::uint32_t length = 0;
  std::memcpy(&length, good.data() + good.size() - 8, sizeof length);
  SeededRandom random(8);
  for (int i = 0; i < 150; ++i) {
    std::string bytes = good;
    const std::size_t place = bytes.size() - 8 - length + random.below(length);
    bytes[place] = static_cast<char>(random.next());
    expect_survival(bytes, fmt::format("footer byte {} of try {}: ", place, i));
  }
}

TEST_P(LeafScanFault, SurvivesCuts) {
  const std::string good = good_file(GetParam());
  std::uint32_t length = 0;
  std::memcpy(&length, good.data() + good.size() - 8, sizeof length);
  SeededRandom random(9);
  for (int i = 0; i < 60; ++i) {
    // At the end, and in the middle, where the footer stays and every offset is wrong.
    expect_survival(good.substr(0, random.below(good.size())), fmt::format("cut {}: ", i));
    const std::size_t from = random.below(good.size() - length - 8);
    std::string bytes = good;
    bytes.erase(from, 1 + random.below(std::min<std::size_t>(good.size() - length - 8 - from, 64)));
    expect_survival(bytes, fmt::format("hole {}: ", i));
  }
}

INSTANTIATE_TEST_SUITE_P(Codecs, LeafScanFault,
                         ::testing::Values(Codec::kNone, Codec::kSnappy, Codec::kZstd));

}  // namespace
}  // namespace assay::tables

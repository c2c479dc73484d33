#include "tables/wide_values.h"

#include "core/random.h"
#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"
#include "tables/code_runs_internal.h"
#include "tables/page_header_internal.h"
#include "tables/parquet_writer.h"
#include "tables/testing/memory_sources.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

namespace assay::tables {
namespace {

constexpr std::string_view kWideAddress = "mem://wide.parquet";
using Found = std::map<std::uint64_t, std::optional<std::string>>;

/// Some are null, some equal, some of random bytes and some that Snappy packs well.
std::optional<std::string> value_at(std::uint64_t row) {
  if (row % 7 == 0) return std::nullopt;
  if (row % 11 == 0) return "the same";
  SeededRandom random(row);
  std::string value(random.below(4000), 'a');
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (row % 3 != 0) value[i] = static_cast<char>(random.next());
    if (row % 3 == 0 && i % 300 == 0) value[i] = static_cast<char>(random.next());
  }
  return value;
}

std::vector<std::uint64_t> first_rows(std::uint64_t count) {
  std::vector<std::uint64_t> rows;
  for (std::uint64_t row = 0; row < count; ++row) rows.push_back(row);
  return rows;
}

class WideValuesTest : public ::testing::Test {
 protected:
  /// A struct that may be null as well as its field.
  void write(Codec codec, std::size_t num_rows, std::size_t rows_per_group, bool is_plain) {
    const std::filesystem::path path = folder_.path() / "a.parquet";
    const std::vector<ColumnSpec> columns = {{"image.bytes", ColumnType::kBinary},
                                             {"label", ColumnType::kInt32}};
    ParquetWriterOptions options{.codec = codec};
    if (is_plain) options.plain_columns = {"image.bytes"};
    auto writer = ParquetWriter::create(files::posix_file_system(), path, columns, options);
    ASSERT_TRUE(writer) << writer.error().message;
    for (std::size_t begin = 0; begin < num_rows; begin += rows_per_group) {
      const std::size_t end = std::min(begin + rows_per_group, num_rows);
      std::vector<std::string> owned;
      std::vector<std::int16_t> levels;
      for (std::size_t row = begin; row < end; ++row) {
        auto value = value_at(row);
        levels.push_back(value ? 2 : static_cast<std::int16_t>(row % 2));
        if (value) owned.push_back(std::move(*value));
      }
      const std::vector<std::string_view> values(owned.begin(), owned.end());
      const std::vector<std::int32_t> labels(end - begin, 1);
      const std::vector<ColumnData> data = {
          {.levels = levels, .values = std::span<const std::string_view>(values)},
          {.values = std::span<const std::int32_t>(labels)}};
      ASSERT_TRUE(writer->write_row_group(end - begin, data));
    }
    ASSERT_TRUE(writer->finish());
    bytes_ = files::read_file(files::posix_file_system(), path, ByteCount(100'000'000)).value();
    memory_.set(std::string(kWideAddress), bytes_);
  }

  Result<WideRead> read(std::span<const std::uint64_t> rows, Found& found,
                        WideValueOptions options = {.leaf = "image.bytes"}) {
    return read_wide_values(
        sources_, std::string(kWideAddress), options, rows,
        [&](std::uint64_t row, std::optional<std::string_view> value) -> Status {
          EXPECT_TRUE(found.emplace(row, value).second) << row;
          return {};
        },
        {});
  }

  void expect_right(std::span<const std::uint64_t> rows) {
    Found found;
    const auto done = read(rows, found);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(*done, WideRead::kDone);
    ASSERT_EQ(found.size(), rows.size());
    for (const auto& [row, value] : found) ASSERT_EQ(value, value_at(row)) << row;
  }

  files::testing::TemporaryFolder folder_;
  std::string bytes_;
  testing::MemorySources memory_;
  DatasetSources sources_{.file_system = &files::posix_file_system(), .remote = &memory_};
};

TEST_F(WideValuesTest, GivesEachRowItsValue) {
  for (const Codec codec : {Codec::kNone, Codec::kSnappy}) {
    for (const bool is_plain : {false, true}) {
      // More than 1,024 rows: the dictionary of the first ones is full, others are plain.
      write(codec, 2600, 1900, is_plain);
      const std::vector<std::uint64_t> all = first_rows(2600);
      expect_right(all);
      SeededRandom random(1);
      for (int i = 0; i < 10; ++i) {
        std::vector<std::uint64_t> some;
        for (const std::uint64_t row : all) {
          if (random.below(40) == 0) some.push_back(row);
        }
        expect_right(some);
      }
      expect_right(std::array<std::uint64_t, 1>{2599});
      expect_right(std::array<std::uint64_t, 3>{0, 1, 1899});
    }
  }
  expect_right({});
}

TEST_F(WideValuesTest, LeavesOtherFilesToLeafScan) {
  write(Codec::kZstd, 20, 20, true);
  Found found;
  const std::vector<std::uint64_t> rows = {1, 2};
  EXPECT_EQ(read(rows, found).value(), WideRead::kUnsuited);
  write(Codec::kSnappy, 20, 20, true);
  EXPECT_EQ(read(rows, found, {.leaf = "label"}).value(), WideRead::kUnsuited);
  EXPECT_EQ(read(rows, found, {.leaf = "nothing"}).value(), WideRead::kUnsuited);
  EXPECT_TRUE(found.empty());
}

TEST_F(WideValuesTest, RefusesAValueOverTheLimit) {
  write(Codec::kSnappy, 20, 20, true);
  Found found;
  const auto done = read(std::array<std::uint64_t, 2>{1, 2}, found,
                         {.leaf = "image.bytes", .max_value_size = ByteCount(10)});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kExhausted);
  EXPECT_NE(done.error().message.find("row group 0: column image.bytes"), std::string::npos)
      << done.error().message;
}

/// Says how much was read.
class CountingSource final : public files::ByteSource {
 public:
  CountingSource(const std::string& bytes, std::uint64_t& count) : bytes_(bytes), count_(count) {}
  const std::string& name() const override { return name_; }
  ByteCount size() const override { return ByteCount(bytes_.size()); }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    const std::string_view here = std::string_view(bytes_).substr(offset, into.size());
    std::ranges::copy(as_bytes(here), into.begin());
    count_ += here.size();
    return here.size();
  }

 private:
  const std::string& bytes_;
  std::uint64_t& count_;
  std::string name_ = "counted";
};

class CountingSources final : public RemoteSources {
 public:
  explicit CountingSources(const std::string& bytes) : bytes_(bytes) {}
  Result<std::vector<RemoteObject>> list(std::string_view) override {
    return std::vector<RemoteObject>();
  }
  Result<std::unique_ptr<files::ByteSource>> open(const std::string&) override {
    return std::make_unique<CountingSource>(bytes_, count_);
  }
  std::uint64_t count() const { return count_; }

 private:
  const std::string& bytes_;
  std::uint64_t count_ = 0;
};

TEST_F(WideValuesTest, DoesNotReadWhatPassesBy) {
  write(Codec::kNone, 6000, 6000, true);
  ASSERT_GT(bytes_.size(), 5'000'000U);
  CountingSources counting(bytes_);
  std::uint64_t num_values = 0;
  const auto done = read_wide_values(
      {.file_system = &files::posix_file_system(), .remote = &counting}, std::string(kWideAddress),
      {.leaf = "image.bytes"}, std::array<std::uint64_t, 1>{5999},
      [&](std::uint64_t, std::optional<std::string_view>) -> Status {
        ++num_values;
        return {};
      },
      {});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(num_values, 1U);
  EXPECT_LT(counting.count(), bytes_.size() / 2);
}

// Whatever a file claims: values or an error, and soon.
TEST_F(WideValuesTest, SurvivesBrokenFiles) {
  std::size_t num_errors = 0;
  for (const Codec codec : {Codec::kNone, Codec::kSnappy}) {
    for (const bool is_plain : {false, true}) {
      write(codec, 40, 25, is_plain);
      const std::string good = bytes_;
      SeededRandom random(static_cast<std::uint64_t>(codec) * 2 + (is_plain ? 1 : 0));
      const std::vector<std::uint64_t> all = first_rows(40);
      for (int i = 0; i < 300; ++i) {
        std::string broken = good;
        // Headers and levels stand in front; some hits are anywhere.
        const std::uint64_t bound = i % 2 == 0 ? 200 : broken.size();
        broken[random.below(bound)] = static_cast<char>(random.next());
        memory_.set(std::string(kWideAddress), broken);
        Found found;
        num_errors += read(all, found).has_value() ? 0 : 1;
      }
    }
  }
  EXPECT_GT(num_errors, 50U);
}

TEST(PageHeader, AsksForMoreBytesOrSaysThatItIsBroken) {
  // As pyarrow writes it: a data page of 3 values, plain, levels by run length.
  constexpr auto kHeader =
      std::to_array<std::uint8_t>({0x15, 0x00, 0x15, 0x50, 0x15, 0x54, 0x2C, 0x15, 0x06, 0x15, 0x00,
                                   0x15, 0x06, 0x15, 0x06, 0x00, 0x00});
  const auto bytes = std::as_bytes(std::span(kHeader));
  const auto header = parse_page_header(bytes);
  ASSERT_TRUE(header && *header);
  EXPECT_EQ((*header)->kind, PageKind::kData);
  EXPECT_EQ((*header)->raw_size, 40U);
  EXPECT_EQ((*header)->stored_size, 42U);
  EXPECT_EQ((*header)->num_values, 3U);
  EXPECT_EQ((*header)->level_encoding, 3);
  EXPECT_EQ((*header)->header_size, kHeader.size());
  for (std::size_t size = 0; size < kHeader.size(); ++size) {
    const auto part = parse_page_header(bytes.first(size));
    ASSERT_TRUE(part) << size;
    EXPECT_FALSE(part->has_value()) << size;
  }
  constexpr auto kNegative = std::to_array<std::uint8_t>({0x15, 0x00, 0x15, 0x51, 0x00});
  EXPECT_FALSE(parse_page_header(std::as_bytes(std::span(kNegative))));
  // Structs in structs without end.
  const std::string deep(1000, '\x1C');
  EXPECT_FALSE(parse_page_header(as_bytes(deep)));
}

TEST(DecodeCodes, ReadsRunsAndGroups) {
  // Width 3; five times 6; then 0 to 7 side by side, of which the first three count.
  constexpr auto kBytes = std::to_array<std::uint8_t>({3, 10, 6, 3, 0x88, 0xC6, 0xFA});
  const auto bytes = std::as_bytes(std::span(kBytes));
  EXPECT_EQ(decode_codes(bytes, 8).value(), (std::vector<std::uint32_t>{6, 6, 6, 6, 6, 0, 1, 2}));
  EXPECT_EQ(decode_codes(bytes, 13).value().back(), 7U);
  EXPECT_FALSE(decode_codes(bytes, 14));
  EXPECT_FALSE(decode_codes({}, 1));
  constexpr auto kWide = std::to_array<std::uint8_t>({33, 2, 0});
  EXPECT_FALSE(decode_codes(std::as_bytes(std::span(kWide)), 1));
}

}  // namespace
}  // namespace assay::tables

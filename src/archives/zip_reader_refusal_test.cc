#include "archives/testing/zip_builder.h"
#include "archives/testing/zip_contents.h"
#include "archives/zip_reader.h"
#include "core/random.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace assay::archives {
namespace {

using testing::content_of;
using testing::Contents;
using testing::contents_of;
using testing::long_text;
using testing::open_bytes;
using testing::outcome_of;
using testing::ZipBuilder;
using testing::ZipEntrySpec;

TEST(ZipReaderRefusal, RefusesWhatIsNoWholeZip) {
  const std::string zip = ZipBuilder().add("x", std::string(100'000, 'x')).finish();
  const auto code_of = [](std::string bytes) { return open_bytes(std::move(bytes)).error().code; };
  EXPECT_EQ(code_of(""), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of("no zip at all"), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(zip.substr(0, zip.size() - 30)), ErrorCode::kCorrupt);
  EXPECT_NE(open_bytes(zip.substr(0, 1000)).error().message.find("x.zip is a zip that was cut off"),
            std::string::npos);
  EXPECT_EQ(code_of(zip.substr(60'000)), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(ZipBuilder().add("x", "").finish({.disk = 1})), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(ZipBuilder().add("x", "").finish({.count_error = 1})), ErrorCode::kCorrupt);
  std::string damaged = ZipBuilder().add("x", "").add("y", "").finish();
  damaged[damaged.rfind("PK\1\2")] = 'Q';
  const auto opened = open_bytes(damaged);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("damaged at its entry 2 of 2"), std::string::npos)
      << opened.error().message;
}

TEST(ZipReaderRefusal, JudgesPaths) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"../x", "<path_traversal>"},
      {"a/../../x", "<path_traversal>"},
      {"a/..", "<path_traversal>"},
      {"..\\x", "<path_traversal>"},
      {"/etc/passwd", "<absolute_path>"},
      {"C:\\x", "<absolute_path>"},
      {"\\\\server\\x", "<absolute_path>"},
      {"\x83\\..\\..\\x", "<path_traversal>"},
      {"\x83/..\\x", "<path_traversal>"},
      {"\\\x83/x", "<absolute_path>"},
      {"C:\\\x83/x", "<absolute_path>"},
      {"", "<bad_name>"},
      {std::string("a\0b", 3), "<bad_name>"},
      {"..x/...", "x"},
      {"a:b", "x"}};
  for (const auto& [name, expected] : cases) {
    EXPECT_EQ(outcome_of({.name = name, .content = "x"}), expected) << name;
  }
  EXPECT_EQ(outcome_of({.name = "folder/"}), "<folder>");
}

TEST(ZipReaderRefusal, JudgesKindAndPacking) {
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .external_attributes = 0120777U << 16}),
            "<link>");
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .external_attributes = 0040755U << 16}),
            "<folder>");
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .external_attributes = 0010644U << 16}),
            "<device>");
  EXPECT_EQ(outcome_of(
                {.name = "x", .content = "t", .made_by = 0, .external_attributes = 0120777U << 16}),
            "t");
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .external_attributes = 0644U << 16}), "t");
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .flags = 1}), "<encrypted>");
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .flags = 0x2000}), "<encrypted>");
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .method = 14}), "<unsupported_method>");
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .disk = 3}), "<other_volume>");
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .header_offset = 1000}), "<out_of_bounds>");
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .size = 2}), "<broken_record>");
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .size = 200, .compressed_size = 200}),
            "<out_of_bounds>");
}

TEST(ZipReaderRefusal, KeepsWithinTheLimits) {
  const std::string zeros(1 << 20, '\0');
  const ZipEntrySpec bomb{.name = "x", .content = zeros, .is_deflated = true};
  EXPECT_EQ(outcome_of(bomb), zeros);
  EXPECT_EQ(outcome_of(bomb, {.ratio_floor = ByteCount(1 << 19)}), "<bomb>");
  EXPECT_EQ(outcome_of(bomb, {.max_ratio = 2000, .ratio_floor = ByteCount(1 << 19)}), zeros);
  EXPECT_EQ(outcome_of(bomb, {.max_entry_size = ByteCount(zeros.size() - 1)}), "<too_large>");
  // An entry cannot bring forth more than it says.
  EXPECT_EQ(outcome_of({.name = "x", .content = zeros, .is_deflated = true, .size = 1000}),
            "<broken_data>");
  EXPECT_EQ(outcome_of({.name = "x", .content = "y", .is_deflated = true, .size = 2}),
            "<broken_data>");
  // Of the three bytes of a stream, and of one more that does not belong to it.
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .is_deflated = true, .flags = 8}), "t");
  EXPECT_EQ(
      outcome_of(
          {.name = "x", .content = "t", .is_deflated = true, .flags = 8, .compressed_size = 4}),
      "<broken_data>");
  EXPECT_EQ(contents_of(ZipBuilder().add("c", "1234").add("b", "12345").add("a", "123").finish(),
                        {.max_total_size = ByteCount(8)}),
            (Contents{{"a", "123"}, {"b", "<over_total>"}, {"c", "1234"}}));
}

TEST(ZipReaderRefusal, TheLastOfSeveralEntriesOfOnePathCounts) {
  const std::string zip = ZipBuilder().add("x", "first").add("y", "y").add("x", "second").finish();
  EXPECT_EQ(contents_of(zip), (Contents{{"x", "<duplicate>"}, {"x", "second"}, {"y", "y"}}));
  const auto reader = open_bytes(zip);
  ASSERT_TRUE(reader);
  EXPECT_EQ(content_of(*reader, *reader->find("x")), "second");
  EXPECT_EQ(reader->find("z"), nullptr);
  EXPECT_EQ(reader->find(""), nullptr);
}

TEST(ZipReaderRefusal, AnEarlierEntryOfAPathDoesNotCountWhateverIsWrongWithIt) {
  const std::string zip = ZipBuilder()
                              .add({.name = "x", .content = "first", .method = 99})
                              .add({.name = "x", .content = "second", .flags = 1})
                              .add("x", "third")
                              .add("y", "good")
                              .add({.name = "y", .content = "bad", .method = 99})
                              .finish();
  EXPECT_EQ(contents_of(zip), (Contents{{"x", "<duplicate>"},
                                        {"x", "<duplicate>"},
                                        {"x", "third"},
                                        {"y", "<duplicate>"},
                                        {"y", "<unsupported_method>"}}));
}

TEST(ZipReaderRefusal, EntriesThatShareBytesAreBothRefused) {
  const std::string zip = ZipBuilder()
                              .add("a", std::string(500, 'a'))
                              .add("b", "b")
                              .add({.name = "c", .content = "c", .header_offset = 100})
                              .finish();
  EXPECT_EQ(contents_of(zip), (Contents{{"a", "<overlap>"}, {"b", "b"}, {"c", "<overlap>"}}));
}

TEST(ZipReaderRefusal, TheHeaderMustAgreeWithTheDirectory) {
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .local_name = "y"}), "<header_mismatch>");
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .local_name = "xx"}), "<header_mismatch>");
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .local_extra = "abcdefgh"}), "t");
  EXPECT_EQ(outcome_of({.name = "x", .content = "t", .crc32 = 5}), "<wrong_checksum>");
  const std::string zip = ZipBuilder().add("x", "text").finish();
  const std::vector<std::pair<std::size_t, std::string>> cases = {
      {0, "<header_mismatch>"},   // signature
      {6, "<header_mismatch>"},   // encrypted
      {8, "<header_mismatch>"},   // method
      {14, "<header_mismatch>"},  // CRC
      {18, "<header_mismatch>"},  // compressed size
      {22, "<header_mismatch>"},  // size
      {29, "<out_of_bounds>"},    // size of the extra field
      {31, "<wrong_checksum>"}};  // the bytes
  for (const auto& [offset, expected] : cases) {
    std::string damaged = zip;
    damaged[offset] = static_cast<char>(damaged[offset] ^ 1);
    EXPECT_EQ(contents_of(damaged).front().second, expected) << offset;
  }
}

/// Reads like the bytes it was given, until told to fail.
TEST(ZipReaderRefusal, AFailingSourceIsAnErrorNotAVerdict) {
  class FailingSource final : public files::ByteSource {
   public:
    FailingSource(std::string bytes, const bool& fails)
        : bytes_(files::memory_byte_source("far.zip", std::move(bytes))), fails_(fails) {}
    const std::string& name() const override { return bytes_->name(); }
    ByteCount size() const override { return bytes_->size(); }
    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
      if (fails_) return std::size_t{0};
      return bytes_->read_at(offset, into);
    }

   private:
    std::unique_ptr<files::ByteSource> bytes_;
    const bool& fails_;
  };
  bool fails = false;
  const auto zip =
      ZipReader::open(std::make_unique<FailingSource>(ZipBuilder().add("x", "t").finish(), fails));
  ASSERT_TRUE(zip);
  EXPECT_EQ(content_of(*zip, zip->entries()[0]), "t");
  fails = true;
  EXPECT_EQ(content_of(*zip, zip->entries()[0]),
            "error: far.zip is shorter than when it was opened");
}

// One bit or byte of a zip is changed, or a part is cut out: what is read all the same is what was
// packed under that path.
TEST(ZipReaderRefusal, DamagedZipsGiveNoWrongBytes) {
  const std::string text = long_text();
  std::vector<std::string> zips;
  for (const bool is_deflated : {false, true}) {
    for (const std::uint16_t flags : {std::uint16_t{0}, std::uint16_t{8}}) {
      ZipBuilder builder;
      for (const char* name : {"a/1.png", "a/2.png", "b"}) {
        builder.add({.name = name,
                     .content = name + text.substr(0, 700),
                     .is_deflated = is_deflated,
                     .flags = flags});
      }
      zips.push_back(builder.finish({.comment = "comment", .has_zip64 = flags == 8}));
    }
  }
  zips.push_back("prefix" + ZipBuilder().add("a/1.png", "a/1.png" + text.substr(0, 700)).finish());
  SeededRandom random(11);
  std::map<std::string, int> outcomes;
  for (int round = 0; round < 500; ++round) {
    std::string zip = zips[static_cast<std::size_t>(round) % zips.size()];
    // Half of them in the directory, which is most of the rules and few of the bytes.
    const std::size_t start = round % 2 == 0 ? 0 : zip.find("PK\1\2");
    for (std::uint64_t k = 1 + random.below(2); k > 0; --k) {
      const std::size_t at = start + random.below(zip.size() - start);
      switch (random.below(3)) {
        case 0:
          zip[at] = static_cast<char>(zip[at] ^ (1 << random.below(8)));
          break;
        case 1:
          zip[at] = static_cast<char>(random.next());
          break;
        default:
          zip.erase(at, random.below(10));
          if (zip.size() <= start) zip.resize(start + 1);
      }
    }
    for (const auto& [path, content] : contents_of(zip)) {
      if (content.starts_with("a/") || content.starts_with('b')) {
        EXPECT_EQ(content, path + text.substr(0, 700)) << round;
        ++outcomes["read"];
      } else {
        ++outcomes[path == "error" ? "no zip" : content];
      }
    }
  }
  // The rules are met, not only the first of them.
  EXPECT_GT(outcomes["read"], 300);
  EXPECT_GT(outcomes.size(), 7U) << ::testing::PrintToString(outcomes);
}

}  // namespace
}  // namespace assay::archives

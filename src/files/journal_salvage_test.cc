#include "core/bytes.h"
#include "core/random.h"
#include "files/journal_format_internal.h"
#include "files/journal_salvage_internal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace assay::files {
namespace {

using namespace assay::literals;

// The bytes of a segment, and where its records stand.
struct Segment {
  std::string bytes = std::string(as_text(journal_format::header()));
  std::vector<std::size_t> starts;
  std::vector<std::string> records;

  void add(const std::string& record) {
    starts.push_back(bytes.size());
    records.push_back(record);
    bytes += as_text(journal_format::record_prefix(as_bytes(record)));
    bytes += record;
  }
  void add_mark() { bytes += as_text(journal_format::mark(bytes.size())); }
  std::size_t end_of(std::size_t record) const {
    return starts[record] + 8 + records[record].size();
  }
};

Segment three_records() {
  Segment segment;
  for (const char* record : {"first record", "second record", "third record"}) {
    segment.add(record);
    segment.add_mark();
  }
  return segment;
}

std::vector<std::string> texts_of(const SegmentSalvage& found) {
  std::vector<std::string> texts;
  for (const auto& record : found.records) texts.emplace_back(as_text(record));
  return texts;
}

SegmentSalvage salvage(std::string_view bytes) { return salvage_records(as_bytes(bytes), 0_B); }

TEST(JournalSalvage, FindsAllThatIsGood) {
  const Segment segment = three_records();
  const SegmentSalvage found = salvage(segment.bytes);
  EXPECT_EQ(texts_of(found), segment.records);
  EXPECT_TRUE(found.stretches.empty());
  const NumberedSalvage numbered = number_salvage(found, 7, std::nullopt);
  EXPECT_EQ(numbered.sequences, (std::vector<std::uint64_t>{7, 8, 9}));
  EXPECT_TRUE(numbered.lost.empty());
  EXPECT_EQ(numbered.last_sequence, 9U);
}

TEST(JournalSalvage, ADamagedContentCostsItsRecord) {
  Segment segment = three_records();
  segment.bytes[segment.starts[1] + 10] ^= 1;
  const NumberedSalvage numbered = number_salvage(salvage(segment.bytes), 7, std::nullopt);
  EXPECT_EQ(numbered.sequences, (std::vector<std::uint64_t>{7, 9}));
  EXPECT_EQ(numbered.lost, (std::vector<LostRecords>{{8, 8, 1, 1}}));
}

TEST(JournalSalvage, ADamagedLengthOrMarkOrHeaderCostsNothing) {
  const Segment good = three_records();
  for (const std::size_t offset : {std::size_t{3}, std::size_t{9}, std::size_t{13}, good.starts[1],
                                   good.starts[1] + 1, good.end_of(1), good.end_of(1) + 5}) {
    Segment segment = good;
    segment.bytes[offset] ^= 1;
    const SegmentSalvage found = salvage(segment.bytes);
    EXPECT_EQ(texts_of(found), segment.records) << offset;
    EXPECT_TRUE(number_salvage(found, 7, std::nullopt).lost.empty()) << offset;
  }
}

TEST(JournalSalvage, WithoutLengthsTheNumbersAreTheHighestThatMayBe) {
  Segment segment = three_records();
  // 21 bytes and a mark, of which nothing is left: at most 4 records.
  std::fill_n(segment.bytes.begin() + static_cast<std::ptrdiff_t>(segment.starts[1]), 37, '\0');
  const SegmentSalvage found = salvage(segment.bytes);
  const NumberedSalvage numbered = number_salvage(found, 7, std::nullopt);
  EXPECT_EQ(numbered.sequences, (std::vector<std::uint64_t>{7, 12}));
  EXPECT_EQ(numbered.lost, (std::vector<LostRecords>{{8, 11, 0, 4}}));
  EXPECT_EQ(to_text(numbered.lost), "at most 4 of 8 to 11");
  // With the name of the next segment they are certain.
  const NumberedSalvage certain = number_salvage(found, 7, 10);
  EXPECT_EQ(certain.sequences, (std::vector<std::uint64_t>{7, 9}));
  EXPECT_EQ(certain.lost, (std::vector<LostRecords>{{8, 8, 1, 1}}));
  EXPECT_EQ(to_text(certain.lost), "8");
  // No record is that short.
  const SegmentSalvage bounded = salvage_records(as_bytes(segment.bytes), 12_B);
  EXPECT_EQ(number_salvage(bounded, 7, std::nullopt).lost,
            (std::vector<LostRecords>{{8, 8, 0, 1}}));
}

TEST(JournalSalvage, OfTwoStretchesOnlyTheSumOfTheLossesIsCertain) {
  Segment segment;
  for (int i = 0; i < 7; ++i) segment.add("record " + std::to_string(i));
  for (const std::size_t record : {1U, 4U}) {
    std::fill_n(segment.bytes.begin() + static_cast<std::ptrdiff_t>(segment.starts[record]), 32,
                '\0');
  }
  const NumberedSalvage numbered = number_salvage(salvage(segment.bytes), 10, 17);
  EXPECT_EQ(numbered.sequences, (std::vector<std::uint64_t>{10, 15, 16}));
  EXPECT_EQ(numbered.lost, (std::vector<LostRecords>{{11, 15, 4, 4}}));
  EXPECT_EQ(to_text(numbered.lost), "4 of 11 to 15");
  EXPECT_EQ(numbered.last_sequence, 16U);
}

TEST(JournalSalvage, WhatWasCutOffIsLost) {
  const Segment segment = three_records();
  const NumberedSalvage numbered =
      number_salvage(salvage(std::string_view(segment.bytes).substr(0, segment.starts[1])), 1, 9);
  EXPECT_EQ(numbered.sequences, (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(numbered.lost, (std::vector<LostRecords>{{2, 8, 7, 7}}));
}

TEST(JournalSalvage, AStretchOfNoiseDoesNotHideWhatFollows) {
  Segment segment;
  segment.add("first");
  SeededRandom random(3);
  for (int i = 0; i < 3'000'000; ++i) segment.bytes += static_cast<char>(random.below(256));
  segment.add(std::string(100'000, 'x'));
  segment.add("last");
  EXPECT_EQ(texts_of(salvage(segment.bytes)), segment.records);
}

TEST(JournalSalvage, BehindAnUncertainNumberTheLossIsStatedByAllNumbersThatMayBe) {
  Segment segment;
  for (int i = 0; i < 5; ++i) segment.add("record " + std::to_string(i));
  std::fill_n(segment.bytes.begin() + static_cast<std::ptrdiff_t>(segment.starts[1]), 16, '\0');
  segment.bytes[segment.starts[3] + 9] ^= 1;
  const NumberedSalvage numbered = number_salvage(salvage(segment.bytes), 10, std::nullopt);
  EXPECT_EQ(numbered.sequences, (std::vector<std::uint64_t>{10, 13, 15}));
  EXPECT_EQ(to_text(numbered.lost), "at most 2 of 11 to 12, 1 of 12 to 14");
}

TEST(JournalSalvage, WhatEndsTheFileMayHaveBeenTornOffWhileItWasWritten) {
  Segment segment;
  segment.add("first record");
  segment.add_mark();
  segment.add("second record");
  segment.bytes[segment.starts[1] + 10] ^= 1;
  const NumberedSalvage numbered = number_salvage(salvage(segment.bytes), 7, std::nullopt);
  EXPECT_EQ(numbered.sequences, (std::vector<std::uint64_t>{7}));
  EXPECT_EQ(numbered.lost, (std::vector<LostRecords>{{8, 8, 0, 1}}));
}

TEST(JournalSalvage, LengthsThatNoRecordHasAreNotFollowed) {
  Segment segment;
  segment.add("a record that is not so short");
  segment.add(std::string(28, 'x'));
  segment.add("another record that is not so short");
  // Three of 4 bytes each, in place of the second.
  const std::string small =
      std::string(as_text(journal_format::record_prefix(as_bytes("1234")))) + "4321";
  segment.bytes.replace(segment.starts[1], 36, small + small + small);
  const SegmentSalvage found = salvage_records(as_bytes(segment.bytes), 20_B);
  EXPECT_EQ(number_salvage(found, 7, std::nullopt).lost, (std::vector<LostRecords>{{8, 8, 0, 1}}));
}

TEST(JournalSalvage, ASegmentThatWasTheLastOneWhenItWasFoundKeepsItsNumbers) {
  Segment segment = three_records();
  std::fill_n(segment.bytes.begin() + static_cast<std::ptrdiff_t>(segment.starts[1]), 37, '\0');
  const SegmentSalvage found = salvage(segment.bytes);
  const NumberedSalvage alone = number_salvage(found, 7, std::nullopt);
  const NumberedSalvage followed = number_salvage(found, 7, alone.last_sequence + 1);
  EXPECT_EQ(followed.sequences, alone.sequences);
  EXPECT_EQ(followed.lost, alone.lost);
  EXPECT_EQ(followed.last_sequence, alone.last_sequence);
}

TEST(JournalSalvage, ALargeRecordIsFoundAlsoWhenItIsTheLast) {
  Segment segment;
  segment.add("first");
  segment.bytes += "no record";
  segment.add(std::string(100'000, 'x'));
  EXPECT_EQ(texts_of(salvage(segment.bytes)), segment.records);
}

TEST(JournalSalvage, BytesMadeToTakeLongDoNot) {
  // Nearly everywhere stands the length of a large record that another one seems to follow: what
  // is looked at is bounded. Without the bound it would be 35 GB.
  Segment segment;
  const std::string length("\x00\x10\x01\x00", 4);
  while (segment.bytes.size() < (std::size_t{2} << 20)) segment.bytes += length;
  segment.add("last");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(texts_of(salvage(segment.bytes)), segment.records);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(JournalSalvage, ADamagedHeaderAloneMayHaveHadARecord) {
  const NumberedSalvage numbered = number_salvage(salvage("ASSAYJNL........"), 5, std::nullopt);
  EXPECT_EQ(to_text(numbered.lost), "at most 1 of 5");
  EXPECT_EQ(numbered.last_sequence, 5U);
}

// Damage of random places: all that it did not touch is found, never with a number that is too low,
// and asked again with the name of a next segment the numbers are the same.
TEST(JournalSalvage, RandomDamageCostsOnlyWhatItTouches) {
  for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
    SeededRandom random(seed);
    Segment segment;
    const std::uint64_t num_records = 1 + random.below(20);
    for (std::uint64_t i = 0; i < num_records; ++i) {
      std::string record = "{" + std::to_string(seed) + ":" + std::to_string(i);
      record.append(static_cast<std::size_t>(random.below(120)), i % 4 == 0 ? '\0' : 'r');
      segment.add(record + "}");
      if (random.below(3) == 0) segment.add_mark();
    }
    const std::string good = segment.bytes;
    const std::uint64_t num_places = 1 + random.below(3);
    for (std::uint64_t i = 0; i < num_places; ++i) {
      const auto start = static_cast<std::size_t>(random.below(good.size()));
      const std::size_t size =
          random.below(2) == 0 ? 1 : static_cast<std::size_t>(random.below(200));
      const bool is_zeroed = random.below(2) == 0;
      for (std::size_t at = start; at < std::min(good.size(), start + size); ++at) {
        segment.bytes[at] = is_zeroed ? '\0' : static_cast<char>(random.below(256));
      }
    }
    const SegmentSalvage found = salvage(segment.bytes);
    const std::vector<std::string> texts = texts_of(found);
    const NumberedSalvage open = number_salvage(found, 100, std::nullopt);
    const NumberedSalvage sealed = number_salvage(found, 100, open.last_sequence + 1);
    const NumberedSalvage closed = number_salvage(found, 100, 100 + num_records);
    ASSERT_EQ(open.sequences, sealed.sequences) << seed;
    ASSERT_EQ(open.sequences.size(), texts.size()) << seed;
    ASSERT_EQ(closed.last_sequence, 99 + num_records) << seed;
    std::uint64_t num_lost = 0;
    for (const LostRecords& lost : closed.lost) num_lost += lost.num_at_most;
    ASSERT_EQ(num_lost + closed.sequences.size(), num_records) << seed;
    for (std::size_t i = 0; i < segment.records.size(); ++i) {
      const auto at = std::ranges::find(texts, segment.records[i]);
      const bool is_touched =
          segment.bytes.compare(segment.starts[i], segment.end_of(i) - segment.starts[i], good,
                                segment.starts[i], segment.end_of(i) - segment.starts[i]) != 0;
      ASSERT_TRUE(at != texts.end() || is_touched) << "seed " << seed << " lost record " << i;
      if (at == texts.end()) continue;
      const auto index = static_cast<std::size_t>(at - texts.begin());
      ASSERT_GE(open.sequences[index], 100 + i) << seed;
      ASSERT_GE(closed.sequences.at(index), 100 + i) << seed;
    }
  }
}

}  // namespace
}  // namespace assay::files

#include "tables/csv_reader.h"

#include "core/limits.h"
#include "core/random.h"
#include "tables/csv.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::tables {
namespace {

constexpr const char* kAbsent = "(absent)";
using Rows = std::vector<std::vector<std::string>>;

Result<Rows> read_all(std::string text, const CsvReaderOptions& options = {}) {
  const auto source = files::memory_byte_source("in.csv", std::move(text));
  ASSIGN_OR_RETURN(auto reader, CsvReader::open(*source, options));
  Rows rows{reader.header()};
  while (true) {
    ASSIGN_OR_RETURN(const bool has_row, reader.next_row());
    if (!has_row) return rows;
    auto& row = rows.emplace_back();
    for (std::size_t column = 0; column < reader.header().size(); ++column) {
      row.emplace_back(reader.cell(column).value_or(kAbsent));
    }
  }
}

Rows must_read(std::string text, const CsvReaderOptions& options = {}) {
  auto rows = read_all(std::move(text), options);
  EXPECT_TRUE(rows) << rows.error().message;
  return rows.value_or(Rows{});
}

TEST(CsvReader, TakesEveryKindOfLineEnd) {
  const Rows expected{{"a", "b"}, {"1", "2"}, {"3", "4"}};
  EXPECT_EQ(must_read("a,b\n1,2\n3,4\n"), expected);
  EXPECT_EQ(must_read("a,b\r\n1,2\r\n3,4\r\n"), expected);
  EXPECT_EQ(must_read("a,b\r1,2\r3,4\r"), expected);
  EXPECT_EQ(must_read("a,b\r\n1,2\r3,4"), expected);
}

TEST(CsvReader, SkipsBlankLinesButNotBlanks) {
  EXPECT_EQ(must_read("a\n\n\r\n1\r\r \n"), (Rows{{"a"}, {"1"}, {" "}}));
  EXPECT_EQ(must_read("a\n\"\"\n"), (Rows{{"a"}, {""}}));
}

TEST(CsvReader, TakesABlankFirstLineAsAHeaderWithoutColumns) {
  EXPECT_EQ(must_read("\na,b\n1,2\n"), (Rows{{}, {}, {}}));
}

TEST(CsvReader, HasNoHeaderInAnEmptyFile) {
  EXPECT_EQ(must_read(""), (Rows{{}}));
  EXPECT_EQ(must_read("\xef\xbb\xbf"), (Rows{{}}));
}

TEST(CsvReader, UndoublesQuotesAndKeepsWhatFollowsThem) {
  EXPECT_EQ(must_read("a,b\n\"x \"\"y\"\", z\",\"p\"q\n"),
            (Rows{{"a", "b"}, {"x \"y\", z", "pq"}}));
  EXPECT_EQ(must_read("a,b\np\"q\", \"r\"\n"), (Rows{{"a", "b"}, {"p\"q\"", " \"r\""}}));
}

TEST(CsvReader, MakesLineEndsInQuotesLineFeeds) {
  EXPECT_EQ(must_read("a\n\"1\r\n2\r3\n\r\r\n4\"\n"), (Rows{{"a"}, {"1\n2\n3\n\n\n4"}}));
}

TEST(CsvReader, KeepsLineEndsInQuotesWhenAsked) {
  EXPECT_EQ(
      must_read("a\r\n\"1\r\n2\r3\n\r\r\n4\"\r\n", {.quoted_newlines = QuotedNewlines::kKept}),
      (Rows{{"a"}, {"1\r\n2\r3\n\r\r\n4"}}));
}

TEST(CsvReader, LetsAnUnclosedQuoteSwallowTheRest) {
  EXPECT_EQ(must_read("a,b\n\"1,2\n3,4\n"), (Rows{{"a", "b"}, {"1,2\n3,4\n", kAbsent}}));
  EXPECT_EQ(must_read("a\n\""), (Rows{{"a"}, {""}}));
}

TEST(CsvReader, IgnoresSurplusCellsAndLeavesShortOnesAbsent) {
  EXPECT_EQ(must_read("a,b\n1\n1,2,3,4\n,\n"),
            (Rows{{"a", "b"}, {"1", kAbsent}, {"1", "2"}, {"", ""}}));
}

TEST(CsvReader, FindsTheLastColumnOfAName) {
  const auto source = files::memory_byte_source("in.csv",
                                                "\xef\xbb\xbf"
                                                "a,b,a\n");
  const auto reader = CsvReader::open(*source);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->find_column("a"), 2U);
  EXPECT_EQ(reader->find_column("b"), 1U);
  EXPECT_EQ(reader->find_column("c"), std::nullopt);
}

TEST(CsvReader, TellsRowAndLine) {
  const auto source = files::memory_byte_source("in.csv", "a\n\n\"1\n2\"\r\n\r3\n");
  auto reader = CsvReader::open(*source);
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader->next_row().value());
  EXPECT_EQ(reader->row_position(), "row 1 (line 3)");
  ASSERT_TRUE(reader->next_row().value());
  EXPECT_EQ(reader->row_position(), "row 2 (line 6)");
  EXPECT_FALSE(reader->next_row().value());
  EXPECT_EQ(reader->row_number(), 2U);
}

TEST(CsvReader, NamesByteAndRowOfWhatIsNotUtf8) {
  for (const std::string wrong :
       {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    const auto rows = read_all("a,b\n1,2\n3," + wrong + "\n");
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(rows.error().message.find("in.csv: row 2 (line 3): byte 1"), std::string::npos)
        << rows.error().message;
  }
  const auto cut = read_all("a\n\xe2\x82");
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt);
}

TEST(CsvReader, CountsCharactersAndNotBytesAgainstTheFieldLimit) {
  std::string euros;
  for (std::size_t i = 0; i < kMaxCsvFieldSize; ++i) euros += "\xe2\x82\xac";
  EXPECT_EQ(must_read("a\n" + euros + "\n").at(1).at(0), euros);
  for (const std::string& text : {"a\n" + euros + "x\n", "a\n1,\"" + euros + "\"\"\"\n"}) {
    const auto rows = read_all(text);
    ASSERT_FALSE(rows);
    EXPECT_EQ(rows.error().code, ErrorCode::kExhausted);
    EXPECT_NE(rows.error().message.find("in.csv: row 1 (line 2): field"), std::string::npos);
  }
}

TEST(CsvReader, RefusesAHeaderOfTooManyColumns) {
  const auto rows = read_all(std::string(kMaxCsvColumns, ','));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, ErrorCode::kExhausted);
  EXPECT_TRUE(read_all(std::string(kMaxCsvColumns - 1, ',')));
}

// Random rows cross the buffer's end at every kind of character.
TEST(CsvReader, ReadsBackWhatTheWriterWrote) {
  SeededRandom random(7);
  const std::vector<std::string> pieces{"a", ",", "\"", "\r", "\n", "\r\n", "\xe2\x82\xac",
                                        " ", ""};
  Rows rows{{"x", "y", "z"}};
  for (int i = 0; i < 20'000; ++i) {
    auto& row = rows.emplace_back(3);
    for (auto& cell : row) {
      for (auto left = random.below(6); left > 0; --left)
        cell += pieces[random.below(pieces.size())];
    }
  }
  std::string text;
  for (const auto& row : rows) {
    append_csv_row(text, std::vector<std::string_view>(row.begin(), row.end()));
  }
  EXPECT_EQ(must_read(text, {.quoted_newlines = QuotedNewlines::kKept}), rows);
}

}  // namespace
}  // namespace assay::tables

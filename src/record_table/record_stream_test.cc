#include "record_table/record_stream.h"

#include "files/testing/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace assay::record_table {
namespace {

class Stream : public ::testing::Test {
 protected:
  void write(std::string_view name, std::string_view text) {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
  }
  Result<RecordStream> open(const std::vector<std::string>& columns, StreamOptions options = {}) {
    options.columns = choose_columns(columns).value();
    return RecordStream::open(files::posix_file_system(), folder_.path(), options);
  }
  static std::vector<std::size_t> batch_sizes(RecordStream stream) {
    std::vector<std::size_t> sizes;
    for (auto batch = stream.next().value(); batch; batch = stream.next().value()) {
      sizes.push_back(batch->num_rows);
      for (const Column& column : batch->columns) EXPECT_EQ(column.num_rows, batch->num_rows);
    }
    EXPECT_FALSE(stream.next().value()) << "the end stays the end";
    return sizes;
  }
  static std::string lines(int num_lines) {
    std::string text;
    for (int i = 0; i < num_lines; ++i) {
      text += fmt::format(R"({{"metadata": {{"generation_id": "{:04}"}}}})", i) + "\n";
    }
    return text;
  }

  files::testing::TemporaryFolder folder_;
};

TEST_F(Stream, CutsTheRecordsIntoBatches) {
  write("generation_history.jsonl", lines(100));
  EXPECT_EQ(batch_sizes(*open({"generation_id", "score"}, {.max_rows = 40})),
            (std::vector<std::size_t>{40, 40, 20}));
  EXPECT_EQ(batch_sizes(*open({"score"}, {.max_rows = 50})), (std::vector<std::size_t>{50, 50}));
  EXPECT_EQ(batch_sizes(*open({"score"})), std::vector<std::size_t>{100});
}

TEST_F(Stream, EndsABatchWhoseTextsAreLong) {
  write("generation_history.jsonl", lines(10));
  EXPECT_EQ(batch_sizes(*open({"generation_id"}, {.max_text_bytes = 16})),
            (std::vector<std::size_t>{4, 4, 2}));
}

TEST_F(Stream, HasNoBatchWhereThereIsNoRecord) {
  write("generation_history.jsonl", "");
  EXPECT_TRUE(batch_sizes(*open({"score"})).empty());
}

TEST_F(Stream, HoldsTheLineAsItStands) {
  write("generation_history.jsonl", lines(2));
  auto stream = open({"record"});
  const auto batch = stream->next().value();
  EXPECT_EQ(batch->columns.front().text,
            R"({"metadata": {"generation_id": "0000"}}{"metadata": {"generation_id": "0001"}})");
}

TEST_F(Stream, CountsWhatColumnsCannotHold) {
  write(
      "generation_history.jsonl",
      R"({"metadata": {"generation_id": "a", "timestamp": "never"}, "validator_feedback": {"score": "high"}})"
      "\nbroken\n"
      R"({"metadata": {"generation_id": "b"}, "validator_feedback": {"score": 0.5}})"
      "\n");
  auto stream = open({"timestamp", "score"});
  const auto batch = stream->next().value();
  EXPECT_EQ(batch->columns[0].num_nulls, 2);
  EXPECT_EQ(batch->columns[1].num_nulls, 1);
  EXPECT_EQ(batch->columns[1].numbers.back(), 0.5);
  EXPECT_FALSE(stream->next().value());
  EXPECT_EQ(stream->counts().num_wrong_type, 1);
  EXPECT_EQ(stream->counts().lines.num_bad_json, 1);
  EXPECT_EQ(stream->counts().lines.num_bad_timestamp, 2);
}

TEST_F(Stream, SaysAtEachCallThatAReadingFailed) {
  write("generation_history.jsonl.gz", "");
  write("generation_history_2025-10.jsonl.gz", "no gzip");
  auto stream = open({"score"});
  EXPECT_EQ(stream->next().error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(stream->next().error().message, "the history could not be read to its end: begin anew");
}

}  // namespace
}  // namespace assay::record_table

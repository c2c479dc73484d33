#include "record_table/arrow_export.h"

#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

namespace assay::record_table {
namespace {

Column text_column() {
  return {.type = ColumnType::kText,
          .num_rows = 2,
          .num_nulls = 1,
          .validity = {0b10},
          .offsets = {0, 0, 3},
          .text = "abc"};
}

Column number_column() {
  return {.type = ColumnType::kNumber, .num_rows = 2, .validity = {0b11}, .numbers = {0.5, 2}};
}

TEST(ExportSchema, NamesTypesThatArrowKnows) {
  const auto columns =
      choose_columns({{"prompt", "miner_config", "miner_uid", "score", "accepted", "timestamp"}});
  ArrowSchema schema = export_schema(*columns);
  EXPECT_STREQ(schema.format, "+s");
  std::string seen;
  for (int i = 0; i < schema.n_children; ++i) {
    EXPECT_EQ(schema.children[i]->flags, ARROW_FLAG_NULLABLE);
    seen += std::string(schema.children[i]->name) + "=" + schema.children[i]->format + " ";
  }
  EXPECT_EQ(seen, "prompt=u miner_config=u miner_uid=l score=g accepted=b timestamp=tsu:UTC ");
  schema.release(&schema);
  EXPECT_EQ(schema.release, nullptr);
}

TEST(ExportBatch, HandsOverBuffersOfEachColumn) {
  RecordBatch batch{.num_rows = 2, .columns = {text_column(), number_column()}};
  const double* const numbers = batch.columns[1].numbers.data();
  ArrowArray array = export_batch(std::move(batch));
  EXPECT_EQ(array.length, 2);
  EXPECT_EQ(array.n_buffers, 1);
  ASSERT_EQ(array.n_children, 2);
  const ArrowArray& text = *array.children[0];
  EXPECT_EQ(text.null_count, 1);
  ASSERT_EQ(text.n_buffers, 3);
  EXPECT_EQ(*static_cast<const std::uint8_t*>(text.buffers[0]), 0b10);
  EXPECT_EQ(static_cast<const std::int32_t*>(text.buffers[1])[2], 3);
  EXPECT_EQ(std::string_view(static_cast<const char*>(text.buffers[2]), 3), "abc");
  const ArrowArray& number = *array.children[1];
  ASSERT_EQ(number.n_buffers, 2);
  EXPECT_EQ(number.buffers[0], nullptr) << "no bitmap where nothing is null";
  EXPECT_EQ(number.buffers[1], numbers) << "not copied";
  array.release(&array);
  EXPECT_EQ(array.release, nullptr);
}

TEST(ExportBatch, LetsAConsumerTakeAChildAway) {
  ArrowArray array = export_batch({.num_rows = 2, .columns = {text_column(), number_column()}});
  ArrowArray taken = *array.children[0];
  array.children[0]->release = nullptr;
  array.release(&array);
  EXPECT_EQ(std::string_view(static_cast<const char*>(taken.buffers[2]), 3), "abc");
  taken.release(&taken);
}

class ExportStream : public ::testing::Test {
 protected:
  void write(std::string_view name, std::string_view text) {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
  }
  ArrowArrayStream open() {
    const StreamOptions options{.columns = choose_columns({{"score"}}).value(), .max_rows = 1};
    auto stream = RecordStream::open(files::posix_file_system(), folder_.path(), options).value();
    return export_stream(std::move(stream), options.columns, [this](const StreamCounts& counts) {
      ++num_ends_;
      num_records_ = counts.lines.num_records;
    });
  }

  files::testing::TemporaryFolder folder_;
  int num_ends_ = 0;
  std::uint64_t num_records_ = 0;
};

TEST_F(ExportStream, GivesBatchAfterBatchAndTellsItsEndOnce) {
  write("generation_history.jsonl", "{}\n{}\n");
  ArrowArrayStream stream = open();
  ArrowSchema schema{};
  ASSERT_EQ(stream.get_schema(&stream, &schema), 0);
  EXPECT_STREQ(schema.children[0]->name, "score");
  schema.release(&schema);
  for (int i = 0; i < 2; ++i) {
    ArrowArray array{};
    ASSERT_EQ(stream.get_next(&stream, &array), 0);
    EXPECT_EQ(array.length, 1);
    EXPECT_EQ(num_ends_, 0);
    array.release(&array);
  }
  for (int i = 0; i < 2; ++i) {
    ArrowArray end{};
    end.release = [](ArrowArray*) {};
    ASSERT_EQ(stream.get_next(&stream, &end), 0);
    EXPECT_EQ(end.release, nullptr);
  }
  EXPECT_EQ(num_ends_, 1);
  EXPECT_EQ(num_records_, 2);
  EXPECT_EQ(stream.get_last_error(&stream), nullptr);
  stream.release(&stream);
  EXPECT_EQ(stream.release, nullptr);
}

TEST_F(ExportStream, OutlivesNothingThatABatchNeeds) {
  write("generation_history.jsonl", R"({"validator_feedback": {"score": 0.5}})");
  ArrowArrayStream stream = open();
  ArrowArray array{};
  ASSERT_EQ(stream.get_next(&stream, &array), 0);
  stream.release(&stream);
  EXPECT_EQ(*static_cast<const double*>(array.children[0]->buffers[1]), 0.5);
  array.release(&array);
}

TEST_F(ExportStream, TellsAFailureInWords) {
  write("generation_history_2025-10.jsonl.gz", "no gzip");
  ArrowArrayStream stream = open();
  ArrowArray array{};
  EXPECT_EQ(stream.get_next(&stream, &array), EIO);
  EXPECT_NE(std::string(stream.get_last_error(&stream)).find("2025-10.jsonl.gz: "),
            std::string::npos);
  stream.release(&stream);
  EXPECT_EQ(num_ends_, 0);
}

}  // namespace
}  // namespace assay::record_table

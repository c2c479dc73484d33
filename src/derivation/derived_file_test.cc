#include "derivation/derived_file.h"

#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

namespace assay::derivation {
namespace {

using files::testing::SimulatedFileSystem;

class DerivedFileTest : public ::testing::Test {
 protected:
  DerivedFileTest() { EXPECT_TRUE(file_system_.create_folders("/data")); }

  void put(std::string_view text) {
    auto file = file_system_.open(kPath, files::OpenMode::kAppend);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->truncate(ByteCount(0)));
    ASSERT_TRUE((*file)->append(as_bytes(text)));
  }
  Result<DerivedFile> open(const DerivedAnchor& anchor, const std::vector<std::string>& lines,
                           const std::string& elsewhere = "") {
    return DerivedFile::open(
        file_system_, kPath, anchor, lines, [](std::string_view line) { return std::string(line); },
        [elsewhere](const std::set<std::string>& keys) -> Result<std::set<std::string>> {
          return keys.contains(elsewhere) ? std::set{elsewhere} : std::set<std::string>();
        });
  }
  // The anchor of a file that holds just this.
  DerivedAnchor anchor_of(std::string_view text) {
    put(text);
    auto file = open({}, {});
    EXPECT_TRUE(file);
    return file->sync().value();
  }
  std::string content() { return file_system_.content(kPath).value_or("(none)"); }

  static constexpr std::string_view kPath = "/data/lines.jsonl";
  SimulatedFileSystem file_system_;
};

TEST_F(DerivedFileTest, AppendsWhatIsMissing) {
  const auto anchor = anchor_of("{\"a\": 1}\n");
  const auto file = open(anchor, {R"({"b": 2})", R"({"c": 3})"});
  ASSERT_TRUE(file);
  EXPECT_EQ(content(), "{\"a\": 1}\n{\"b\": 2}\n{\"c\": 3}\n");
  EXPECT_EQ(file->recovery().num_completed, 2U);
}

TEST_F(DerivedFileTest, DoesNotRepeatWhatIsThere) {
  const auto anchor = anchor_of("");
  put("{\"b\": 2}\n");
  ASSERT_TRUE(open(anchor, {R"({"b": 2})", R"({"c": 3})"}));
  EXPECT_EQ(content(), "{\"b\": 2}\n{\"c\": 3}\n");
}

TEST_F(DerivedFileTest, CutsAHalfOfItsOwnLine) {
  const auto anchor = anchor_of("");
  put("{\"b\": 2}\n{\"c\":");
  const auto file = open(anchor, {R"({"b": 2})", R"({"c": 3})"});
  ASSERT_TRUE(file);
  EXPECT_EQ(content(), "{\"b\": 2}\n{\"c\": 3}\n");
  EXPECT_EQ(file->recovery().cut, ByteCount(5));
}

TEST_F(DerivedFileTest, CutsZerosThatALossOfPowerLeft) {
  const auto anchor = anchor_of("");
  put(std::string("{\"b\0\0\0\0}\n{\"c\": 3}\n", 18));
  ASSERT_TRUE(open(anchor, {R"({"b": 2})", R"({"c": 3})"}));
  EXPECT_EQ(content(), "{\"b\": 2}\n{\"c\": 3}\n");
}

TEST_F(DerivedFileTest, KeepsLinesOfAnotherProgram) {
  const auto anchor = anchor_of("{\"a\": 1}\n");
  put("{\"a\": 1}\n{\"x\": 9}\n{\"y\": 9}");
  const auto file = open(anchor, {R"({"b": 2})"});
  ASSERT_TRUE(file);
  EXPECT_EQ(content(), "{\"a\": 1}\n{\"x\": 9}\n{\"y\": 9}\n{\"b\": 2}\n");
  EXPECT_EQ(file->recovery().foreign_lines,
            (std::vector<std::string>{R"({"x": 9})", R"({"y": 9})"}));
}

TEST_F(DerivedFileTest, CutsNothingWhenAnotherProgramWroteBehindAHalfLine) {
  const auto anchor = anchor_of("");
  put("{\"b\": 2}\n{\"c\":\n{\"x\": 9}\n");
  ASSERT_TRUE(open(anchor, {R"({"b": 2})", R"({"c": 3})"}));
  EXPECT_EQ(content(), "{\"b\": 2}\n{\"c\":\n{\"x\": 9}\n{\"c\": 3}\n");
}

TEST_F(DerivedFileTest, OfAnotherContentIsTakenAsItIs) {
  const auto anchor = anchor_of("{\"a\": 1}\n{\"b\": 2}\n");
  put("{\"rotated\": 1}\nno record\n{\"c\": 3}");
  const auto file = open(anchor, {R"({"c": 3})", R"({"d": 4})", R"({"e": 5})"}, R"({"d": 4})");
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->recovery().was_replaced);
  EXPECT_EQ(content(), "{\"rotated\": 1}\nno record\n{\"c\": 3}\n{\"e\": 5}\n");
}

TEST_F(DerivedFileTest, IsAsBeforeAfterAFullDisk) {
  const auto anchor = anchor_of("{\"a\": 1}\n");
  auto file = open(anchor, {});
  ASSERT_TRUE(file);
  file_system_.set_capacity(ByteCount(12));
  EXPECT_EQ(file->append({R"({"b": 2})"}).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(content(), "{\"a\": 1}\n");
  file_system_.set_capacity(ByteCount(1000));
  EXPECT_TRUE(file->append({R"({"b": 2})"}));
  EXPECT_EQ(content(), "{\"a\": 1}\n{\"b\": 2}\n");
}

}  // namespace
}  // namespace assay::derivation

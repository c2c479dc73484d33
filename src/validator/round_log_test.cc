#include "validator/round_log.h"

#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <vector>

namespace assay::validator {
namespace {

using files::testing::SimulatedFileSystem;

RoundRecord record_of(std::uint64_t challenge) {
  RoundRecord record{
      .challenge = challenge,
      .round = challenge + 100,
      .started = Timestamp(std::chrono::seconds(1'700'000'000)),
      .cell = {.origin = ImageOrigin::kTextToImage, .label = scoring::Label::kPresent},
      .recipe = {.image_name = "Synthetic/t2i/a \"b\".png",
                 .image_hash = crypto::sha256("image"),
                 .augmentation = draw_augmentation(challenge, {.width = 640, .height = 480}),
                 .jpeg_quality = 75,
                 .wire_hash = crypto::sha256("wire")}};
  for (std::size_t i = 0; i < kNumReplyKinds; ++i) {
    const auto kind = static_cast<ReplyKind>(i);
    record.miners.push_back({.uid = static_cast<scoring::Uid>(i),
                             .hotkey = "5H" + std::to_string(i),
                             .reply = {.kind = kind,
                                       .prediction = kind == ReplyKind::kPrediction ? 0.125 : -1,
                                       .http_status = i < 6 ? 200 : 0,
                                       .latency = std::chrono::milliseconds(i * 7),
                                       .detail = i == 0 ? "" : "why"}});
  }
  return record;
}

std::vector<RoundRecord> read_all(files::FileSystem& file_system) {
  std::vector<RoundRecord> records;
  EXPECT_TRUE(RoundLog::open(file_system, "/state", {},
                             [&](const RoundRecord& record) { records.push_back(record); }));
  return records;
}

TEST(RoundRecord, ReadsBackAsItWas) {
  const RoundRecord record = record_of(7);
  const std::string line = to_json(record);
  EXPECT_FALSE(line.contains('\n'));
  const auto again = parse_round_record(line);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(to_json(*again), line);
  EXPECT_EQ(again->miners.size(), kNumReplyKinds);
  EXPECT_EQ(again->miners[0].reply.prediction, 0.125);
  EXPECT_EQ(again->recipe.augmentation.seed, 7U);
}

TEST(RoundRecord, SaysWhatIsWrong) {
  const std::string line = to_json(record_of(7));
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"origin\":\"t2i\"", "\"origin\":\"t2v\""},
           {"\"jpeg_quality\":75", "\"jpeg_quality\":0"},
           {"\"uid\":0", "\"uid\":70000"},
           {"\"reply\":\"declined\"", "\"reply\":\"shy\""},
           {"\"miners\":[", "\"minors\":["}}) {
    std::string changed = line;
    ASSERT_TRUE(changed.contains(from)) << from;
    changed.replace(changed.find(from), from.size(), to);
    EXPECT_FALSE(parse_round_record(changed)) << to;
  }
}

TEST(RoundLog, GoesOnAfterItsLastChallenge) {
  SimulatedFileSystem file_system;
  {
    auto log = RoundLog::open(file_system, "/state", {}, [](const RoundRecord&) {}).value();
    EXPECT_EQ(log.next_challenge(), 1U);
    for (std::uint64_t i = 1; i <= 5; ++i) ASSERT_TRUE(log.append(record_of(i)));
  }
  EXPECT_EQ(read_all(file_system).size(), 5U);
  auto log = RoundLog::open(file_system, "/state", {}, [](const RoundRecord&) {}).value();
  EXPECT_EQ(log.next_challenge(), 6U);
}

TEST(RoundLog, ATornLineIsTakenOff) {
  SimulatedFileSystem file_system;
  {
    auto log = RoundLog::open(file_system, "/state", {}, [](const RoundRecord&) {}).value();
    ASSERT_TRUE(log.append(record_of(1)));
    ASSERT_TRUE(log.append(record_of(2)));
  }
  const std::string whole = *file_system.content("/state/rounds.jsonl");
  ASSERT_TRUE(
      files::write_file(file_system, "/state/rounds.jsonl", whole.substr(0, whole.size() - 10)));
  EXPECT_EQ(read_all(file_system).size(), 1U);
  auto log = RoundLog::open(file_system, "/state", {}, [](const RoundRecord&) {}).value();
  ASSERT_TRUE(log.append(record_of(3)));
  const auto records = read_all(file_system);
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].challenge, 3U);
}

TEST(RoundLog, KeepsTwoFilesAndFindsInBoth) {
  SimulatedFileSystem file_system;
  const std::uint64_t line_size = to_json(record_of(1)).size() + 1;
  const RoundLogOptions options{.max_size = ByteCount(3 * line_size)};
  auto log = RoundLog::open(file_system, "/state", options, [](const RoundRecord&) {}).value();
  for (std::uint64_t i = 1; i <= 14; ++i) ASSERT_TRUE(log.append(record_of(i)));
  EXPECT_TRUE(find_round(file_system, "/state", 14).value());
  EXPECT_TRUE(find_round(file_system, "/state", 10).value());
  EXPECT_FALSE(find_round(file_system, "/state", 1).value());  // gone
  EXPECT_FALSE(find_round(file_system, "/state", 80).value());
  EXPECT_LE(file_system.content("/state/rounds.jsonl")->size(), 4 * line_size);
}

}  // namespace
}  // namespace assay::validator

#include "records/event.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::records {
namespace {

Event event_of(EventBody body) {
  return {.sequence = 0,
          .time = Timestamp(std::chrono::microseconds(1'761'523'200'123'456)),
          .generation_id = "7ff12229-4b4d-4474-a3ea-284d3bd03346",
          .idempotency_key = "key 1",
          .body = std::move(body)};
}

std::vector<EventBody> one_of_each() {
  return {
      Started{.task_type = "IMAGE-TO-3D",
              .prompt = "caf\u00e9 \u2615 \"quoted\" \\ \x01",
              .prompt_length_code_points = 9,
              .image_hash = "sha256:ab",
              .image_file_path = "images/ab.png",
              .miner_uid = 226,
              .miner_version = "v1",
              .validator_uid = -1,
              .validator_hotkey = "5F",
              .network = "mainnet",
              .miner_config = R"({"a": [1, {"b": NaN}], "big": 123456789012345678901234567890})",
              .stores_images = false,
              .stores_ply_files = true},
      EnhancedPrompt{.enhanced_prompt = "better", .negative_prompt = {}},
      TimingLogged{.timing = R"({"total_time": 21.45})"},
      OutputLogged{.output = "{}", .pending_ply_path = "ply_files/pending/x.ply"},
      Submitted{.submission = R"({"submitted": true})"},
      FeedbackReceived{.validator_uid = 57, .validator_hotkey = "5F", .score = 0.1},
      Failed{.error_type = "E", .error_message = "m", .stack_trace = "a\nb"},
      Finished{},
      PlySettled{.outcome = "sampled", .path = "p"},
      ConfigChanged{.changes = R"({"a": {"old": null, "new": 1}})", .reason = "start"}};
}

TEST(Event, ReadsBackWhatItWrote) {
  for (const EventBody& body : one_of_each()) {
    const std::string json = encode_event(event_of(body));
    EXPECT_FALSE(json.contains('\n'));
    const auto decoded = decode_event(json);
    ASSERT_TRUE(decoded) << json << ": " << decoded.error().message;
    EXPECT_EQ(decoded->body.index(), body.index());
    EXPECT_EQ(decoded->time, event_of(body).time);
    EXPECT_EQ(decoded->idempotency_key, "key 1");
    EXPECT_EQ(encode_event(*decoded), json);
  }
}

TEST(Event, NoneIsShorterThanItsBound) {
  for (const EventBody& body : one_of_each()) {
    Event event = event_of(body);
    event.time = Timestamp();
    event.generation_id = "";
    event.idempotency_key = "";
    EXPECT_GE(ByteCount(encode_event(event).size()), kMinEventSize) << encode_event(event);
  }
}

TEST(Event, KeepsTheFormThatJournalsHold) {
  EXPECT_EQ(encode_event(event_of(
                FeedbackReceived{.validator_uid = {}, .validator_hotkey = "5F", .score = 0.65})),
            R"({"version": 1, "event": "feedback", "time": "2025-10-27T00:00:00.123456+00:00", )"
            R"("generation_id": "7ff12229-4b4d-4474-a3ea-284d3bd03346", )"
            R"("idempotency_key": "key 1", "validator_uid": null, "validator_hotkey": "5F", )"
            R"("score": 0.65})");
}

TEST(Event, KeepsALoneSurrogate) {
  const std::string prompt = "a\xed\xa0\x80z";
  const auto decoded = decode_event(
      encode_event(event_of(EnhancedPrompt{.enhanced_prompt = prompt, .negative_prompt = {}})));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<EnhancedPrompt>(decoded->body).enhanced_prompt, prompt);
}

TEST(Event, RefusesWhatIsNone) {
  for (
      const std::string_view json :
      {"", "{", "[]", "{}", "null", R"({"version": 1})",
       R"({"version": 1, "event": "finished", "time": "yesterday", "generation_id": "a"})",
       R"({"version": 1, "event": "danced", "time": "2025-10-27T00:00:00Z", "generation_id": "a"})",
       R"({"version": 1, "event": "timing", "time": "2025-10-27T00:00:00Z", "generation_id": "a"})",
       R"({"version": 1, "event": "timing", "time": "2025-10-27T00:00:00Z", "generation_id": "a", "timing": 3})"}) {
    const auto decoded = decode_event(json);
    ASSERT_FALSE(decoded) << json;
    EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt) << json;
  }
}

TEST(Event, OfALaterVersionIsNoDamage) {
  const auto decoded = decode_event(R"({"version": 2, "event": "sung"})");
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, ErrorCode::kInvalidInput);
}

TEST(GenerationIdTest, RefusesControlCharactersAndLongOnes) {
  EXPECT_TRUE(GenerationId::parse("a b"));
  EXPECT_TRUE(GenerationId::parse(std::string(200, 'x')));
  EXPECT_FALSE(GenerationId::parse(""));
  EXPECT_FALSE(GenerationId::parse(std::string(201, 'x')));
  EXPECT_FALSE(GenerationId::parse("a\nb"));
}

}  // namespace
}  // namespace assay::records

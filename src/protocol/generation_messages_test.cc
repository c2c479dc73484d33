#include "protocol/generation_messages.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::protocol {
namespace {

TEST(GenerationRequest, ReadsBackWhatItWrites) {
  const auto request = parse_generation_request(
      write_generation_request({.prompt = "a \"road\"\nin rain \xc3\xa9", .resolution = "2K"}));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->prompt, "a \"road\"\nin rain \xc3\xa9");
  EXPECT_EQ(request->resolution, "2K");
  EXPECT_EQ(parse_generation_request(R"({"prompt": "p"})")->resolution, "");
}

TEST(GenerationRequest, RefusesWhatIsNone) {
  for (const std::string& body :
       {std::string("{"), std::string("{}"), std::string(R"({"prompt": ""})"),
        std::string(R"({"prompt": 5})"), R"({"prompt": ")" + std::string(9000, 'x') + "\"}",
        std::string(R"({"prompt": "p", "parameters": []})"),
        std::string(R"({"prompt": "p", "parameters": {"resolution": "8K"}})"),
        std::string(R"({"prompt": "p", "parameters": {"resolution": 1024}})")}) {
    const auto request = parse_generation_request(body);
    ASSERT_FALSE(request) << body;
    EXPECT_EQ(request.error().code, ErrorCode::kInvalidInput) << body;
  }
  EXPECT_EQ(parse_generation_request(std::string(70'000, ' ')).error().code, ErrorCode::kExhausted);
}

TEST(JobAccepted, ANameIsNoPath) {
  EXPECT_EQ(parse_job_accepted(write_job_accepted("3f2a-b_1")).value(), "3f2a-b_1");
  for (const std::string id : {"", "../x", "a/b", "a b", "a.b", "\xc3\xa9"}) {
    EXPECT_FALSE(parse_job_accepted(write_job_accepted(id))) << id;
  }
  EXPECT_FALSE(parse_job_accepted(write_job_accepted(std::string(129, 'a'))));
}

TEST(GenerationCallback, ReadsBackWhatItWrites) {
  const auto done =
      parse_generation_callback(write_generation_callback({.task_id = "t1",
                                                           .outcome = JobOutcome::kCompleted,
                                                           .has_image = true,
                                                           .image_uri = "s3://bucket/a.png"}));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->outcome, JobOutcome::kCompleted);
  EXPECT_TRUE(done->has_image);
  EXPECT_EQ(done->image_uri, "s3://bucket/a.png");
  const auto failed =
      parse_generation_callback(write_generation_callback({.task_id = "t1", .reason = "no GPU"}));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->outcome, JobOutcome::kFailed);
  EXPECT_EQ(failed->reason, "no GPU");
}

TEST(GenerationCallback, AClaimIsWholeOrRefused) {
  for (const std::string_view body :
       {R"({"task_id":"t","status":"completed","has_image":true})",
        R"({"task_id":"t","status":"completed","has_image":false,"image_uri":"s3://a/b"})",
        R"({"task_id":"t","status":"completed","has_image":"true","image_uri":"s3://a/b"})",
        R"({"task_id":"t","status":"completed"})",
        R"({"task_id":"t","status":"done","has_image":false})",
        R"({"status":"failed","has_image":false})",
        R"({"task_id":"t","status":"failed","has_image":false,"reason":"a\nb"})"}) {
    EXPECT_FALSE(parse_generation_callback(body)) << body;
  }
}

}  // namespace
}  // namespace assay::protocol

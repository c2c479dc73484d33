#include "protocol/image_messages.h"

#include "json/value.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::protocol {
namespace {

std::string image_of(std::string_view body, const ImageLimits& limits = {}) {
  const auto request = parse_image_request(body, limits);
  if (request) return std::string(as_text(request->image));
  return request.error().code == ErrorCode::kExhausted ? "too large" : "refused";
}

std::string outcome_of(std::string_view body) {
  const ImageAnswer answer = read_image_answer(body);
  if (answer.kind == AnswerKind::kPrediction) return std::to_string(answer.prediction);
  EXPECT_EQ(answer.prediction, kNoPrediction);
  return std::string(to_string(answer.kind));
}

TEST(ImageRequest, ReadsBackWhatItWritesAndTellsNoLabel) {
  const std::string body = write_image_request(as_bytes("jpeg"), std::chrono::seconds(9));
  EXPECT_EQ(image_of(body), "jpeg");
  const auto value = json::parse(body);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->require_integer("testnet_label").value(), -1);
  EXPECT_EQ(value->require_text("name").value(), "ImageSynapse");
  EXPECT_EQ(value->require_number("timeout").value(), 9.0);
}

TEST(ImageRequest, AnImageAloneIsARequest) {
  EXPECT_EQ(image_of(R"({"image": "anBlZw=="})"), "jpeg");
  EXPECT_EQ(image_of(R"({"image": "anBlZw==", "prediction": 0.9, "x": [1]})"), "jpeg");
}

TEST(ImageRequest, RefusesWhatHasNoImage) {
  for (const std::string_view body :
       {"", "{", "[]", "null", "{}", R"({"image": ""})", R"({"image": 5})", R"({"image": null})",
        R"({"image": ["a"]})", R"({"image": "no base64!"})", R"({"image": "anBlZw="})"}) {
    EXPECT_EQ(image_of(body), "refused") << body;
  }
}

// The image is looked for before the rest is read: whatever stands around it, the answer is that of
// who reads all of it.
TEST(ImageRequest, WhereTheImageStandsChangesNothing) {
  EXPECT_EQ(image_of("{ \"image\" :\n \"anBlZw==\" }"), "jpeg");
  EXPECT_EQ(image_of(R"({"a": {"image": "AAAA"}, "image": "anBlZw=="})"), "jpeg");
  EXPECT_EQ(image_of(R"({"a": "image", "image": "anBlZw=="})"), "jpeg");
  EXPECT_EQ(image_of(R"({"a": "~", "image": "anBlZw=="})"), "jpeg");
  EXPECT_EQ(image_of(R"({"a": "\"image\": \"", "image": "anBlZw=="})"), "jpeg");
  EXPECT_EQ(image_of(R"({"image": "\u0061nBlZw=="})"), "jpeg");
  // The last of two of one name wins, as everywhere.
  EXPECT_EQ(image_of(R"({"image": "AAAA", "image": "anBlZw=="})"), "jpeg");
  for (const std::string_view body :
       {R"({"image": "anBlZw==", "image": 5})", R"({"image": "anBlZw==", "image": "~"})",
        R"({"image": "anBlZw==", "image": "\u007e"})", R"({"a": {"image": "anBlZw=="}})",
        R"(["image", "anBlZw=="])", R"({"image": "anBlZw=="} {})", R"({"image": "anBlZw==")",
        R"({"a": "image": "anBlZw=="})", R"({"image": ""anBlZw=="})", R"({"image": "an"BlZw=="})",
        R"("image": "anBlZw==")", R"({"image" "anBlZw=="})", R"({"image": "~"})",
        "{\"image\": \"anBl\nZw==\"}", R"({"image": "anBlZw==", "a": 1e999})",
        R"({"image": "anBlZw==", "a": [[[[[[[[[[1]]]]]]]]]]})"}) {
    EXPECT_NE(image_of(body), "jpeg") << body;
  }
}

TEST(ImageRequest, RefusesMoreThanTheLimit) {
  const ImageLimits limits{.max_image = ByteCount(30)};
  const auto body_of = [](std::size_t size) {
    return write_image_request(as_bytes(std::string(size, 'x')), std::chrono::seconds(9));
  };
  EXPECT_EQ(image_of(body_of(30), limits), std::string(30, 'x'));
  EXPECT_EQ(image_of(body_of(31), limits), "too large");
  EXPECT_EQ(image_of(body_of(200'000), limits), "too large");
}

TEST(ImageAnswer, ReadsBackWhatItWrites) {
  EXPECT_EQ(outcome_of(write_image_answer(0.25)), "0.250000");
  EXPECT_EQ(outcome_of(write_image_answer(kNoPrediction)), "declined");
}

TEST(ImageAnswer, ReadsWhatARealMinerSends) {
  EXPECT_EQ(
      outcome_of(R"({"name":"ImageSynapse","timeout":9.0,"axon":{"status_code":200,"port":18620},)"
                 R"("testnet_label":-1,"image":"/9j/","prediction":0.25})"),
      "0.250000");
  EXPECT_EQ(outcome_of(R"({"prediction": 1})"), "1.000000");
  EXPECT_EQ(outcome_of(R"({"prediction": 0})"), "0.000000");
}

TEST(ImageAnswer, WhatIsWrongIsToldApart) {
  EXPECT_EQ(outcome_of(""), "unreadable");
  EXPECT_EQ(outcome_of("[0.5]"), "unreadable");
  EXPECT_EQ(outcome_of("{}"), "unreadable");
  EXPECT_EQ(outcome_of(R"({"prediction": null})"), "declined");
  EXPECT_EQ(outcome_of(R"({"prediction": -1.0})"), "declined");
  EXPECT_EQ(outcome_of(R"({"prediction": "0.5"})"), "wrong type");
  EXPECT_EQ(outcome_of(R"({"prediction": [0.5]})"), "wrong type");
  EXPECT_EQ(outcome_of(R"({"prediction": true})"), "wrong type");
  EXPECT_EQ(outcome_of(R"({"prediction": NaN})"), "not finite");
  EXPECT_EQ(outcome_of(R"({"prediction": -Infinity})"), "not finite");
  EXPECT_EQ(outcome_of(R"({"prediction": 1.4})"), "out of range");
  EXPECT_EQ(outcome_of(R"({"prediction": -0.25})"), "out of range");
  EXPECT_EQ(outcome_of(R"({"prediction": 5})"), "out of range");
}

TEST(ImageAnswer, ABodyOverTheLimitIsNotRead) {
  EXPECT_EQ(read_image_answer(write_image_answer(0.5), ByteCount(10)).kind,
            AnswerKind::kUnreadable);
}

}  // namespace
}  // namespace assay::protocol

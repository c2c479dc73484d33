#include "miner/detector_address.h"

#include <gtest/gtest.h>

namespace assay::miner {
namespace {

TEST(DetectorAddress, ReadsItsKinds) {
  EXPECT_EQ(parse_detector_address("scene")->kind, DetectorKind::kScene);
  for (const char* text : {"http:http://h:9/judge", "http://h:9/judge"}) {
    EXPECT_EQ(parse_detector_address(text)->kind, DetectorKind::kHttp);
    EXPECT_EQ(parse_detector_address(text)->target, "http://h:9/judge");
  }
  EXPECT_EQ(parse_detector_address("command:judge --fast")->target, "judge --fast");
  EXPECT_EQ(parse_detector_address("onnx:models/a b")->kind, DetectorKind::kOnnx);
  EXPECT_EQ(parse_detector_address("onnx:models/a b")->target, "models/a b");
  EXPECT_EQ(parse_detector_address("ir:/m/x.xml")->kind, DetectorKind::kIr);
}

TEST(DetectorAddress, RefusesAllElse) {
  for (const char* text : {"", "Scene", "command:", "command:  ", "http:", "http:h", "ftp://h/",
                           "s3://bucket/key", "onnx:", "ir:", "ONNX:model"}) {
    EXPECT_EQ(parse_detector_address(text).error().code, ErrorCode::kInvalidInput) << text;
  }
}

}  // namespace
}  // namespace assay::miner

#include "app/job_image_maker.h"

#include "core/clock.h"
#include "core/random.h"
#include "crypto/base64.h"
#include "generators/service_generator.h"
#include "generators/template_prompts.h"
#include "images/encode.h"
#include "images/scene.h"
#include "json/value.h"
#include "net/testing/fake_transport.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace assay::app {
namespace {

using net::testing::FakeTransport;

/// A service of images whose answers the test gives.
class JobImageMakerTest : public ::testing::Test {
 protected:
  JobImageMakerTest() {
    OpenedGenerator opened;
    opened.transport = std::make_unique<FakeTransport>([this](const net::HttpRequest& request) {
      asked_.push_back(request.body);
      return Result<net::HttpResponse>(net::HttpResponse{.status = 200, .body = answer_});
    });
    opened.prompts = std::make_unique<generators::TemplatePrompts>();
    auto service = generators::Service::create(
        {.transport = *opened.transport, .clock = system_clock(), .random = random_},
        {.endpoint = net::Url::parse("http://127.0.0.1:9").value()});
    opened.generator = std::make_unique<generators::ServiceGenerator>(
        std::move(service.value()),
        generators::ServiceModel{.api = generators::ImageApi::kA1111, .name = "sd15"},
        *opened.prompts);
    maker_ = std::make_unique<JobImageMaker>(std::move(opened));
  }

  SeededRandom random_{1};
  std::string answer_;
  std::vector<std::string> asked_;
  std::unique_ptr<JobImageMaker> maker_;
};

TEST_F(JobImageMakerTest, HandsTheOrdersPromptSeedAndSizeOn) {
  const images::Image image = images::draw_scene(images::plan_scene(3, images::SceneLabel::kNone),
                                                 {.width = 96, .height = 64});
  answer_ =
      R"({"images": [")" + crypto::base64_encode(images::encode_png(image).value()) + R"("]})";
  const auto made = maker_->make(
      {.prompt = "a road at dusk", .seed = 77, .size = {.width = 96, .height = 64}}, {});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->size(), image.size());
  ASSERT_EQ(asked_.size(), 1U);
  const auto body = json::parse(asked_[0]).value();
  EXPECT_EQ(body.require_text("prompt").value_or(""), "a road at dusk");
  EXPECT_EQ(body.require_integer("seed").value_or(0), 77);
  EXPECT_EQ(body.require_integer("width").value_or(0), 96);
  EXPECT_EQ(maker_->name(), "http (sd15)");
}

TEST_F(JobImageMakerTest, AnAnswerThatIsNoImageIsAnError) {
  answer_ = R"({"images": ["bm9uZQ=="]})";
  const auto made = maker_->make({.prompt = "a road", .size = {.width = 96, .height = 64}}, {});
  EXPECT_EQ(made.error().code, ErrorCode::kCorrupt);
}

TEST(OpenImageMaker, DrawsWhatAPromptSaysWithoutAGenerator) {
  const auto maker = open_image_maker({}, {});
  ASSERT_TRUE(maker);
  EXPECT_EQ((*maker)->name(), "scene");
  const miner::ImageOrder order{
      .prompt = "a highway", .seed = 5, .size = {.width = 80, .height = 64}};
  EXPECT_EQ((*maker)->make(order, {})->size(), (images::ImageSize{.width = 80, .height = 64}));
}

TEST(OpenImageMaker, NamesTheFlagsOfWhoAsks) {
  GeneratorChoices choices{.provider = ImageProvider::kHttp, .endpoint_flag = "--generator"};
  choices.service.endpoint = "http://example.com/";
  choices.service.key_file = "/nowhere/key";
  choices.key_flag = "--generator-key-file";
  const auto maker = open_image_maker(choices, {});
  EXPECT_EQ(maker.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(maker.error().message.contains("--generator-key-file")) << maker.error().message;
}

}  // namespace
}  // namespace assay::app

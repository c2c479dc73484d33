#include "generators/service_generator.h"

#include "core/testing/fake_clock.h"
#include "crypto/base64.h"
#include "generators/template_prompts.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/scene.h"
#include "json/value.h"
#include "net/testing/fake_transport.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace assay::generators {
namespace {

using net::HttpRequest;
using net::HttpResponse;

std::vector<std::byte> picture(images::ImageSize size, std::uint64_t seed = 3) {
  return images::encode_png(
             images::draw_scene(images::plan_scene(seed, images::SceneLabel::kNone), size))
      .value();
}

std::string base64_picture(images::ImageSize size) { return crypto::base64_encode(picture(size)); }

json::Value::List images_in(const json::Value* value) {
  return value != nullptr && value->list() != nullptr ? *value->list() : json::Value::List();
}

struct ServiceGeneratorFixture {
  explicit ServiceGeneratorFixture(net::testing::FakeTransport::Answer answer)
      : transport(std::move(answer)) {}

  ServiceGenerator open(ServiceModel model) {
    return {Service::create({.transport = transport, .clock = clock, .random = random},
                            {.endpoint = net::Url::parse("http://127.0.0.1:7860").value()})
                .value(),
            std::move(model), prompts};
  }

  assay::testing::FakeClock clock;
  SeededRandom random{1};
  net::testing::FakeTransport transport;
  TemplatePrompts prompts;
};

cache::GenerationRequest from_text(images::ImageSize size) {
  return {.seed = 0x1'0000'0005, .size = size};
}

cache::GenerationRequest from_image(images::ImageSize size) {
  cache::GenerationRequest request{.seed = 5, .size = size};
  request.source = cache::GenerationSource{.name = "photo.png", .size = size};
  request.source->encoded = picture(size);
  return request;
}

constexpr images::ImageSize kSize{.width = 128, .height = 72};

TEST(ServiceGenerator, AsksTheApiOfOpenAiForAnImage) {
  ServiceGeneratorFixture fixture([](const HttpRequest&) {
    return HttpResponse{.status = 200,
                        .body = fmt::format(R"({{"created": 1, "data": [{{"b64_json": "{}"}}]}})",
                                            base64_picture(kSize))};
  });
  const auto image = fixture.open({.name = "painter"}).generate(from_text(kSize), "a road", {}, {});
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->image.size(), kSize);
  const HttpRequest request = fixture.transport.requests().at(0);
  EXPECT_EQ(request.url.path(), "/v1/images/generations");
  const auto body = json::parse(request.body);
  EXPECT_EQ(body->require_text("prompt").value(), "a road");
  EXPECT_EQ(body->require_text("model").value(), "painter");
  EXPECT_EQ(body->require_text("size").value(), "128x72");
  EXPECT_EQ(body->require_text("response_format").value(), "b64_json");
}

TEST(ServiceGenerator, DoesNotNameTheFormToModelsThatRefuseIt) {
  ServiceGeneratorFixture fixture(
      [](const HttpRequest&) { return HttpResponse{.status = 200, .body = "{}"}; });
  ASSERT_FALSE(fixture.open({.name = "gpt-image-1"}).generate(from_text(kSize), "a road", {}, {}));
  EXPECT_FALSE(fixture.transport.requests().at(0).body.contains("response_format"));
}

TEST(ServiceGenerator, FetchesAnImageThatIsSomewhereElse) {
  ServiceGeneratorFixture fixture([](const HttpRequest& request) {
    if (request.method == net::HttpMethod::kGet) {
      const auto bytes = picture(kSize);
      return HttpResponse{.status = 200,
                          .body = {reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
    }
    return HttpResponse{.status = 200,
                        .body = R"({"data": [{"url": "http://127.0.0.1:7860/files/1.png"}]})"};
  });
  const auto image = fixture.open({}).generate(from_text(kSize), "a road", {}, {});
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->image.size(), kSize);
}

TEST(ServiceGenerator, AsksTheApiOfA1111WithAllSettings) {
  ServiceGeneratorFixture fixture([](const HttpRequest&) {
    return HttpResponse{.status = 200,
                        .body = fmt::format(R"({{"images": ["data:image/png;base64,{}"]}})",
                                            base64_picture(kSize))};
  });
  const ServiceGenerator generator = fixture.open({.api = ImageApi::kA1111,
                                                   .name = "sd15.safetensors",
                                                   .settings = {.steps = 20,
                                                                .guidance = 7.5,
                                                                .strength = 0.6,
                                                                .scheduler = "Euler a",
                                                                .negative_prompt = "blurry"}});
  const auto made = generator.generate(from_text(kSize), "a road", {}, {});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->seed, 5U) << "what was sent";
  ASSERT_TRUE(generator.generate(from_image(kSize), "a road", {}, {}));
  const auto requests = fixture.transport.requests();
  EXPECT_EQ(requests[0].url.path(), "/sdapi/v1/txt2img");
  const auto text = json::parse(requests[0].body);
  EXPECT_EQ(text->require_integer("steps").value(), 20);
  EXPECT_EQ(text->require_integer("seed").value(), 5) << "32 bits of it";
  EXPECT_EQ(text->require_number("cfg_scale").value(), 7.5);
  EXPECT_EQ(text->require_text("sampler_name").value(), "Euler a");
  EXPECT_EQ(text->require_text("negative_prompt").value(), "blurry");
  EXPECT_EQ(text->find("denoising_strength"), nullptr);
  EXPECT_EQ(requests[1].url.path(), "/sdapi/v1/img2img");
  const auto source = json::parse(requests[1].body);
  EXPECT_EQ(source->require_number("denoising_strength").value(), 0.6);
  const json::Value first = images_in(source->find("init_images")).at(0);
  ASSERT_NE(first.text(), nullptr);
  const auto sent = crypto::base64_decode(*first.text());
  EXPECT_EQ(images::decode(*sent)->size(), kSize);
}

TEST(ServiceGenerator, TellsTheSeedThatA1111SaysItUsed) {
  for (const auto& [info, seed] : {std::pair(R"("{\"seed\": 4294967301}")", 4294967301U),
                                   std::pair(R"("{\"seed\": -1}")", 5UL), std::pair(R"("{}")", 5UL),
                                   std::pair(R"("no json")", 5UL), std::pair("7", 5UL)}) {
    ServiceGeneratorFixture fixture([&](const HttpRequest&) {
      return HttpResponse{
          .status = 200,
          .body = fmt::format(R"({{"images": ["{}"], "info": {}}})", base64_picture(kSize), info)};
    });
    const ServiceGenerator generator = fixture.open({.api = ImageApi::kA1111});
    for (const auto& request : {from_text(kSize), from_image(kSize)}) {
      const auto made = generator.generate(request, "a road", {}, {});
      ASSERT_TRUE(made) << made.error().message;
      EXPECT_EQ(made->seed, seed) << info;
    }
  }
}

TEST(ServiceGenerator, SendsASourceInAFrameAndTakesItOutAgain) {
  ServiceGeneratorFixture fixture([](const HttpRequest& request) {
    EXPECT_TRUE(request.body.contains("name=\"image\"; filename=\"source.png\""));
    EXPECT_TRUE(request.body.contains("name=\"size\"\r\n\r\n104x72\r\n"));
    return HttpResponse{.status = 200,
                        .body = fmt::format(R"({{"data": [{{"b64_json": "{}"}}]}})",
                                            base64_picture({.width = 208, .height = 144}))};
  });
  const auto image =
      fixture.open({}).generate(from_image({.width = 101, .height = 70}), "a road", {}, {});
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->image.size(), (images::ImageSize{.width = 202, .height = 140}))
      << "the inner part of 104 x 72, as large as the service gave it";
  EXPECT_EQ(fixture.transport.requests().at(0).url.path(), "/v1/images/edits");
}

TEST(ServiceGenerator, RefusesAnImageOfAnotherAspectRatioThanItsSource) {
  ServiceGeneratorFixture fixture([](const HttpRequest&) {
    return HttpResponse{.status = 200,
                        .body = fmt::format(R"({{"data": [{{"b64_json": "{}"}}]}})",
                                            base64_picture({.width = 96, .height = 96}))};
  });
  const auto image = fixture.open({}).generate(from_image(kSize), "a road", {}, {});
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(image.error().message.contains("gave 96 x 96 for a source of 128 x 72"));
}

TEST(ServiceGenerator, CallsEveryBadAnswerCorrupt) {
  for (const char* body :
       {"{}", "[]", "null", R"({"data": []})", R"({"data": {}})", R"({"data": [3]})",
        R"({"data": [{"b64_json": ""}]})", R"({"data": [{"b64_json": "***"}]})",
        R"({"data": [{"b64_json": "aGVsbG8="}]})", R"({"data": [{"b64_json": "data:"}]})",
        R"({"data": [{"url": "file:///etc/passwd"}]})", "no json"}) {
    ServiceGeneratorFixture fixture(
        [&](const HttpRequest&) { return HttpResponse{.status = 200, .body = body}; });
    const auto image = fixture.open({}).generate(from_text(kSize), "a road", {}, {});
    ASSERT_FALSE(image) << body;
    EXPECT_EQ(image.error().code, ErrorCode::kCorrupt) << body << image.error().message;
  }
  for (const char* body :
       {"{}", R"({"images": []})", R"({"images": [{}]})", R"({"images": [""]})"}) {
    ServiceGeneratorFixture fixture(
        [&](const HttpRequest&) { return HttpResponse{.status = 200, .body = body}; });
    const auto image =
        fixture.open({.api = ImageApi::kA1111}).generate(from_text(kSize), "", {}, {});
    ASSERT_FALSE(image) << body;
    EXPECT_EQ(image.error().code, ErrorCode::kCorrupt) << body;
  }
}

TEST(ServiceGenerator, TellsApartInItsNamesWhatDecidesHowImagesLook) {
  ServiceGeneratorFixture fixture([](const HttpRequest&) { return HttpResponse{}; });
  const auto variant = [&](ServiceModel model) {
    return fixture.open(std::move(model)).capabilities().variant;
  };
  EXPECT_EQ(variant({.name = "a"}), variant({.name = "a"}));
  EXPECT_NE(variant({.name = "a"}), variant({.name = "b"}));
  EXPECT_NE(variant({.settings = {.steps = 4}}), variant({.settings = {.steps = 5}}));
}

}  // namespace
}  // namespace assay::generators

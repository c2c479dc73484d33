#include "generators/chat_prompts.h"

#include "core/testing/fake_clock.h"
#include "crypto/base64.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/scene.h"
#include "net/testing/fake_transport.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace assay::generators {
namespace {

using net::HttpRequest;
using net::HttpResponse;

json::Value::List list_in(const json::Value* value) {
  return value != nullptr && value->list() != nullptr ? *value->list() : json::Value::List();
}

struct ChatPromptsFixture {
  explicit ChatPromptsFixture(std::string body)
      : transport([body = std::move(body)](const HttpRequest&) {
          return HttpResponse{.status = 200, .body = body};
        }) {}

  Result<std::string> write(const cache::PromptRequest& request) {
    auto service = Service::create({.transport = transport, .clock = clock, .random = random},
                                   {.endpoint = net::Url::parse("http://127.0.0.1:8000").value()});
    return ChatPrompts(std::move(*service), "see-and-say").write(request, {});
  }
  /// Of the request: the parts of the user's message.
  json::Value::List parts() const {
    const auto body = json::parse(transport.requests().at(0).body);
    return list_in(list_in(body->find("messages")).at(1).find("content"));
  }

  assay::testing::FakeClock clock;
  SeededRandom random{1};
  net::testing::FakeTransport transport;
};

std::string answer_of(std::string_view content) {
  return R"({"choices": [{"message": {"role": "assistant", "content": )" + std::string(content) +
         "}}]}";
}

TEST(ChatPrompts, ShowAPhotoAndSayWhatTheImageIsToShow) {
  ChatPromptsFixture fixture(answer_of(R"("  \"A street\nat dusk.\" ")"));
  const auto photo = images::encode_png(images::draw_scene(
      images::plan_scene(1, images::SceneLabel::kNone), {.width = 1600, .height = 900}));
  const auto prompt = fixture.write({.label = cache::Label::kRoadwork, .seed = 4, .image = *photo});
  ASSERT_TRUE(prompt) << prompt.error().message;
  EXPECT_EQ(*prompt, "A street at dusk.");
  EXPECT_EQ(fixture.transport.requests().at(0).url.path(), "/v1/chat/completions");
  const json::Value::List parts = fixture.parts();
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_TRUE(parts[0].require_text("text")->contains("road works in progress"));
  const json::Value* const image = parts[1].find("image_url");
  ASSERT_NE(image, nullptr);
  const std::string address = image->require_text("url").value();
  constexpr std::string_view kStart = "data:image/jpeg;base64,";
  ASSERT_TRUE(address.starts_with(kStart));
  const auto sent =
      images::decode(*crypto::base64_decode(std::string_view(address).substr(kStart.size())));
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->size(), (images::ImageSize{.width = 768, .height = 432}));
}

TEST(ChatPrompts, DoWithoutAPhoto) {
  ChatPromptsFixture fixture(answer_of(R"([{"type": "text", "text": "An open road."}])"));
  EXPECT_EQ(fixture.write({.label = cache::Label::kNone}).value(), "An open road.");
  EXPECT_EQ(fixture.parts().size(), 1U);
}

TEST(ChatPrompts, RefuseAnAnswerWithoutWordsOrWithTooMany) {
  const std::string long_answer = answer_of('"' + std::string(5000, 'a') + '"');
  for (const std::string& body :
       {std::string("{}"), std::string(R"({"choices": []})"), std::string(R"({"choices": [3]})"),
        answer_of("null"), answer_of("\" \\n \""), answer_of("[]"), long_answer}) {
    ChatPromptsFixture fixture(body);
    const auto prompt = fixture.write({});
    ASSERT_FALSE(prompt) << body;
    EXPECT_EQ(prompt.error().code, ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace assay::generators

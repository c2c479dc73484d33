#include "organic/testing/scripted_line.h"

#include "crypto/base64.h"
#include "images/encode.h"
#include "images/testing/pictures.h"

#include <fmt/format.h>

namespace assay::organic::testing {

std::vector<Miner> some_miners(std::uint16_t count) {
  std::vector<Miner> made;
  for (std::uint16_t uid = 0; uid < count; ++uid) {
    keys::AccountId account{};
    account[0] = static_cast<std::byte>(uid + 1);
    made.push_back({.uid = uid,
                    .hotkey = keys::Hotkey(account),
                    .coldkey = fmt::format("cold-{}", uid),
                    .ip = "127.0.0.1",
                    .port = 1});
  }
  return made;
}

std::string picture_body(std::uint64_t number, bool is_rich) {
  const auto image =
      images::encode_jpeg(images::testing::picture({.width = 32, .height = 24}, number));
  return fmt::format(R"({{"image": "{}"{}}})", crypto::base64_encode(image.value()),
                     is_rich ? R"(, "rich": "true")" : "");
}

Result<std::vector<MinerAnswer>> ScriptedLine::ask(std::span<const PlannedAsk> plan,
                                                   std::shared_ptr<const std::string> body) {
  {
    const std::scoped_lock lock(mutex_);
    plans_.emplace_back(plan.begin(), plan.end());
    last_body_ = *body;
  }
  if (script_) return script_(plan);
  return std::vector<MinerAnswer>(plan.size(), MinerAnswer{.prediction = 0.75});
}

std::vector<std::vector<PlannedAsk>> ScriptedLine::plans() const {
  const std::scoped_lock lock(mutex_);
  return plans_;
}

std::string ScriptedLine::last_body() const {
  const std::scoped_lock lock(mutex_);
  return last_body_;
}

}  // namespace assay::organic::testing

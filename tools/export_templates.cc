#include "tools/export_templates.h"

#include "core/check.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>

namespace assay::tools {

namespace {

constexpr int kNumJobs = 7884;
constexpr int kNumMissing = 3779;
constexpr std::size_t kNumHotkeys = 240;
constexpr std::size_t kUnknownMiner = 7;  // its hotkeys are null, empty or UNKNOWN

constexpr int kNull = static_cast<int>(UriKind::kNull);
constexpr int kObject = static_cast<int>(UriKind::kObject);
constexpr int kEarlierObject = static_cast<int>(UriKind::kEarlierObject);

// A kind of row, and how often it is drawn.
struct Shape {
  bool has_response;
  bool has_callback;
  std::optional<bool> has_image;
  int uri;
  bool has_callback_uri;
  int weight;
};

constexpr std::array kMissingShapes = {
    Shape{true, true, false, kNull, false, 40},
    Shape{true, true, false, kObject, true, 12},
    Shape{false, false, std::nullopt, kNull, false, 12},
    Shape{true, false, std::nullopt, kNull, false, 8},
    Shape{true, false, std::nullopt, 0, false, 4},
    Shape{true, false, std::nullopt, 1, false, 3},
    Shape{true, true, std::nullopt, kNull, false, 6},
    Shape{true, true, std::nullopt, 2, false, 3},
    Shape{true, true, std::nullopt, 3, false, 3},
    Shape{true, true, std::nullopt, kNull, true, 5},
    Shape{true, true, false, 5, false, 2},
    Shape{true, true, std::nullopt, 0, true, 2},
};

constexpr std::array kPresentShapes = {
    Shape{true, true, true, kObject, true, 70},
    Shape{true, true, true, kEarlierObject, true, 6},
    Shape{true, true, true, kNull, false, 3},
    Shape{true, true, true, 1, false, 2},
    Shape{true, true, std::nullopt, kObject, false, 5},
    Shape{true, false, std::nullopt, kObject, false, 4},
    Shape{true, false, std::nullopt, 5, false, 2},
    Shape{true, true, std::nullopt, 4, false, 2},
    Shape{true, true, true, 6, false, 1},
    Shape{true, true, true, 7, false, 1},
    Shape{true, true, true, 8, false, 1},
    Shape{true, true, true, 9, false, 1},
    Shape{true, true, true, 10, false, 1},
    Shape{true, true, true, 11, false, 1},
};

const Shape& draw(std::span<const Shape> shapes, RandomSource& random) {
  const int total = std::accumulate(shapes.begin(), shapes.end(), 0,
                                    [](int sum, const Shape& shape) { return sum + shape.weight; });
  auto left = static_cast<int>(random.below(static_cast<std::uint64_t>(total)));
  for (const Shape& shape : shapes) {
    left -= shape.weight;
    if (left < 0) return shape;
  }
  return shapes.back();
}

// How many jobs of a miner have no image, and how many of those say success.
struct Quota {
  int missing;
  int success;
};

std::vector<Quota> quotas() {
  // Suspects: four at the edges of the rule, and 25 well within.
  std::vector<Quota> all = {{50, 25}, {50, 50}, {51, 26}, {280, 141}};
  for (int i = 0; i < 25; ++i) {
    const int missing = 50 + (i * 37) % 60;
    const int percent = 50 + ((i + 4) * 11) % 51;
    all.push_back({missing, std::min(missing, missing * percent / 100 + 1)});
  }
  // Too small a share of successes, by little and by much.
  all.insert(all.end(), {{101, 50}, {50, 24}, {100, 49}, {50, 0}});
  for (int i = 0; i < 11; ++i) all.push_back({60 + i * 3, (60 + i * 3) * (i * 4) / 100});
  // Too few.
  all.insert(all.end(), {{49, 49}, {49, 25}, {1, 1}, {1, 0}, {2, 1}});
  for (int i = 0; i < 9; ++i) all.push_back({10 + i, (10 + i) / (1 + i % 3)});
  // One large miner who fails honestly takes the rest.
  int rest = kNumMissing;
  for (const Quota& quota : all) rest -= quota.missing;
  CHECK(rest > 0, "the quotas leave nothing for the last miner");
  all.push_back({rest, rest / 5});
  return all;
}

std::vector<std::string> hotkeys(RandomSource& random) {
  std::vector<std::string> all;
  all.reserve(kNumHotkeys);
  for (std::size_t i = 0; i < kNumHotkeys; ++i) all.push_back(random_hotkey(random));
  all[3] = "hk,with \"quotes\"";
  all[30] = " ";
  all[40] = "unknown";
  all[45] = "h\u00f6tkey";
  all[50] = "hk\nnl";
  return all;
}

constexpr std::array<std::string_view, 12> kSpecialUris = {
    "",
    "   ",
    "\t\r\n ",
    "\u00a0\u2003\u3000\x1c",
    "\u200b",
    "https://cdn.example/x.png",
    "gs://bucketonly",
    "gs://img-bucket-a/",
    " gs://img-bucket-a/lead.png",
    "gs://img-bucket-a/ padded.png ",
    "GS://img-bucket-a/upper.png",
    "gs://img-bucket-a/uml\u00e4ut %2F#?+.png",
};

JobTemplate job(std::optional<std::string> hotkey, std::optional<std::string> status,
                const Shape& shape) {
  return {std::move(hotkey), std::move(status), shape.has_response,    shape.has_callback,
          shape.has_image,   shape.uri,         shape.has_callback_uri};
}

}  // namespace

std::span<const std::string_view> special_uris() { return kSpecialUris; }

std::string random_hotkey(RandomSource& random) {
  constexpr std::string_view kDigits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  std::string hotkey = "5";
  while (hotkey.size() < 48) hotkey.push_back(kDigits[random.below(kDigits.size())]);
  return hotkey;
}

std::vector<JobTemplate> job_templates(RandomSource& random) {
  static const std::vector<std::optional<std::string>> kSuccess = {"success", "success", "SUCCESS",
                                                                   "Success", "sUcCeSs"};
  static const std::vector<std::optional<std::string>> kOther = {
      "failed",     "FAILED", "Failed",   "pending",  "PENDING", "timeout",      "expired",
      std::nullopt, "",       " success", "success ", "succes",  "\u017fuccess", "PEND\u0130NG"};
  static const std::vector<std::optional<std::string>> kUnknown = {std::nullopt, "", "UNKNOWN"};

  const std::vector<std::string> keys = hotkeys(random);
  std::vector<JobTemplate> jobs;
  const std::vector<Quota> all = quotas();
  for (std::size_t miner = 0; miner < all.size(); ++miner) {
    for (int k = 0; k < all[miner].missing; ++k) {
      const auto i = static_cast<std::size_t>(k);
      auto hotkey = miner == kUnknownMiner ? kUnknown[i % kUnknown.size()] : keys[miner];
      auto status = k < all[miner].success ? kSuccess[i % kSuccess.size()]
                                           : kOther[(miner + i) % kOther.size()];
      jobs.push_back(job(std::move(hotkey), std::move(status), draw(kMissingShapes, random)));
    }
  }
  for (std::size_t i = 0; jobs.size() < kNumJobs; ++i) {
    const std::size_t turn = i % (kSuccess.size() + 2);
    auto status = turn < kSuccess.size()
                      ? kSuccess[turn]
                      : std::optional<std::string>(turn == kSuccess.size() ? "pending" : "failed");
    jobs.push_back(job(keys[i % keys.size()], std::move(status), draw(kPresentShapes, random)));
  }
  return jobs;
}

}  // namespace assay::tools

#include "tools/object_list.h"

#include "core/random.h"
#include "core/timestamp.h"

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace assay::tools {
namespace {

// 16 bytes in Base64: 22 digits and two pads; the last digit holds two bits.
std::string random_md5(RandomSource& random) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (int i = 0; i < 21; ++i) text.push_back(kDigits[random.below(64)]);
  text.push_back(kDigits[random.below(4) * 16]);
  return text + "==";
}

}  // namespace

ObjectList::ObjectList(files::AtomicFile file, std::uint64_t seed, double absent_share)
    : file_(std::move(file)), seed_(seed), absent_share_(absent_share) {}

Status ObjectList::add(std::string_view uri, std::int64_t time_us) {
  constexpr std::string_view kScheme = "gs://";
  constexpr std::int64_t kSecond = 1'000'000;
  constexpr double kEmptyShare = 0.002;
  constexpr double kOldShare = 0.003;
  constexpr double kNoMd5Share = 0.05;
  // Drawn from the name, so that a second line of the same object says the same.
  SeededRandom random(std::hash<std::string_view>{}(uri) ^ seed_);
  if (random.unit() < absent_share_) return {};
  const std::string_view path = uri.substr(kScheme.size());
  const std::size_t slash = path.find('/');
  const std::uint64_t size = random.unit() < kEmptyShare ? 0 : 50'000 + random.below(3'000'000);
  const std::string md5 = random.unit() < kNoMd5Share ? "-" : random_md5(random);
  const std::int64_t created = time_us + (random.unit() < kOldShare ? -86'400 : 8) * kSecond;
  return file_.write(fmt::format("{}\t{}\t{}\t{}\t{}\n", path.substr(0, slash),
                                 path.substr(slash + 1), size, md5,
                                 to_rfc3339(Timestamp(std::chrono::microseconds(created)))));
}

}  // namespace assay::tools

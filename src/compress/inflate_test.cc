#include "compress/inflate.h"

#include "core/bytes.h"
#include "core/check.h"
#include "core/random.h"

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace assay::compress {
namespace {

// Some of it repeats, some does not, as image data does.
std::string sample(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < size) {
    if (text.size() > 300 && random() % 2 == 0) {
      text += text.substr(text.size() - 1 - (random() % 290), random() % 200);
    } else {
      for (auto k = random() % 40; k > 0; --k) text += static_cast<char>(random() % 64);
    }
  }
  text.resize(size);
  return text;
}

std::string deflated(DeflateForm form, std::string_view text, int level = 6) {
  z_stream stream{};
  CHECK(deflateInit2(&stream, level, Z_DEFLATED, form == DeflateForm::kRaw ? -15 : 15, 8,
                     Z_DEFAULT_STRATEGY) == Z_OK,
        "zlib");
  std::string output(deflateBound(&stream, text.size()), '\0');
  std::string input(text);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(output.data());
  stream.avail_out = static_cast<uInt>(output.size());
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib");
  output.resize(stream.total_out);
  deflateEnd(&stream);
  return output;
}

struct Inflated {
  Inflation inflation;
  std::string text;
};

Inflated inflate_to(std::size_t size, DeflateForm form, std::string_view compressed) {
  Inflated result{.inflation = {}, .text = std::string(size, '#')};
  result.inflation =
      inflate(form, as_bytes(compressed), std::as_writable_bytes(std::span(result.text)));
  return result;
}

TEST(Inflate, GivesBackWhatWasDeflated) {
  for (const DeflateForm form : {DeflateForm::kRaw, DeflateForm::kZlib}) {
    for (const int level : {0, 1, 6, 9}) {
      for (const std::size_t size : {0UL, 1UL, 7UL, 1000UL, 300'000UL}) {
        const std::string text = sample(size, 1);
        const std::string compressed = deflated(form, text, level);
        const auto [inflation, got] = inflate_to(size, form, compressed);
        EXPECT_EQ(inflation.outcome, InflateOutcome::kComplete);
        EXPECT_EQ(inflation.num_consumed, compressed.size());
        EXPECT_EQ(inflation.num_produced, size);
        EXPECT_TRUE(got == text) << level << ' ' << size;
      }
    }
  }
}

TEST(Inflate, TellsTooMuchFromTooLittle) {
  const std::string text = sample(5000, 2);
  for (const DeflateForm form : {DeflateForm::kRaw, DeflateForm::kZlib}) {
    const std::string compressed = deflated(form, text);
    EXPECT_EQ(inflate_to(4999, form, compressed).inflation.outcome, InflateOutcome::kTooLarge);
    EXPECT_EQ(inflate_to(0, form, compressed).inflation.outcome, InflateOutcome::kTooLarge);
    const Inflation shorter = inflate_to(6000, form, compressed).inflation;
    EXPECT_EQ(shorter.outcome, InflateOutcome::kComplete);
    EXPECT_EQ(shorter.num_produced, 5000U);
  }
}

TEST(Inflate, EveryShorterStreamEndsEarly) {
  const std::string text = sample(2000, 3);
  for (const DeflateForm form : {DeflateForm::kRaw, DeflateForm::kZlib}) {
    const std::string compressed = deflated(form, text);
    for (std::size_t size = 0; size < compressed.size(); ++size) {
      EXPECT_EQ(inflate_to(2000, form, compressed.substr(0, size)).inflation.outcome,
                InflateOutcome::kTruncated)
          << size << " of " << compressed.size();
    }
  }
}

TEST(Inflate, LeavesWhatFollowsTheStream) {
  const std::string text = sample(2000, 4);
  const std::string compressed = deflated(DeflateForm::kRaw, text);
  const auto [inflation, got] =
      inflate_to(2000, DeflateForm::kRaw, compressed + std::string(40, 'x'));
  EXPECT_EQ(inflation.outcome, InflateOutcome::kComplete);
  EXPECT_EQ(inflation.num_consumed, compressed.size());
  EXPECT_TRUE(got == text);
}

TEST(Inflate, ChecksTheHeaderAndTheSumOfZlib) {
  const std::string compressed = deflated(DeflateForm::kZlib, sample(2000, 5));
  std::string other_sum = compressed;
  other_sum.back() = static_cast<char>(other_sum.back() ^ 1);
  EXPECT_EQ(inflate_to(2000, DeflateForm::kZlib, other_sum).inflation.outcome,
            InflateOutcome::kWrongChecksum);
  for (const std::string_view header : {"\x79\x9c", "\x78\x9d", "\x88\x1c", "\x78\xbb"}) {
    EXPECT_EQ(inflate_to(2000, DeflateForm::kZlib, std::string(header) + compressed.substr(2))
                  .inflation.outcome,
              InflateOutcome::kBroken);
  }
  EXPECT_EQ(inflate_to(10, DeflateForm::kRaw, "\x07").inflation.outcome, InflateOutcome::kBroken);
}

// The bytes end where the next page begins, which nobody may touch: the library is not instrumented
// by the sanitizers, so only this shows a step beyond.
class BytesBeforeAGuard {
 public:
  explicit BytesBeforeAGuard(std::size_t size)
      : length_((size / page_size() + 2) * page_size()),
        start_(mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    CHECK(start_ != MAP_FAILED, "no memory");
    auto* const guard = static_cast<std::byte*>(start_) + (length_ - page_size());
    CHECK(mprotect(guard, page_size(), PROT_NONE) == 0, "no guard");
    bytes_ = std::span(guard - size, size);
  }
  ~BytesBeforeAGuard() { munmap(start_, length_); }
  BytesBeforeAGuard(const BytesBeforeAGuard&) = delete;
  BytesBeforeAGuard& operator=(const BytesBeforeAGuard&) = delete;

  std::span<std::byte> bytes() const { return bytes_; }

 private:
  static std::size_t page_size() { return static_cast<std::size_t>(sysconf(_SC_PAGESIZE)); }

  std::size_t length_;
  void* start_;
  std::span<std::byte> bytes_;
};

/// What zlib makes of it: nothing when it refuses.
bool is_good_for_zlib(std::span<const std::byte> compressed, std::size_t room, std::string& text) {
  z_stream stream{};
  CHECK(inflateInit2(&stream, -15) == Z_OK, "zlib");
  std::string input(as_text(compressed));
  text.assign(room, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(room);
  const int answer = ::inflate(&stream, Z_FINISH);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return answer == Z_STREAM_END;
}

TEST(Inflate, DamagedStreamsStayWithinTheirBuffersAndAgreeWithZlib) {
  SeededRandom random(6);
  int num_good = 0;
  for (unsigned round = 0; round < 2000; ++round) {
    const std::string text = sample(random.below(6000), round);
    std::string compressed = deflated(DeflateForm::kRaw, text, 1 + static_cast<int>(round % 9));
    for (auto k = random.below(4); k > 0; --k) {
      char& damaged = compressed[random.below(compressed.size())];
      damaged = static_cast<char>(damaged ^ (1 << random.below(8)));
    }
    const BytesBeforeAGuard input(compressed.size());
    const BytesBeforeAGuard output(text.size() + random.below(3));
    std::ranges::copy(as_bytes(compressed), input.bytes().begin());
    const Inflation inflation = inflate(DeflateForm::kRaw, input.bytes(), output.bytes());
    ASSERT_LE(inflation.num_produced, output.bytes().size());
    std::string expected;
    if (!is_good_for_zlib(input.bytes(), output.bytes().size(), expected)) continue;
    ++num_good;
    EXPECT_EQ(inflation.outcome, InflateOutcome::kComplete) << round;
    EXPECT_TRUE(as_text(output.bytes().first(inflation.num_produced)) == expected) << round;
  }
  EXPECT_GT(num_good, 400);
}

TEST(Crc32, IsThatOfZlib) {
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xcbf43926U);
  EXPECT_EQ(crc32({}), 0U);
  const std::string text = sample(100'000, 7);
  EXPECT_EQ(crc32(as_bytes(text)), ::crc32(0, reinterpret_cast<const Bytef*>(text.data()),
                                           static_cast<uInt>(text.size())));
  EXPECT_EQ(crc32(as_bytes(std::string_view(text).substr(77)),
                  crc32(as_bytes(std::string_view(text).substr(0, 77)))),
            crc32(as_bytes(text)));
}

}  // namespace
}  // namespace assay::compress

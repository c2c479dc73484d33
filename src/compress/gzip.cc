// next_in without it is a pointer to what may be changed.
#define ZLIB_CONST

#include "compress/engine_internal.h"
#include "core/check.h"

#include <fmt/format.h>

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace assay::compress {
namespace {

// 15 for the largest window, 16 more for the header and trailer of gzip.
constexpr int kGzipWindow = 15 + 16;
constexpr int kMemoryLevel = 8;  // zlib's default

// zlib counts in 32 bits.
void set_buffers(z_stream& stream, std::span<const std::byte> input, std::span<std::byte> output) {
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  stream.next_in = reinterpret_cast<const Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(std::min(input.size(), kMost));
  stream.next_out = reinterpret_cast<Bytef*>(output.data());
  stream.avail_out = static_cast<uInt>(std::min(output.size(), kMost));
}

class GzipCompressor final : public Compressor::Engine {
 public:
  GzipCompressor()
      : is_ready_(deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow,
                               kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK) {}
  ~GzipCompressor() override {
    if (is_ready_) static_cast<void>(deflateEnd(&stream_));
  }
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;

  Result<Step> step(std::span<const std::byte> input, std::span<std::byte> output) override {
    return run(input, output, Z_NO_FLUSH);
  }
  Result<Step> end(std::span<std::byte> output) override { return run({}, output, Z_FINISH); }

 private:
  Result<Step> run(std::span<const std::byte> input, std::span<std::byte> output, int flush) {
    if (!is_ready_) return exhausted("no memory for gzip");
    set_buffers(stream_, input, output);
    const uInt num_given = stream_.avail_in;
    const uInt num_room = stream_.avail_out;
    const int answer = deflate(&stream_, flush);
    // Z_BUF_ERROR only says that nothing could be done this time.
    CHECK(answer == Z_OK || answer == Z_STREAM_END || answer == Z_BUF_ERROR, "deflate was misused");
    return Step{.num_consumed = num_given - stream_.avail_in,
                .num_produced = num_room - stream_.avail_out,
                .is_drained = answer == Z_STREAM_END};
  }

  z_stream stream_{};
  bool is_ready_;
};

class GzipDecompressor final : public Decompressor::Engine {
 public:
  GzipDecompressor() : is_ready_(inflateInit2(&stream_, kGzipWindow) == Z_OK) {}
  ~GzipDecompressor() override {
    if (is_ready_) static_cast<void>(inflateEnd(&stream_));
  }
  GzipDecompressor(const GzipDecompressor&) = delete;
  GzipDecompressor& operator=(const GzipDecompressor&) = delete;

  Result<Step> step(std::span<const std::byte> input, std::span<std::byte> output) override {
    if (!is_ready_) return exhausted("no memory for gzip");
    if (state_ == State::kBetween) return begin_member(input);
    set_buffers(stream_, input, output);
    const uInt num_given = stream_.avail_in;
    const uInt num_room = stream_.avail_out;
    const int answer = inflate(&stream_, Z_NO_FLUSH);
    if (answer == Z_MEM_ERROR) return exhausted("no memory for gzip");
    if (answer == Z_STREAM_END) {
      state_ = State::kBetween;
    } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
      return corrupt(fmt::format("not gzip, or broken ({})", stream_.msg == nullptr
                                                                 ? "a dictionary is asked for"
                                                                 : stream_.msg));
    }
    return Step{.num_consumed = num_given - stream_.avail_in,
                .num_produced = num_room - stream_.avail_out,
                .is_drained = stream_.avail_out > 0};
  }

  bool is_at_end() const override { return state_ == State::kBetween; }

 private:
  enum class State : std::uint8_t { kInMember, kBetween };

  /// Pass over the zeros behind a member; anything else must be another.
  Result<Step> begin_member(std::span<const std::byte> input) {
    const auto first =
        std::ranges::find_if(input, [](std::byte byte) { return byte != std::byte{0}; });
    if (first != input.end()) {
      if (inflateReset(&stream_) != Z_OK) return internal("inflate was misused");
      state_ = State::kInMember;
    }
    return Step{.num_consumed = static_cast<std::size_t>(first - input.begin()),
                .num_produced = 0,
                .is_drained = first == input.end()};
  }

  z_stream stream_{};
  bool is_ready_;
  State state_ = State::kInMember;
};

}  // namespace

std::unique_ptr<Compressor::Engine> make_gzip_compressor() {
  return std::make_unique<GzipCompressor>();
}
std::unique_ptr<Decompressor::Engine> make_gzip_decompressor() {
  return std::make_unique<GzipDecompressor>();
}

}  // namespace assay::compress

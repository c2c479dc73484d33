#include "compress/engine_internal.h"

#include <fmt/format.h>

#include <zstd.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace assay::compress {
namespace {

// What the zstd program itself reads without being asked for more: 128 MiB.
constexpr int kMaxWindowLog = 27;
// Some 8 MiB of memory for each stream; more gains little on lines of JSON.
constexpr int kLevel = 6;

/// Of a frame, in its order in the file: RFC 8878, 3.1.1 and 3.1.2.
constexpr std::array<std::uint8_t, 4> kFrameMagic = {0x28, 0xB5, 0x2F, 0xFD};
constexpr std::array<std::uint8_t, 4> kSkippableMagic = {0x50, 0x2A, 0x4D, 0x18};  // to 0x5F

struct CompressContextDeleter {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct DecompressContextDeleter {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdCompressor final : public Compressor::Engine {
 public:
  ZstdCompressor() : context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) return;
    const bool is_set =
        ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel)) ==
            0U &&
        ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1)) == 0U;
    if (!is_set) context_.reset();
  }

  Result<Step> step(std::span<const std::byte> input, std::span<std::byte> output) override {
    return run(input, output, ZSTD_e_continue);
  }
  Result<Step> end(std::span<std::byte> output) override { return run({}, output, ZSTD_e_end); }

 private:
  Result<Step> run(std::span<const std::byte> input, std::span<std::byte> output,
                   ZSTD_EndDirective directive) {
    if (context_ == nullptr) return exhausted("no memory for zstd");
    ZSTD_inBuffer in{.src = input.data(), .size = input.size(), .pos = 0};
    ZSTD_outBuffer out{.dst = output.data(), .size = output.size(), .pos = 0};
    const std::size_t answer = ZSTD_compressStream2(context_.get(), &out, &in, directive);
    if (ZSTD_isError(answer) != 0U) {
      return exhausted(fmt::format("zstd: {}", ZSTD_getErrorName(answer)));
    }
    return Step{.num_consumed = in.pos, .num_produced = out.pos, .is_drained = answer == 0};
  }

  std::unique_ptr<ZSTD_CCtx, CompressContextDeleter> context_;
};

class ZstdDecompressor final : public Decompressor::Engine {
 public:
  ZstdDecompressor() : context_(ZSTD_createDCtx()) {
    if (context_ != nullptr && ZSTD_isError(ZSTD_DCtx_setParameter(
                                   context_.get(), ZSTD_d_windowLogMax, kMaxWindowLog)) != 0U) {
      context_.reset();
    }
  }

  Result<Step> step(std::span<const std::byte> input, std::span<std::byte> output) override {
    if (context_ == nullptr) return exhausted("no memory for zstd");
    ZSTD_inBuffer in{.src = input.data(), .size = input.size(), .pos = 0};
    ZSTD_outBuffer out{.dst = output.data(), .size = output.size(), .pos = 0};
    // Without input it may still hold output back; between frames there is nothing to ask for.
    if (input.empty() && is_at_end_) return Step{.is_drained = true};
    RETURN_IF_ERROR(check_magic(input));
    const std::size_t answer = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(answer) != 0U) {
      const std::string message =
          fmt::format("not zstd, or broken ({})", ZSTD_getErrorName(answer));
      return corrupt(message);
    }
    is_at_end_ = answer == 0;
    position_ = is_at_end_ ? 0 : position_ + in.pos;
    return Step{.num_consumed = in.pos,
                .num_produced = out.pos,
                .is_drained = is_at_end_ || out.pos < out.size};
  }

  bool is_at_end() const override { return is_at_end_; }

 private:
  /// The library also reads what it wrote before 2016, by code that takes a stream differently by
  /// where it is cut.
  Status check_magic(std::span<const std::byte> input) {
    for (std::size_t i = 0; i < input.size() && position_ + i < kFrameMagic.size(); ++i) {
      const auto byte = std::to_integer<std::uint8_t>(input[i]);
      const std::size_t at = position_ + i;
      if (at == 0) is_skippable_ = (byte & 0xF0U) == kSkippableMagic[0];
      const bool is_right =
          is_skippable_ ? at == 0 || byte == kSkippableMagic.at(at) : byte == kFrameMagic.at(at);
      if (!is_right) return corrupt("not zstd, or broken (no frame begins like this)");
    }
    return {};
  }

  std::unique_ptr<ZSTD_DCtx, DecompressContextDeleter> context_;
  std::size_t position_ = 0;  // in the frame
  bool is_skippable_ = false;
  bool is_at_end_ = false;
};

}  // namespace

std::unique_ptr<Compressor::Engine> make_zstd_compressor() {
  return std::make_unique<ZstdCompressor>();
}
std::unique_ptr<Decompressor::Engine> make_zstd_decompressor() {
  return std::make_unique<ZstdDecompressor>();
}

}  // namespace assay::compress

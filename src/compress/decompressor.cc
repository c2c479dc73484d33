#include "compress/engine_internal.h"

#include <fmt/format.h>

#include <vector>

namespace assay::compress {

Decompressor::Decompressor(Format format, const DecompressLimits& limits)
    : limits_(limits),
      engine_(format == Format::kGzip ? make_gzip_decompressor() : make_zstd_decompressor()) {}
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor::~Decompressor() = default;

Status Decompressor::hand_on(std::span<const std::byte> bytes, const OnBytes& on_bytes) {
  num_bytes_out_ += bytes.size();
  if (num_bytes_out_ > limits_.max_output.count()) {
    return exhausted(fmt::format("unfolds to more than {}", to_string(limits_.max_output)));
  }
  if (num_bytes_out_ > limits_.ratio_floor.count() &&
      num_bytes_out_ / limits_.max_ratio > num_bytes_in_) {
    return exhausted(fmt::format("unfolds to more than {} times its size", limits_.max_ratio));
  }
  return on_bytes(bytes);
}

Status Decompressor::feed(std::span<const std::byte> bytes, const OnBytes& on_bytes) {
  std::vector<std::byte> output(kOutputPiece);
  while (true) {
    ASSIGN_OR_RETURN(const Step step, engine_->step(bytes, output));
    bytes = bytes.subspan(step.num_consumed);
    num_bytes_in_ += step.num_consumed;
    if (step.num_produced > 0) {
      RETURN_IF_ERROR(hand_on(std::span(output).first(step.num_produced), on_bytes));
    }
    if (bytes.empty() && step.is_drained) return {};
  }
}

Status Decompressor::write(std::span<const std::byte> bytes, const OnBytes& on_bytes) {
  if (has_failed_) return corrupt("the stream failed before");
  if (bytes.empty()) return {};
  Status fed = feed(bytes, on_bytes);
  has_failed_ = !fed;
  return fed;
}

Status Decompressor::finish() {
  if (has_failed_) return corrupt("the stream failed before");
  if (num_bytes_in_ == 0) return corrupt("empty: not even a header");
  if (!engine_->is_at_end()) {
    return corrupt(fmt::format("cut off: the stream goes on after its {} bytes", num_bytes_in_));
  }
  return {};
}

}  // namespace assay::compress

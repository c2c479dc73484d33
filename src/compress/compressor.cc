#include "compress/engine_internal.h"
#include "core/check.h"

#include <vector>

namespace assay::compress {

Compressor::Compressor(Format format)
    : engine_(format == Format::kGzip ? make_gzip_compressor() : make_zstd_compressor()) {}
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor::~Compressor() = default;

Status Compressor::write(std::span<const std::byte> bytes, const OnBytes& on_bytes) {
  CHECK(engine_ != nullptr, "a compressor was written after its end");
  std::vector<std::byte> output(kOutputPiece);
  while (!bytes.empty()) {
    ASSIGN_OR_RETURN(const Step step, engine_->step(bytes, output));
    bytes = bytes.subspan(step.num_consumed);
    if (step.num_produced > 0) {
      RETURN_IF_ERROR(on_bytes(std::span(output).first(step.num_produced)));
    }
  }
  return {};
}

Status Compressor::finish(const OnBytes& on_bytes) {
  CHECK(engine_ != nullptr, "a compressor was finished twice");
  std::vector<std::byte> output(kOutputPiece);
  while (true) {
    ASSIGN_OR_RETURN(const Step step, engine_->end(output));
    if (step.num_produced > 0) {
      RETURN_IF_ERROR(on_bytes(std::span(output).first(step.num_produced)));
    }
    if (step.is_drained) break;
  }
  engine_.reset();
  return {};
}

}  // namespace assay::compress

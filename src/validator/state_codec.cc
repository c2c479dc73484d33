#include "core/bytes.h"
#include "validator/state_codec_internal.h"

namespace assay::validator {
namespace {

// Persisted: never changed. The label, and whether a prediction follows.
constexpr std::uint8_t kPresentBit = 1;
constexpr std::uint8_t kPredictionBit = 2;

}  // namespace

void ByteWriter::text(std::string_view value) {
  u32(static_cast<std::uint32_t>(value.size()));
  bytes_ += value;
}

std::span<const std::byte> ByteReader::take(std::size_t size) {
  if (is_short_ || rest_.size() < size) {
    is_short_ = true;
    return {};
  }
  const auto taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

std::string ByteReader::text() {
  const std::uint32_t size = u32();
  return std::string(as_text(take(size)));
}

void write_answer(ByteWriter& writer, const scoring::Answer& answer) {
  const bool has_prediction = !answer.is_silent();
  writer.byte(
      static_cast<std::uint8_t>((answer.label == scoring::Label::kPresent ? kPresentBit : 0) |
                                (has_prediction ? kPredictionBit : 0)));
  if (has_prediction) writer.real(answer.value());
}

bool read_answer(ByteReader& reader, scoring::Answer& answer) {
  const std::uint8_t bits = reader.byte();
  if ((bits & ~(kPresentBit | kPredictionBit)) != 0) return false;
  answer.label = (bits & kPresentBit) != 0 ? scoring::Label::kPresent : scoring::Label::kAbsent;
  answer.prediction.reset();
  if ((bits & kPredictionBit) != 0) answer.prediction = reader.real();
  return reader.is_good();
}

}  // namespace assay::validator

#include "core/bytes.h"
#include "core/check.h"
#include "embedding_store/embedding_slots_internal.h"
#include "embedding_store/embedding_variant_internal.h"
#include "embedding_store/slot_file_internal.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace assay::embedding_store {
namespace {

constexpr std::size_t kKeySize = 2 * Sha256::kSize;

}  // namespace

std::size_t payload_size_of(std::uint32_t dimension) {
  return kKeySize + dimension * sizeof(float);
}

EmbeddingKey load_key(std::span<const std::byte> payload) {
  return {.content = load_digest(payload), .variant = load_digest(payload.subspan(Sha256::kSize))};
}

void load_vector(std::span<const std::byte> payload, std::span<float> into) {
  std::memcpy(into.data(), payload.data() + kKeySize, into.size_bytes());
}

std::optional<EmbeddingVariant> load_variant(std::span<const std::byte> payload) {
  const std::string_view text = as_text(payload.subspan(kKeySize));
  auto variant = parse_variant(text.substr(0, text.find('\0')));
  if (!variant) return std::nullopt;
  return std::move(*variant);
}

std::vector<std::byte> vector_payload(const Embedding& embedding) {
  std::vector<std::byte> payload(kKeySize + embedding.vector.size() * sizeof(float));
  auto at = std::ranges::copy(embedding.key.content.bytes(), payload.begin()).out;
  at = std::ranges::copy(embedding.key.variant.bytes(), at).out;
  std::ranges::copy(std::as_bytes(std::span(embedding.vector)), at);
  return payload;
}

// The id twice, where a vector has its key, then the text and zeros.
std::vector<std::byte> variant_payload(const EmbeddingVariant& variant, std::uint32_t dimension) {
  const std::string text = text_of(variant);
  const Sha256 id = id_of(variant);
  std::vector<std::byte> payload(payload_size_of(dimension));
  auto at = std::ranges::copy(id.bytes(), payload.begin()).out;
  at = std::ranges::copy(id.bytes(), at).out;
  CHECK(text.size() <= payload.size() - kKeySize, "a variant fits the room of a vector");
  std::ranges::copy(as_bytes(text), at);
  return payload;
}

}  // namespace assay::embedding_store

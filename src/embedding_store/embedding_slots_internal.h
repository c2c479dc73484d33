/// \file
/// What lies in the slots of the store's file: vectors under their keys, and what made them.

#pragma once

#include "core/sha256.h"
#include "embedding_store/embedding_store.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace assay::embedding_store {

// Persisted: never changed.
inline constexpr std::array<char, 8> kVectorsMagic = {'A', 'S', 'S', 'A', 'Y', 'V', 'E', 'C'};
inline constexpr std::uint32_t kVectorSlot = 1;
inline constexpr std::uint32_t kVariantSlot = 2;

/// Of a slot in a store of vectors of `dimension` values.
std::size_t payload_size_of(std::uint32_t dimension);

/// Pre of all that load: `payload` is that of a whole slot.
EmbeddingKey load_key(std::span<const std::byte> payload);
/// Pre: `into` is as long as the vectors of the store.
void load_vector(std::span<const std::byte> payload, std::span<float> into);
/// Nothing where a later program wrote it.
std::optional<EmbeddingVariant> load_variant(std::span<const std::byte> payload);

std::vector<std::byte> vector_payload(const Embedding& embedding);
/// Pre: it fits a slot of `dimension`.
std::vector<std::byte> variant_payload(const EmbeddingVariant& variant, std::uint32_t dimension);

}  // namespace assay::embedding_store

/// \file
/// The text of a variant in the store: what its id is the digest of.

#pragma once

#include "core/result.h"
#include "embedding_store/embedding_store.h"
#include "json/value.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace assay::embedding_store {

/// So that a variant fits the payload of a vector of 512 floats, even where all is escaped.
inline constexpr std::size_t kMaxVariantPart = 64;

/// JSON with sorted names and no blanks. Persisted: never changed.
std::string text_of(const EmbeddingVariant& variant);
/// Errors of both: kCorrupt, kInvalidInput.
Result<EmbeddingVariant> parse_variant(std::string_view text);
Result<EmbeddingVariant> parse_variant(const json::Value& value);

}  // namespace assay::embedding_store

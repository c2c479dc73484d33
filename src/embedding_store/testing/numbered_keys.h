/// \file
/// Keys of embeddings for tests: told apart by numbers.

#pragma once

#include "crypto/digest.h"
#include "embedding_store/embedding_store.h"

#include <string>
#include <string_view>

namespace assay::embedding_store::testing {

inline EmbeddingVariant variant(std::string_view precision = "fp32") {
  return {.model = crypto::sha256("weights"),
          .activation = "gelu",
          .preprocessing = "clip-224",
          .precision = std::string(precision)};
}

inline EmbeddingKey key_of(int number, std::string_view precision = "fp32") {
  return {.content = crypto::sha256(std::to_string(number)), .variant = id_of(variant(precision))};
}

}  // namespace assay::embedding_store::testing

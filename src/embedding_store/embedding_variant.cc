#include "core/check.h"
#include "crypto/digest.h"
#include "embedding_store/embedding_store.h"
#include "embedding_store/embedding_variant_internal.h"
#include "json/value.h"
#include "json/writer.h"

#include <utility>

namespace assay::embedding_store {

std::string text_of(const EmbeddingVariant& variant) {
  for (const std::string& part : {variant.activation, variant.preprocessing, variant.precision}) {
    CHECK(part.size() <= kMaxVariantPart, "names of options are short");
  }
  json::Writer writer;
  writer.begin_object();
  writer.name("activation").text(variant.activation);
  writer.name("model").text(variant.model.to_hex());
  writer.name("precision").text(variant.precision);
  writer.name("preprocessing").text(variant.preprocessing);
  return writer.end_object().take();
}

Result<EmbeddingVariant> parse_variant(std::string_view text) {
  ASSIGN_OR_RETURN(const json::Value value, json::parse(text));
  return parse_variant(value);
}

Result<EmbeddingVariant> parse_variant(const json::Value& value) {
  ASSIGN_OR_RETURN(const std::string model, value.require_text("model"));
  ASSIGN_OR_RETURN(const Sha256 digest, Sha256::parse(model));
  EmbeddingVariant variant{.model = digest, .activation = {}, .preprocessing = {}, .precision = {}};
  ASSIGN_OR_RETURN(variant.activation, value.require_text("activation"));
  ASSIGN_OR_RETURN(variant.preprocessing, value.require_text("preprocessing"));
  ASSIGN_OR_RETURN(variant.precision, value.require_text("precision"));
  return variant;
}

Sha256 id_of(const EmbeddingVariant& variant) { return crypto::sha256(text_of(variant)); }

}  // namespace assay::embedding_store

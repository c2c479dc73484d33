/// \file
/// What `cache generate` did, for people and for programs.

#pragma once

#include "cache/generate.h"
#include "cache/generator.h"

#include <string>
#include <string_view>
#include <vector>

namespace assay::cli {

/// What one of the caches got.
struct Generated {
  cache::CacheKind kind = cache::CacheKind::kTextToImage;
  cache::GeneratorCapabilities generator = {};
  cache::GenerateReport report = {};
};

/// `maker_words` are the flags that chose what made them, for commands that go with this one.
std::string generated_text(const std::vector<Generated>& all, std::string_view maker_words);
std::string generated_json(const std::vector<Generated>& all);

}  // namespace assay::cli

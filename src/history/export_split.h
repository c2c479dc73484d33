/// \file
/// Which part of a split a record falls into: by its prompt alone, so that the same prompt is never
/// in two parts.

#pragma once

#include "core/result.h"
#include "core/sha256.h"

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::history {

struct SplitPart {
  std::string name;
  double share = 0.0;  ///< In (0, 1].
};

/// Read `train=0.9,val=0.1`.
/// Errors: kInvalidInput (another form, names twice or with other than letters, digits, `-`, `_`;
///         shares that are not over 0 or do not add up to 1).
Result<std::vector<SplitPart>> parse_split(std::string_view text);

/// The index of the part that takes what has this hash. The same hash, shares and order of parts
/// give the same part on every machine. Pre: `parts` is not empty.
std::size_t part_of(const Sha256& key, std::span<const SplitPart> parts);

/// `data/x.jsonl` and `train` are `data/x.train.jsonl`.
std::filesystem::path part_path(const std::filesystem::path& output, std::string_view part);

}  // namespace assay::history

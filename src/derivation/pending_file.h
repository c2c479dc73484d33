/// \file
/// pending_generations.json of any program, also a damaged one.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay::derivation {

struct PendingFile {
  /// Records in Python's form, each with its generation_id.
  std::vector<std::string> records;
  bool is_whole = true;  ///< Else `records` is what could be read before the damage.
};

/// An object of ids and records, or a list of records.
PendingFile read_pending(std::string_view content);

}  // namespace assay::derivation

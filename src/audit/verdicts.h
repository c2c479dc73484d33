/// \file
/// The four verdicts on a claimed object, as a report says them.

#pragma once

#include "core/sha256.h"
#include "storage/existence.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace assay::audit {

/// How many claims got which verdict.
struct VerdictCounts {
  std::uint64_t present = 0;
  std::uint64_t absent = 0;
  std::uint64_t denied = 0;
  std::uint64_t unknown = 0;

  void add(storage::Presence presence);
  std::uint64_t total() const { return present + absent + denied + unknown; }
};

/// The form of the report.
enum class VerdictForm {
  kFour,    ///< `exists` is True, False, or empty when it is not known.
  kCompat,  ///< As the old scripts: whatever is not found is False.
};

/// The two last columns of the report.
struct VerdictCells {
  std::string_view exists;
  std::string error;
};

/// What the report says of a verdict. Never a name: `denied (403)`, `unknown (503, 6 tries)`. In
/// the old form the service's message follows; where it repeats the object's name or the bucket,
/// `uri:<uri_hash>` takes its place.
VerdictCells verdict_cells(const storage::ExistenceVerdict& verdict, VerdictForm form,
                           std::string_view uri_hash);

/// Put a mark in place of each occurrence of the object's name in a service's message, so that it
/// can be kept without the name. verdict_cells() knows the mark.
std::string without_names(std::string_view message, const storage::ObjectAddress& address);

}  // namespace assay::audit

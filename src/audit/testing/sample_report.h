/// \file
/// A report for tests and for looking at the page: the shape and the totals of a real export.

#pragma once

#include "audit/audit_report.h"

#include <cstddef>
#include <cstdint>

namespace assay::audit {

struct SampleOptions {
  std::size_t num_miners = 59;
  std::uint64_t seed = 20'251'027;
};

/// A report that is consistent in itself. With 59 miners 29 are suspect by the ratio rule and 3,779
/// of 7,884 jobs are missing. Some names are hostile: markup, control characters, bytes that turn
/// text.
AuditReport make_sample_report(const SampleOptions& options = {});

}  // namespace assay::audit

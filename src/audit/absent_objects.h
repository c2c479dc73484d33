/// \file
/// What a verify report says against miners: claimed objects that are not there.

#pragma once

#include "audit/miner_totals.h"
#include "core/result.h"
#include "files/byte_source.h"

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace assay::audit {

/// Hotkey to jobs whose claimed object is absent; an empty hotkey counts as UNKNOWN.
using AbsentObjects = std::map<std::string, std::uint64_t, std::less<>>;

/// Count the rows of a verify report that say `False` without an error. A row is a job. `True`, an
/// empty `exists` (denied or unknown), and the `False` with an error that a report of the old form
/// gives for denied and unknown, speak against nobody.
/// Errors: kInvalidInput (a column is absent, a row is too short, `exists` is something else; names
///         the row), kCancelled, and those of tables::CsvReader.
Result<AbsentObjects> count_absent_objects(const files::ByteSource& report, std::stop_token stop);

/// Put the counts into the totals of the export that was verified.
/// Order:  of `fleet`.
/// Errors: kInvalidInput (a miner that is not in `fleet`, or more absent objects than it claims:
///         the report is of another export).
Result<std::vector<MinerTotals>> with_absent_objects(std::vector<MinerTotals> fleet,
                                                     const AbsentObjects& absent);

}  // namespace assay::audit

/// \file
/// The state of a recorder as others read it.

#pragma once

#include "recorder/recorder.h"

#include <optional>
#include <string>
#include <string_view>

namespace assay::serve {

/// One JSON object: generation_id, sequence, verdict.
std::string receipt_json(const recorder::Receipt& receipt);

/// One JSON object: counts of the journal, events by verdict, sizes, alerts. When another process
/// has the history, `is_handed_over` alone: it knows all else. So in metrics_text().
std::string status_json(const recorder::RecorderStatus& status);

/// The same in the text format that Prometheus reads.
std::string metrics_text(const recorder::RecorderStatus& status);

/// The record of an open generation in the text of pending_generations.json, as it stands there.
std::optional<std::string_view> find_open_generation(std::string_view pending,
                                                     std::string_view generation_id);

}  // namespace assay::serve

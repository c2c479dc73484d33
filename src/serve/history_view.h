/// \file
/// The state of a recorder as others read it.

#pragma once

#include "records/recorder.h"

#include <optional>
#include <string>
#include <string_view>

namespace assay::serve {

/// One JSON object: generation_id, sequence, verdict.
std::string receipt_json(const records::Receipt& receipt);

/// One JSON object: counts of the journal, events by verdict, sizes, alerts.
std::string status_json(const records::RecorderStatus& status);

/// The same in the text format that Prometheus reads.
std::string metrics_text(const records::RecorderStatus& status);

/// The record of an open generation in the text of pending_generations.json, as it stands there.
std::optional<std::string_view> find_open_generation(std::string_view pending,
                                                     std::string_view generation_id);

}  // namespace assay::serve

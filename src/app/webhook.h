/// \file
/// Posts alerts to the webhook of the settings.

#pragma once

#include "app/alerts.h"
#include "core/result.h"

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::app {

/// Post the alerts of a topic to `webhook`, each once per change of state; the book of what was
/// posted is alerts.json in the state folder. What cannot be delivered is warned of and tried again
/// by the next call: an audit does not fail because nobody listens. Errors: kInvalidInput
/// (`webhook` is no address), and those of AlertBook.
Result<AlertOutcome> post_to_webhook(const std::string& webhook, std::string_view topic,
                                     const std::vector<Alert>& alerts, const std::stop_token& stop);

}  // namespace assay::app

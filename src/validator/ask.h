/// \file
/// One challenge to one miner that counts for nothing: to see what goes out and what comes back.

#pragma once

#include "core/result.h"
#include "net/http_client.h"
#include "net/http_message.h"
#include "protocol/scheme.h"
#include "validator/courier.h"
#include "validator/http_courier.h"

#include <stop_token>

namespace assay::validator {

struct AskExchange {
  net::HttpRequest request;
  Result<net::HttpResponse> response;
  /// What a round would make of it.
  Reply reply = {};
};

/// Send it exactly as a round would, and wait. Errors: those of make_request(), kCancelled.
Result<AskExchange> ask_once(const Ask& ask, const protocol::Scheme& scheme,
                             const CourierTools& tools, net::HttpTransport& transport,
                             const std::stop_token& stop);

}  // namespace assay::validator

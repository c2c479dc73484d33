/// \file
/// A client of the hub of data sets and models, as this machine is set up.

#pragma once

#include "core/result.h"
#include "hub/hub_client.h"
#include "net/http_client.h"

#include <memory>
#include <string>

namespace assay::app {

struct HubChoices {
  /// Empty: HF_ENDPOINT, else https://huggingface.co.
  std::string endpoint = {};
  /// A file with the token; empty: HF_TOKEN, else the file HF_TOKEN_PATH, $HF_HOME/token or
  /// ~/.cache/huggingface/token, else none.
  std::string token_file = {};
};

struct HubSession {
  std::unique_ptr<net::HttpTransport> transport;
  std::unique_ptr<hub::HubClient> client;
};

/// Errors: kInvalidInput (an address that is none, a token that no header can hold or that would go
///         over a wire unencrypted), kMissing (the token file that was named is not there),
///         kDenied.
Result<HubSession> open_hub(const HubChoices& choices);

}  // namespace assay::app

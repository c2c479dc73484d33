#include "chain/network.h"

#include <utility>

namespace assay::chain {

std::string_view to_string(WriteResult result) {
  switch (result) {
    case WriteResult::kAccepted:
      return "accepted";
    case WriteResult::kRateLimited:
      return "rate_limited";
    case WriteResult::kRefused:
      return "refused";
    case WriteResult::kOutcomeUnknown:
      return "outcome_unknown";
  }
  std::unreachable();
}

}  // namespace assay::chain

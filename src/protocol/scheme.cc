#include "protocol/scheme.h"

#include "core/check.h"

namespace assay::protocol {

std::string_view to_string(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::kMalformed:
      return "malformed";
    case RefusalReason::kWrongReceiver:
      return "wrong receiver";
    case RefusalReason::kStale:
      return "stale";
    case RefusalReason::kFuture:
      return "from the future";
    case RefusalReason::kBadSignature:
      return "bad signature";
    case RefusalReason::kReplayed:
      return "replayed";
    case RefusalReason::kUnwelcome:
      return "unwelcome";
    case RefusalReason::kTooMany:
      return "too many";
    case RefusalReason::kOverloaded:
      return "overloaded";
  }
  CHECK(false, "a RefusalReason outside its enumerators");
}

}  // namespace assay::protocol

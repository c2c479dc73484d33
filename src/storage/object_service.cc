#include "net/retry_policy.h"
#include "storage/object_service_internal.h"

namespace assay::storage {

ObjectReading reading_of_status(int status) {
  ObjectReading reading;
  reading.verdict.status = static_cast<std::uint16_t>(status);
  if (status == 404) {
    reading.verdict.presence = Presence::kAbsent;
  } else if (status == 401 || status == 403) {
    reading.verdict.presence = Presence::kDenied;
  } else {
    reading.verdict.doubt = Doubt::kStatus;
    if (net::is_retryable_status(status)) reading.next = NextStep::kRetry;
  }
  return reading;
}

}  // namespace assay::storage

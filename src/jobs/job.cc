#include "jobs/job.h"

#include "core/check.h"
#include "core/hex.h"

#include <algorithm>
#include <cstring>

namespace assay::jobs {

JobId JobId::random(RandomSource& random) {
  Bytes bytes{};
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(std::uint64_t)) {
    const std::uint64_t bits = random.next();
    std::memcpy(bytes.data() + i, &bits, sizeof bits);
  }
  // The version and variant of RFC 9562.
  bytes[6] = (bytes[6] & std::byte{0x0F}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3F}) | std::byte{0x80};
  return JobId(bytes);
}

std::string JobId::to_text() const {
  std::string text = to_hex(bytes_);
  for (const std::size_t at : {8U, 13U, 18U, 23U}) text.insert(at, 1, '-');
  return text;
}

std::string_view to_string(JobState state) {
  switch (state) {
    case JobState::kSent:
      return "sent";
    case JobState::kAccepted:
      return "accepted";
    case JobState::kRefused:
      return "refused";
    case JobState::kUnanswered:
      return "unanswered";
    case JobState::kInterrupted:
      return "interrupted";
    case JobState::kCompleted:
      return "completed";
    case JobState::kFailed:
      return "failed";
    case JobState::kTimedOut:
      return "timed_out";
  }
  CHECK(false, "a JobState outside its enumerators");
}

bool is_open(JobState state) { return state == JobState::kSent || state == JobState::kAccepted; }

std::string_view to_string(ImageVerdict verdict) {
  switch (verdict) {
    case ImageVerdict::kSound:
      return "sound";
    case ImageVerdict::kAbsent:
      return "absent";
    case ImageVerdict::kBroken:
      return "broken";
    case ImageVerdict::kTooLarge:
      return "too_large";
    case ImageVerdict::kBlank:
      return "blank";
    case ImageVerdict::kDuplicate:
      return "duplicate";
    case ImageVerdict::kElsewhere:
      return "elsewhere";
    case ImageVerdict::kUnreachable:
      return "unreachable";
  }
  CHECK(false, "an ImageVerdict outside its enumerators");
}

bool has_object(ImageVerdict verdict) {
  return verdict != ImageVerdict::kAbsent && verdict != ImageVerdict::kElsewhere &&
         verdict != ImageVerdict::kUnreachable;
}

bool is_false_claim(ImageVerdict verdict) {
  return verdict != ImageVerdict::kSound && verdict != ImageVerdict::kElsewhere &&
         verdict != ImageVerdict::kUnreachable;
}

Timestamp Job::updated() const {
  Timestamp last = sent;
  if (answered) last = std::max(last, *answered);
  if (report) last = std::max(last, report->at);
  if (given_up) last = std::max(last, *given_up);
  if (check) last = std::max(last, check->at);
  return last;
}

}  // namespace assay::jobs

std::size_t std::hash<assay::jobs::JobId>::operator()(const assay::jobs::JobId& id) const noexcept {
  std::size_t value = 0;
  std::memcpy(&value, id.bytes().data(), sizeof value);
  return value;
}

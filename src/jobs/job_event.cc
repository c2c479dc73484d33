#include "jobs/job_event.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace assay::jobs {
namespace {

// Persisted: never changed.
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kSentEvent = 1;
constexpr std::uint8_t kAnsweredEvent = 2;
constexpr std::uint8_t kReportedEvent = 3;
constexpr std::uint8_t kGivenUpEvent = 4;
constexpr std::uint8_t kCheckedEvent = 5;
constexpr std::uint8_t kHasContent = 1;
constexpr std::uint8_t kHasDuplicate = 2;

class EventWriter {
 public:
  template <typename Number>
  void number(Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) {
      bytes_ += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFFU);
    }
  }
  void byte(std::uint8_t value) { number(value); }
  void time(Timestamp value) {
    number(static_cast<std::uint64_t>(value.time_since_epoch().count()));
  }
  void bytes(std::span<const std::byte> value) { bytes_ += as_text(value); }
  void text(std::string_view value) {
    value = value.substr(0, kMaxEventText);
    number(static_cast<std::uint16_t>(value.size()));
    bytes_ += value;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Once something is not there, nothing is.
class EventReader {
 public:
  explicit EventReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <typename Number>
  Number number() {
    std::uint64_t value = 0;
    std::size_t shift = 0;
    for (const std::byte part : take(sizeof(Number))) {
      value |= std::to_integer<std::uint64_t>(part) << shift;
      shift += 8;
    }
    return static_cast<Number>(value);
  }
  std::uint8_t byte() { return number<std::uint8_t>(); }
  Timestamp time() {
    return Timestamp(std::chrono::microseconds(static_cast<std::int64_t>(number<std::uint64_t>())));
  }
  template <std::size_t size>
  std::array<std::byte, size> bytes() {
    std::array<std::byte, size> value{};
    std::ranges::copy(take(size), value.begin());
    return value;
  }
  std::string text() { return std::string(as_text(take(number<std::uint16_t>()))); }
  /// A number below `count`; a larger one makes the record bad.
  std::uint8_t choice(std::size_t count) {
    const std::uint8_t value = byte();
    if (value >= count) is_bad_ = true;
    return value;
  }
  void fail() { is_bad_ = true; }

  bool is_good() const { return !is_bad_; }
  bool is_at_end() const { return rest_.empty(); }

 private:
  std::span<const std::byte> take(std::size_t size) {
    if (is_bad_ || rest_.size() < size) {
      is_bad_ = true;
      return {};
    }
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  std::span<const std::byte> rest_;
  bool is_bad_ = false;
};

void write(EventWriter& writer, const JobSent& event) {
  writer.byte(kSentEvent);
  writer.bytes(event.id.bytes());
  writer.time(event.at);
  writer.time(event.deadline);
  writer.number(event.uid);
  writer.bytes(event.miner.account());
  writer.bytes(event.validator.account());
  writer.byte(std::to_underlying(event.label));
  writer.text(event.prompt);
  writer.text(event.resolution);
}

void write(EventWriter& writer, const JobAnswered& event) {
  writer.byte(kAnsweredEvent);
  writer.bytes(event.id.bytes());
  writer.time(event.at);
  writer.byte(std::to_underlying(event.kind));
  writer.number(static_cast<std::uint16_t>(event.status));
  writer.text(event.text);
}

void write(EventWriter& writer, const JobReported& event) {
  writer.byte(kReportedEvent);
  writer.bytes(event.id.bytes());
  writer.time(event.report.at);
  writer.byte(std::to_underlying(event.kind));
  writer.byte(event.report.has_image ? 1 : 0);
  writer.text(event.report.image_uri);
  writer.text(event.report.reason);
}

void write(EventWriter& writer, const JobGivenUp& event) {
  writer.byte(kGivenUpEvent);
  writer.bytes(event.id.bytes());
  writer.time(event.at);
  writer.byte(std::to_underlying(event.why));
}

void write(EventWriter& writer, const JobChecked& event) {
  const ImageCheck& check = event.check;
  writer.byte(kCheckedEvent);
  writer.bytes(event.id.bytes());
  writer.time(check.at);
  writer.byte(std::to_underlying(check.verdict));
  writer.byte(static_cast<std::uint8_t>((check.content ? kHasContent : 0) |
                                        (check.duplicate_of ? kHasDuplicate : 0)));
  if (check.content) writer.bytes(check.content->bytes());
  if (check.duplicate_of) writer.bytes(check.duplicate_of->bytes());
  writer.number(check.size_bytes);
  writer.number(check.size.width);
  writer.number(check.size.height);
  writer.number(check.look);
  writer.text(check.reason);
}

JobSent read_sent(EventReader& reader) {
  JobSent event{.id = JobId(reader.bytes<16>()), .at = reader.time(), .deadline = reader.time()};
  event.uid = reader.number<Uid>();
  event.miner = keys::Hotkey(reader.bytes<32>());
  event.validator = keys::Hotkey(reader.bytes<32>());
  event.label = static_cast<PromptLabel>(reader.choice(2));
  event.prompt = reader.text();
  event.resolution = reader.text();
  return event;
}

JobAnswered read_answered(EventReader& reader) {
  JobAnswered event{.id = JobId(reader.bytes<16>()), .at = reader.time()};
  event.kind = static_cast<AnswerKind>(reader.choice(3));
  event.status = reader.number<std::uint16_t>();
  event.text = reader.text();
  return event;
}

JobReported read_reported(EventReader& reader) {
  JobReported event{.id = JobId(reader.bytes<16>())};
  event.report.at = reader.time();
  event.kind = static_cast<ReportKind>(reader.choice(2));
  event.report.has_image = reader.choice(2) == 1;
  event.report.image_uri = reader.text();
  event.report.reason = reader.text();
  return event;
}

JobGivenUp read_given_up(EventReader& reader) {
  JobGivenUp event{.id = JobId(reader.bytes<16>()), .at = reader.time()};
  event.why = static_cast<GivingUp>(reader.choice(2));
  return event;
}

JobChecked read_checked(EventReader& reader) {
  JobChecked event{.id = JobId(reader.bytes<16>())};
  ImageCheck& check = event.check;
  check.at = reader.time();
  check.verdict = static_cast<ImageVerdict>(reader.choice(kNumImageVerdicts));
  const std::uint8_t flags = reader.choice((kHasContent | kHasDuplicate) + 1);
  if ((flags & kHasContent) != 0) check.content = Sha256(reader.bytes<Sha256::kSize>());
  if ((flags & kHasDuplicate) != 0) check.duplicate_of = JobId(reader.bytes<16>());
  check.size_bytes = reader.number<std::uint64_t>();
  check.size.width = reader.number<std::uint32_t>();
  check.size.height = reader.number<std::uint32_t>();
  check.look = reader.number<std::uint64_t>();
  check.reason = reader.text();
  return event;
}

JobEvent read_event(EventReader& reader) {
  switch (reader.byte()) {
    case kSentEvent:
      return read_sent(reader);
    case kAnsweredEvent:
      return read_answered(reader);
    case kReportedEvent:
      return read_reported(reader);
    case kGivenUpEvent:
      return read_given_up(reader);
    case kCheckedEvent:
      return read_checked(reader);
    default:
      reader.fail();
      return JobGivenUp{};
  }
}

}  // namespace

const JobId& job_of(const JobEvent& event) {
  return std::visit([](const auto& fact) -> const JobId& { return fact.id; }, event);
}

std::string encode_events(std::span<const JobEvent> events) {
  EventWriter writer;
  writer.byte(kVersion);
  for (const JobEvent& event : events) {
    std::visit([&](const auto& fact) { write(writer, fact); }, event);
  }
  return writer.take();
}

Result<std::vector<JobEvent>> decode_events(std::span<const std::byte> record) {
  EventReader reader(record);
  const std::uint8_t version = reader.byte();
  if (reader.is_good() && version > kVersion) {
    return invalid_input(
        fmt::format("a record of version {}, and this program knows {}: use the newer program",
                    version, kVersion));
  }
  std::vector<JobEvent> events;
  while (reader.is_good() && !reader.is_at_end()) events.push_back(read_event(reader));
  if (!reader.is_good() || version != kVersion || events.empty()) {
    return corrupt("a record that holds no events of jobs");
  }
  return events;
}

}  // namespace assay::jobs

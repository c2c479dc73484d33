#include "audit/verdict_journal.h"

#include "core/bytes.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace assay::audit {
namespace {

using namespace std::chrono_literals;
using storage::ExistenceVerdict;
using storage::Presence;

constexpr char kRunRecord = 'R';
constexpr char kVerdictRecord = 'V';
constexpr std::string_view kEndRecord = "E";
constexpr std::uint8_t kVersion = 1;
constexpr auto kSyncInterval = 5s;
// A service's message is cut: the report needs its beginning.
constexpr std::size_t kMaxMessageBytes = 4096;

constexpr std::uint64_t kHasSize = 1;
constexpr std::uint64_t kHasCreated = 2;

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

void put_text(std::string& out, std::string_view text) {
  put(out, text.size(), 2);
  out += text;
}

std::string encode(const Sha256& key, const ExistenceVerdict& verdict) {
  std::string out(1, kVerdictRecord);
  out += as_text(key.bytes());
  put(out, static_cast<std::uint8_t>(verdict.presence), 1);
  put(out, verdict.status, 2);
  put(out, verdict.tries, 2);
  if (!verdict.details) {
    put(out, 0, 1);
  } else {
    const storage::ObjectDetails& details = *verdict.details;
    put(out, 1, 1);
    put(out, (details.size_bytes ? kHasSize : 0) | (details.created ? kHasCreated : 0), 1);
    put(out, details.size_bytes.value_or(0), 8);
    put(out,
        details.created ? static_cast<std::uint64_t>(details.created->time_since_epoch().count())
                        : 0,
        8);
    put_text(out, std::string_view(details.md5_base64).substr(0, kMaxMessageBytes));
  }
  put_text(out, std::string_view(verdict.message).substr(0, kMaxMessageBytes));
  return out;
}

// Takes values off the front of a record; after a short read everything else is short, too.
class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::size_t count) {
    if (count > rest_.size()) {
      is_short_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::uint64_t number(std::size_t bytes) {
    std::uint64_t value = 0;
    const std::string_view taken = take(bytes);
    for (std::size_t i = taken.size(); i > 0; --i) {
      value = value << 8 | static_cast<unsigned char>(taken[i - 1]);
    }
    return value;
  }
  std::string text() { return std::string(take(number(2))); }
  std::optional<Sha256> digest() {
    const std::string_view taken = take(Sha256::kSize);
    if (taken.size() != Sha256::kSize) return std::nullopt;
    Sha256::Bytes bytes{};
    std::memcpy(bytes.data(), taken.data(), taken.size());
    return Sha256(bytes);
  }
  bool is_whole() const { return !is_short_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool is_short_ = false;
};

std::optional<std::pair<Sha256, ExistenceVerdict>> decode(RecordReader& reader) {
  const auto key = reader.digest();
  ExistenceVerdict verdict;
  const std::uint64_t presence = reader.number(1);
  verdict.status = static_cast<std::uint16_t>(reader.number(2));
  verdict.tries = static_cast<std::uint16_t>(reader.number(2));
  if (reader.number(1) != 0) {
    const std::uint64_t flags = reader.number(1);
    const std::uint64_t size = reader.number(8);
    const std::uint64_t created = reader.number(8);
    storage::ObjectDetails& details = verdict.details.emplace();
    if ((flags & kHasSize) != 0) details.size_bytes = size;
    if ((flags & kHasCreated) != 0) {
      details.created = Timestamp(std::chrono::microseconds(static_cast<std::int64_t>(created)));
    }
    details.md5_base64 = reader.text();
  }
  verdict.message = reader.text();
  if (!key || !reader.is_whole() || presence > static_cast<std::uint64_t>(Presence::kDenied)) {
    return std::nullopt;
  }
  verdict.presence = static_cast<Presence>(presence);
  return std::pair{*key, std::move(verdict)};
}

std::string run_record(const Sha256& fingerprint) {
  std::string out(1, kRunRecord);
  put(out, kVersion, 1);
  out += as_text(fingerprint.bytes());
  return out;
}

// What one reading of the file found.
struct Contents {
  bool is_of_this_run = false;
  VerdictsByKey verdicts;
};

Result<files::Journal> read(files::FileSystem& file_system, const std::filesystem::path& path,
                            const Sha256& fingerprint, Contents& contents) {
  const std::string expected = run_record(fingerprint);
  bool is_first = true;
  return files::Journal::open(file_system, path, [&](std::span<const std::byte> record) -> Status {
    const std::string_view bytes = as_text(record);
    if (std::exchange(is_first, false)) {
      contents.is_of_this_run = bytes == expected;
      return {};
    }
    if (!contents.is_of_this_run) return {};
    if (bytes == kEndRecord) {
      std::erase_if(contents.verdicts,
                    [](const auto& entry) { return entry.second.presence == Presence::kDenied; });
      return {};
    }
    RecordReader reader(bytes);
    const bool is_verdict = reader.take(1) == std::string_view(&kVerdictRecord, 1);
    auto verdict = decode(reader);
    if (!is_verdict || !verdict) {
      return corrupt(
          fmt::format("{}: a record is no verdict; remove the file to begin anew", path.string()));
    }
    contents.verdicts.insert_or_assign(verdict->first, std::move(verdict->second));
    return {};
  });
}

}  // namespace

VerdictJournal::VerdictJournal(files::Journal journal, Clock& clock, VerdictsByKey found)
    : journal_(std::move(journal)),
      clock_(&clock),
      found_(std::move(found)),
      num_verdicts_(found_.size()),
      synced_at_(clock.monotonic()) {}

Result<VerdictJournal> VerdictJournal::open(files::FileSystem& file_system,
                                            const std::filesystem::path& path,
                                            const Sha256& fingerprint, Clock& clock) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  const bool is_stale = info && info->modified + kMaxAge < clock.now();
  Contents contents;
  auto journal = read(file_system, path, fingerprint, contents);
  if (!journal) return Error(journal.error());
  if (contents.is_of_this_run && !is_stale) {
    return VerdictJournal(std::move(*journal), clock, std::move(contents.verdicts));
  }
  RETURN_IF_ERROR(journal->retire());
  auto fresh = read(file_system, path, fingerprint, contents);
  if (!fresh) return Error(fresh.error());
  RETURN_IF_ERROR(fresh->append(as_bytes(run_record(fingerprint))));
  RETURN_IF_ERROR(fresh->flush());
  return VerdictJournal(std::move(*fresh), clock, {});
}

Status VerdictJournal::record(const Sha256& key, const ExistenceVerdict& verdict) {
  if (verdict.presence == Presence::kUnknown) return {};
  RETURN_IF_ERROR(journal_.append(as_bytes(encode(key, verdict))));
  ++num_verdicts_;
  // At once: what is asked again after a kill is then no more than what was under way. It costs a
  // call of the system for each verdict, a tenth of what its request costs.
  RETURN_IF_ERROR(journal_.flush());
  const auto now = clock_->monotonic();
  if (now - synced_at_ < kSyncInterval) return {};
  synced_at_ = now;
  return journal_.sync();
}

Status VerdictJournal::close_run() {
  RETURN_IF_ERROR(journal_.append(as_bytes(kEndRecord)));
  return journal_.sync();
}

Status VerdictJournal::retire() { return journal_.retire(); }

}  // namespace assay::audit

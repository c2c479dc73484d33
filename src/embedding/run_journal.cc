#include "embedding/run_journal.h"

#include "embedding_store/little_endian.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace assay::embedding {
namespace {

namespace fs = std::filesystem;

// Persisted: never changed.
enum class RecordKind : std::uint8_t { kIdentity = 1, kEmbedded = 2, kFailed = 3 };

// Names of entries are bytes of any kind, so records are not JSON.
void append_text(std::string& record, std::string_view text) {
  embedding_store::append_u32(record, static_cast<std::uint32_t>(text.size()));
  record += text;
}

void append_digest(std::string& record, const Sha256& digest) { record += as_text(digest.bytes()); }

std::string identity_record(const RunIdentity& identity) {
  std::string record(1, static_cast<char>(RecordKind::kIdentity));
  append_text(record, identity.project);
  append_digest(record, identity.source);
  append_digest(record, identity.variant);
  return record;
}

std::string outcome_record(const ImageOutcome& outcome) {
  const auto kind = outcome.embedded ? RecordKind::kEmbedded : RecordKind::kFailed;
  std::string record(1, static_cast<char>(kind));
  append_text(record, outcome.entry);
  if (outcome.embedded) {
    append_digest(record, outcome.embedded->content);
    embedding_store::append_u32(record, outcome.embedded->width);
    embedding_store::append_u32(record, outcome.embedded->height);
  } else {
    append_text(record, outcome.error);
    append_text(record, outcome.message);
  }
  return record;
}

/// Reads the parts of a record; once one is not there, none is.
class RecordReader {
 public:
  explicit RecordReader(std::span<const std::byte> record) : rest_(record) {}

  std::uint8_t byte() {
    const auto bytes = take(1);
    return bytes.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(bytes.front());
  }
  std::uint32_t number() {
    const auto bytes = take(4);
    return bytes.empty() ? 0 : embedding_store::load_u32(bytes);
  }
  std::string text() {
    const std::uint32_t size = number();
    return std::string(as_text(take(size)));
  }
  Sha256 digest() {
    Sha256::Bytes digest{};
    const auto bytes = take(digest.size());
    if (!bytes.empty()) std::memcpy(digest.data(), bytes.data(), digest.size());
    return Sha256(digest);
  }
  bool is_whole() const { return !is_short_ && rest_.empty(); }

 private:
  std::span<const std::byte> take(std::size_t size) {
    if (is_short_ || rest_.size() < size) {
      is_short_ = true;
      return {};
    }
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }

  std::span<const std::byte> rest_;
  bool is_short_ = false;
};

std::optional<ImageOutcome> parse_outcome(std::span<const std::byte> record) {
  RecordReader reader(record);
  const std::uint8_t kind = reader.byte();
  ImageOutcome outcome{.entry = reader.text()};
  if (kind == static_cast<std::uint8_t>(RecordKind::kEmbedded)) {
    const Sha256 content = reader.digest();
    const std::uint32_t width = reader.number();
    outcome.embedded =
        embedding_store::KnownImage{.content = content, .width = width, .height = reader.number()};
  } else if (kind == static_cast<std::uint8_t>(RecordKind::kFailed)) {
    outcome.error = reader.text();
    outcome.message = reader.text();
  } else {
    return std::nullopt;
  }
  if (!reader.is_whole()) return std::nullopt;
  return outcome;
}

/// What replaying finds.
struct Replay {
  bool has_records = false;
  bool is_of_this_run = false;
  bool is_readable = true;
  std::vector<ImageOutcome> done;
  std::unordered_map<std::string, std::size_t> places;  // in done, by entry

  void take(std::span<const std::byte> record, std::string_view identity) {
    if (!std::exchange(has_records, true)) {
      is_of_this_run = as_text(record) == identity;
      return;
    }
    if (!is_of_this_run || !is_readable) return;
    auto outcome = parse_outcome(record);
    if (!outcome) {
      is_readable = false;
      return;
    }
    const auto [place, is_new] = places.try_emplace(outcome->entry, done.size());
    if (is_new) {
      done.push_back(std::move(*outcome));
    } else {
      done[place->second] = std::move(*outcome);
    }
  }
};

}  // namespace

Result<RunJournal> RunJournal::open(files::FileSystem& file_system, const fs::path& path,
                                    const RunIdentity& identity) {
  const std::string first = identity_record(identity);
  RunStart start = RunStart::kNew;
  while (true) {
    Replay replay;
    auto journal =
        files::Journal::open(file_system, path, [&](std::span<const std::byte> record) -> Status {
          replay.take(record, first);
          return {};
        });
    if (!journal && journal.error().code == ErrorCode::kCorrupt && start != RunStart::kDamaged) {
      // All it says can be found again, most of it without embedding anything.
      start = RunStart::kDamaged;
      RETURN_IF_ERROR(file_system.remove(path));
      continue;
    }
    if (!journal) return std::move(journal.error()).within("journal of the run");
    if (!replay.has_records) {
      RETURN_IF_ERROR(journal->append(as_bytes(first)));
      RETURN_IF_ERROR(journal->sync());
      return RunJournal(std::move(*journal), start, {});
    }
    if (replay.is_of_this_run && replay.is_readable) {
      return RunJournal(std::move(*journal), RunStart::kResumed, std::move(replay.done));
    }
    start = replay.is_of_this_run ? RunStart::kDamaged : RunStart::kOtherRun;
    RETURN_IF_ERROR(journal->retire());
  }
}

Status RunJournal::add(const ImageOutcome& outcome) {
  return journal_.append(as_bytes(outcome_record(outcome)));
}

}  // namespace assay::embedding

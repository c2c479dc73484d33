#include "core/log.h"
#include "media/ply_digest.h"
#include "recorder/local_recorder_internal.h"
#include "records/intake.h"
#include "records/output_figures.h"

#include <memory>
#include <set>
#include <utility>
#include <vector>

// Images and PLY files of the recorder: bytes first, then the event that names them, so that no
// record names what is not there.

namespace assay::recorder {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPieceSize = std::size_t{1} << 20;
constexpr std::size_t kMaxQueuedPieces = 8;

struct HashedPly {
  media::PlyDigest digest;
  ByteCount size;
};

// Of a file that is not stored.
Result<HashedPly> hash_file(files::FileSystem& file_system, const std::filesystem::path& path,
                            media::PlyFigures figures) {
  ASSIGN_OR_RETURN(const auto file, file_system.open(path, files::OpenMode::kRead));
  media::PlyDigester digester(figures, kMaxQueuedPieces);
  std::uint64_t offset = 0;
  while (true) {
    auto piece = std::make_shared<std::vector<std::byte>>(kPieceSize);
    ASSIGN_OR_RETURN(const std::size_t got, file->read_at(offset, *piece));
    piece->resize(got);
    const std::span<const std::byte> bytes(*piece);
    digester.feed({.bytes = bytes, .owner = std::move(piece)});
    offset += got;
    if (got < kPieceSize) break;
  }
  return HashedPly{.digest = digester.finish(), .size = ByteCount(offset)};
}

// The part of the name that the id of the generation gives.
std::string stem_of_waiting(std::string_view name) {
  return std::string(name.substr(0, name.rfind('_')));
}

media::PlyDecision decision_of(const records::PlyDue& due, double ply_min_score) {
  return due.fate == records::PlyFate::kAccepted && due.score >= ply_min_score
             ? media::PlyDecision::kAccepted
             : media::PlyDecision::kRejected;
}

}  // namespace

Result<LocalRecorder::Prompt> LocalRecorder::take_prompt(std::string_view prompt) {
  RETURN_IF_ERROR(check_usable());
  media::ReadPrompt read = media::read_prompt(prompt);
  Prompt taken{.text = std::move(read.text),
               .num_code_points = read.num_code_points,
               .image_hash = {},
               .image_file_path = {}};
  if (!read.image) return taken;
  taken.image_hash = read.image->hash_text();
  if (options_.stores_images) {
    ASSIGN_OR_RETURN(const std::filesystem::path path, images_->store(*read.image));
    taken.image_file_path = path.native();
  }
  return taken;
}

Result<records::OutputLogged> LocalRecorder::take_output(const records::GenerationId& generation_id,
                                                         const NewOutput& output) {
  RETURN_IF_ERROR(check_usable());
  ASSIGN_OR_RETURN(records::JsonObjectText text, records::checked_output(output.output));
  records::OutputLogged body{.output = std::move(text), .pending_ply_path = {}};
  const bool has_file = !output.ply_file.empty();
  if (output.ply.empty() && !has_file) return body;
  bool is_open = false;
  {
    const std::scoped_lock guard(state_mutex_);
    is_open = table_.is_open(generation_id.text());
  }
  const media::PlyFigures figures = records::lacks_ply_figures(body.output)
                                        ? media::PlyFigures::kComputed
                                        : media::PlyFigures::kLeftOut;
  if (options_.stores_ply_files && is_open) {
    auto stored = has_file ? ply_files_->store_file(generation_id.text(), output.ply_file, figures)
                           : ply_files_->store(generation_id.text(), output.ply, figures);
    if (!stored) return std::move(stored.error());
    body.output =
        records::with_ply_figures(body.output, stored->hash, stored->size, stored->report);
    body.pending_ply_path = stored->pending_path.native();
  } else if (has_file) {
    ASSIGN_OR_RETURN(const HashedPly hashed, hash_file(*file_system_, output.ply_file, figures));
    body.output = records::with_ply_figures(body.output, hashed.digest.hash, hashed.size,
                                            hashed.digest.report);
  } else {
    const media::PlyDigest digest = media::digest_ply(output.ply, figures);
    body.output = records::with_ply_figures(body.output, digest.hash, ByteCount(output.ply.size()),
                                            digest.report);
  }
  return body;
}

// No file of records says that bytes wait, so that of a generation that was looked up there only
// the folder does.
void LocalRecorder::find_waiting_ply(records::KnownGeneration& known) const {
  constexpr std::string_view kHashPrefix = "sha256:";
  if (!known.ply.outcome.empty() || !known.ply.hash.starts_with(kHashPrefix)) return;
  const auto hash = Sha256::parse(std::string_view(known.ply.hash).substr(kHashPrefix.size()));
  const auto path = hash ? ply_files_->find_waiting(known.generation_id, *hash) : std::nullopt;
  if (path) known.ply.pending_path = path->native();
}

// Records that another program or an import brought. Before discard_unnamed(), which would take
// their bytes for nobody's.
void LocalRecorder::find_waiting_of_adopted() {
  const auto names = file_system_->list(folder_ / "ply_files" / "pending");
  if (!names || names->empty()) return;
  std::set<std::string> stems;
  for (const std::string& name : *names) stems.insert(stem_of_waiting(name));
  for (records::KnownGeneration& known : table_.without_ply_path()) {
    if (!stems.contains(media::file_stem_of(known.generation_id))) continue;
    // Its feedback may have come late.
    if (auto found = lookup_.find(known.generation_id); found && *found) known = std::move(**found);
    find_waiting_ply(known);
    if (known.ply.pending_path.empty()) continue;
    table_.correct(std::move(known));
    must_checkpoint_ = true;
  }
}

// What cannot be moved now waits: it is tried again at the next opening, and every minute.
void LocalRecorder::settle(const records::PlyDue& due) {
  const media::PlyDecision decision = decision_of(due, ply_rules_.min_score);
  auto settled = ply_files_->settle(due.generation_id, due.pending_path, decision);
  Status recorded;
  if (settled) {
    records::PlySettled body{.outcome = std::string(to_string(settled->outcome)), .path = {}};
    if (due.fate == records::PlyFate::kExpired &&
        settled->outcome != media::PlyOutcome::kAccepted) {
      body.outcome = "expired";
    }
    // They waited, and nobody but this recorder was to take them away.
    const bool is_lost = decision == media::PlyDecision::kAccepted &&
                         settled->outcome == media::PlyOutcome::kRemoved;
    if (is_lost) body.outcome = records::kLostPly;
    if (settled->path) body.path = settled->path->native();
    auto receipt = append({.sequence = 0,
                           .time = clock_->now(),
                           .generation_id = due.generation_id,
                           .idempotency_key = {},
                           .body = std::move(body)});
    if (!receipt) {
      recorded = std::move(receipt.error());
    } else if (is_lost) {
      num_ply_lost_.fetch_add(1, std::memory_order_relaxed);
      log_warning("an accepted PLY file is lost: its bytes waited and are gone",
                  {{"generation", due.generation_id}, {"path", due.pending_path}});
    }
  } else {
    recorded = std::move(settled.error());
  }
  if (!recorded) {
    log_warning("a PLY file waits for its place; it is tried again",
                {{"generation", due.generation_id}, {"reason", recorded.error().message}});
  }
}

void LocalRecorder::settle_due() {
  std::vector<records::PlyDue> found;
  {
    const std::scoped_lock guard(state_mutex_);
    const auto& timeout = ply_rules_.feedback_timeout;
    found = table_.ply_due(options_.expires_ply && timeout ? std::optional(clock_->now() - *timeout)
                                                           : std::nullopt);
  }
  for (const records::PlyDue& due : found) settle(due);
}

// Only while nobody stores: the same bytes may have come again and be named by an event that is
// under way.
void LocalRecorder::discard_superseded() {
  {
    const std::scoped_lock guard(state_mutex_);
    if (superseded_.empty()) return;
  }
  const std::unique_lock nobody_stores(ply_mutex_);
  std::vector<records::SupersededPly> found;
  {
    const std::scoped_lock guard(state_mutex_);
    found = std::exchange(superseded_, {});
    std::erase_if(found, [&](const records::SupersededPly& ply) { return table_.is_waiting(ply); });
  }
  if (found.empty()) return;
  // The event that names the other bytes must last longer than these.
  Status done;
  if (options_.journal.durability != files::Durability::kAlways) done = journal_->sync();
  for (const records::SupersededPly& ply : found) {
    if (done) done = ply_files_->discard(ply.pending_path);
  }
  if (!done) {
    log_warning("PLY bytes that others replaced are still there; the next start removes them",
                {{"reason", done.error().message}});
  }
}

// What a crash left of the above, and bytes whose event was refused. Those of generations that are
// no longer remembered may still get their feedback, and where events are lost nobody knows.
// Before anybody stores.
void LocalRecorder::discard_unnamed() {
  if (is_journal_damaged_ || has_gap_) return;
  const fs::path pending = fs::path("ply_files") / "pending";
  const auto names = file_system_->list(folder_ / pending);
  if (!names || names->empty()) return;
  std::set<std::string> stems;
  std::set<std::string> waiting;
  for (records::SupersededPly& ply : table_.known_ply()) {
    stems.insert(media::file_stem_of(ply.generation_id));
    waiting.insert(std::move(ply.pending_path));
  }
  for (const std::string& name : *names) {
    const std::string path = (pending / name).native();
    if (waiting.contains(path) || !stems.contains(stem_of_waiting(name))) continue;
    if (const auto done = ply_files_->discard(path); !done) {
      log_warning("PLY bytes that no event names are still there",
                  {{"reason", done.error().message}});
    }
  }
}

}  // namespace assay::recorder

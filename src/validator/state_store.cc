#include "validator/state_store.h"

#include "core/bytes.h"
#include "core/crc32c.h"
#include "core/log.h"
#include "files/atomic_file.h"
#include "validator/state_codec_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// A round is acknowledged once its record is synced. When the journal has enough rounds a snapshot
// is written, which appears whole or not at all, and then the journal is removed and begun anew.
// Both carry the number of the round: whatever a kill leaves behind, a round that the snapshot has
// is passed over when the journal is replayed.

namespace assay::validator {
namespace {

// Persisted: never changed.
constexpr std::string_view kStateMagic = "assayVS1";
constexpr std::uint32_t kVersion = 1;
constexpr std::uint8_t kRoundRecord = 1;
/// 65,536 slots with full windows and long hotkeys are some 80 MB.
constexpr ByteCount kMaxSnapshot{std::uint64_t{256} << 20};
constexpr std::size_t kChecksumSize = 4;

void write_uids(ByteWriter& writer, std::span<const scoring::Uid> uids) {
  writer.u32(static_cast<std::uint32_t>(uids.size()));
  for (const scoring::Uid uid : uids) writer.u16(uid);
}

std::vector<scoring::Uid> read_uids(ByteReader& reader) {
  std::vector<scoring::Uid> uids;
  const std::uint32_t size = reader.u32();
  for (std::uint32_t i = 0; i < size && reader.is_good(); ++i) uids.push_back(reader.u16());
  return uids;
}

void write_deck(ByteWriter& writer, const scoring::Deck& deck) {
  write_uids(writer, deck.pending());
  write_uids(writer, deck.dealt());
}

scoring::Deck read_deck(ByteReader& reader) {
  std::vector<scoring::Uid> pending = read_uids(reader);
  std::vector<scoring::Uid> dealt = read_uids(reader);
  return {std::move(pending), std::move(dealt)};
}

void write_miner_state(ByteWriter& writer, const scoring::MinerState& miner) {
  writer.text(miner.hotkey);
  writer.real32(miner.score);
  // The shorter window is the end of the longer one.
  const scoring::AnswerWindow& recent = miner.windows.recent;
  writer.u16(static_cast<std::uint16_t>(recent.size()));
  for (std::size_t age = 0; age < recent.size(); ++age) write_answer(writer, recent.at(age));
}

bool read_miner_state(ByteReader& reader, scoring::MinerState& miner) {
  miner.hotkey = reader.text();
  miner.score = reader.real32();
  const std::uint16_t size = reader.u16();
  for (std::uint16_t i = 0; i < size; ++i) {
    scoring::Answer answer;
    if (!read_answer(reader, answer)) return false;
    miner.windows.add(answer);
  }
  return reader.is_good();
}

std::string snapshot_of(const scoring::ScoreBook& book, const scoring::Deck& deck,
                        std::uint64_t num_rounds) {
  ByteWriter writer;
  writer.u32(kVersion);
  writer.u64(num_rounds);
  writer.byte(static_cast<std::uint8_t>(book.formula()));
  writer.u32(static_cast<std::uint32_t>(book.miners().size()));
  for (const scoring::MinerState& miner : book.miners()) write_miner_state(writer, miner);
  write_deck(writer, deck);
  std::string bytes = std::string(kStateMagic) + writer.bytes();
  ByteWriter checksum;
  checksum.u32(crc32c(as_bytes(bytes)));
  return bytes + checksum.bytes();
}

std::string record_of(std::uint64_t number, const Round& round, const scoring::Deck& deck) {
  ByteWriter writer;
  writer.byte(kRoundRecord);
  writer.u64(number);
  writer.u32(static_cast<std::uint32_t>(round.answers.size()));
  for (const RoundAnswer& answer : round.answers) {
    writer.u16(answer.uid);
    writer.text(answer.hotkey);
    write_answer(writer, answer.answer);
  }
  write_uids(writer, round.decaying);
  write_deck(writer, deck);
  return writer.bytes();
}

/// What can be done for a state without its scores.
std::string remedy() {
  return fmt::format(
      "put a backup of {} in its place, or move it and {} out of this folder: all scores begin at "
      "0 "
      "then, unless `assay validator state import` brings those of a state.npz",
      kSnapshotFile, kRoundJournalFile);
}

Error broken(std::string_view what) {
  return corrupt(fmt::format("{} does not check; {}", what, remedy()));
}

}  // namespace

Result<StateStore> StateStore::open(files::FileSystem& file_system,
                                    const std::filesystem::path& folder,
                                    const StateOptions& options) {
  RETURN_IF_ERROR(file_system.create_folders(folder));
  StateStore store(file_system, folder, options);
  RETURN_IF_ERROR(with_context(store.load_snapshot(), (folder / kSnapshotFile).native()));
  Status opened = store.open_journal();
  if (!opened && opened.error().code == ErrorCode::kCorrupt && !store.is_snapshot_behind_) {
    opened = store.set_journal_aside(opened.error());
  }
  RETURN_IF_ERROR(opened);
  return store;
}

Status StateStore::set_journal_aside(const Error& damage) {
  std::filesystem::path aside;
  for (int i = 0;; ++i) {
    aside = folder_ / fmt::format("{}.damaged.{}", kRoundJournalFile, i);
    ASSIGN_OR_RETURN(const auto taken, file_system_->info(aside));
    if (!taken) break;
  }
  // First the rounds before the damage, which are in the book: after a kill in between they are
  // passed over in the journal that is still there.
  RETURN_IF_ERROR(with_context(files::write_file(*file_system_, folder_ / kSnapshotFile,
                                                 snapshot_of(book_, deck_, num_rounds_)),
                               "validator state"));
  RETURN_IF_ERROR(file_system_->rename(folder_ / kRoundJournalFile, aside));
  RETURN_IF_ERROR(file_system_->sync_folder(folder_));
  log_error("the journal of rounds is damaged: its rounds behind the damage are lost to the scores",
            {{"kept_until_round", fmt::format("{}", num_rounds_)},
             {"moved_to", aside.native()},
             {"reason", damage.message}});
  num_journaled_ = 0;
  return open_journal();
}

Status StateStore::load_snapshot() {
  const std::filesystem::path path = folder_ / kSnapshotFile;
  ASSIGN_OR_RETURN(const auto found, file_system_->info(path));
  if (!found) return {};
  ASSIGN_OR_RETURN(const std::string text, files::read_file(*file_system_, path, kMaxSnapshot));
  if (!text.starts_with(kStateMagic)) {
    return invalid_input("not the state of a validator; " + remedy());
  }
  if (text.size() < kStateMagic.size() + kChecksumSize) return broken("the snapshot");
  const std::string_view checked = std::string_view(text).substr(0, text.size() - kChecksumSize);
  ByteReader checksum(as_bytes(text).last(kChecksumSize));
  if (checksum.u32() != crc32c(as_bytes(checked))) return broken("the snapshot");

  ByteReader reader(as_bytes(checked.substr(kStateMagic.size())));
  const std::uint32_t version = reader.u32();
  if (version != kVersion) {
    return invalid_input(fmt::format(
        "written by a later version of Assay (format {}, this one reads {}): update Assay", version,
        kVersion));
  }
  num_rounds_ = reader.u64();
  reader.byte();  // the formula: scores are shares of 1 under any
  const std::uint32_t num_miners = reader.u32();
  if (num_miners > std::uint32_t{1} << 16U) return broken("the snapshot");
  for (std::uint32_t i = 0; i < num_miners; ++i) {
    scoring::MinerState miner;
    if (!read_miner_state(reader, miner)) return broken("the snapshot");
    book_.restore(static_cast<scoring::Uid>(i), std::move(miner));
  }
  deck_ = read_deck(reader);
  if (!reader.is_whole()) return broken("the snapshot");
  recovery_.has_snapshot = true;
  return {};
}

Status StateStore::open_journal() {
  ASSIGN_OR_RETURN(
      files::Journal journal,
      files::Journal::open(*file_system_, folder_ / kRoundJournalFile,
                           [this](std::span<const std::byte> record) { return replay(record); }));
  journal_.clear();
  journal_.push_back(std::move(journal));
  return {};
}

Status StateStore::replay(std::span<const std::byte> record) {
  ByteReader reader(record);
  const std::uint8_t kind = reader.byte();
  const std::uint64_t number = reader.u64();
  Round round;
  const std::uint32_t num_answers = reader.u32();
  for (std::uint32_t i = 0; i < num_answers; ++i) {
    RoundAnswer answer{.uid = reader.u16(), .hotkey = reader.text()};
    if (!read_answer(reader, answer.answer)) return broken("a round in the journal");
    round.answers.push_back(std::move(answer));
  }
  round.decaying = read_uids(reader);
  scoring::Deck deck = read_deck(reader);
  if (kind != kRoundRecord || !reader.is_whole()) return broken("a round in the journal");
  if (number <= num_rounds_) return {};
  if (number != num_rounds_ + 1) {
    is_snapshot_behind_ = true;
    return broken("the order of rounds in the journal");
  }
  apply(round);
  deck_ = std::move(deck);
  ++num_rounds_;
  num_journaled_ += round.answers.size();
  ++recovery_.num_rounds_replayed;
  return {};
}

std::vector<scoring::ScoreStep> StateStore::apply(const Round& round) {
  std::vector<scoring::ScoreStep> steps;
  steps.reserve(round.answers.size());
  for (const RoundAnswer& answer : round.answers) {
    steps.push_back(book_.record(answer.uid, answer.hotkey, answer.answer));
  }
  for (const scoring::Uid uid : round.decaying) book_.decay(uid);
  return steps;
}

Result<RoundResult> StateStore::add_round(const Round& round) {
  if (journal_.empty()) return unavailable("the state could not be written before; open it anew");
  const std::string record = record_of(num_rounds_ + 1, round, deck_);
  auto written = journal_.front().append(as_bytes(record));
  if (written) written = journal_.front().sync();
  if (!written) {
    journal_.clear();
    return std::move(written.error()).within("validator state");
  }
  RoundResult result{.number = ++num_rounds_, .steps = apply(round)};
  num_journaled_ += round.answers.size();
  if (num_journaled_ >= options_.answers_per_snapshot) RETURN_IF_ERROR(save());
  return result;
}

Result<scoring::Reconciliation> StateStore::reconcile(std::span<const scoring::Neuron> neurons) {
  scoring::Reconciliation changes = book_.reconcile(neurons);
  if (changes.has_changes()) RETURN_IF_ERROR(save());
  return changes;
}

Status StateStore::replace(std::span<const scoring::MinerState> state, std::uint64_t num_rounds) {
  book_ = scoring::ScoreBook(book_.formula());
  for (std::size_t i = 0; i < state.size(); ++i)
    book_.restore(static_cast<scoring::Uid>(i), state[i]);
  deck_ = scoring::Deck();
  // Never backwards: the journal's rounds must stay behind the snapshot.
  num_rounds_ = std::max(num_rounds, num_rounds_ + 1);
  return save();
}

Status StateStore::save() {
  if (journal_.empty()) return unavailable("the state could not be written before; open it anew");
  files::Journal journal = std::move(journal_.front());
  journal_.clear();
  RETURN_IF_ERROR(with_context(files::write_file(*file_system_, folder_ / kSnapshotFile,
                                                 snapshot_of(book_, deck_, num_rounds_)),
                               "validator state"));
  RETURN_IF_ERROR(with_context(journal.retire(), "validator state"));
  num_journaled_ = 0;
  return open_journal();
}

}  // namespace assay::validator

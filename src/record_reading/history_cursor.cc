#include "record_reading/history_cursor.h"

#include "record_reading/block_read_internal.h"
#include "record_reading/history_files_internal.h"
#include "record_reading/history_snapshot.h"
#include "record_reading/id_set.h"
#include "record_reading/late_feedback_internal.h"
#include "record_reading/line_blocks.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace assay::record_reading {

/// One reading of all files of a snapshot, a block at a time. Lifetime: all of it outlives this.
// NOLINTNEXTLINE(misc-use-internal-linkage): HistoryCursor::State has one.
class SnapshotPass {
 public:
  SnapshotPass(const HistorySnapshot& snapshot, const LateFeedback& feedback,
               const ReadOptions& options, PassKind kind, ContestedIds& contested,
               const OnRecord& on_record)
      : snapshot_(&snapshot),
        ids_{.kind = kind, .seen = {}, .contested = &contested},
        reader_(options, feedback, ids_, on_record, 0) {}
  SnapshotPass(const SnapshotPass&) = delete;
  SnapshotPass& operator=(const SnapshotPass&) = delete;

  /// False at the end. Errors: those of reading files, and of `on_record`.
  Result<bool> next() {
    while (true) {
      if (!current_) {
        if (next_file_ == snapshot_->files.size()) return false;
        const OpenHistoryFile& file = snapshot_->files[next_file_++];
        current_.emplace(history_stream(file.opened, file.size, file.file.path));
      }
      ASSIGN_OR_RETURN(const bool has_block, current_->next(block_));
      if (!has_block) {
        current_.reset();
        continue;
      }
      const std::uint64_t file = next_file_;
      RETURN_IF_ERROR(reader_.read(block_, (file << kFileShift) + block_.offset));
      return true;
    }
  }

  const LineCounts& counts() const { return reader_.counts(); }

 private:
  const HistorySnapshot* snapshot_;
  PassIds ids_;
  std::size_t next_file_ = 0;
  std::optional<LineBlocks> current_;
  LineBlock block_;
  BlockRead reader_;
};

struct HistoryCursor::State {
  State(HistorySnapshot given_snapshot, LateFeedback given_feedback, ReadOptions given_options)
      : snapshot(std::move(given_snapshot)),
        feedback(std::move(given_feedback)),
        options(std::move(given_options)) {}

  /// False at the end.
  Result<bool> next() {
    if (!pass) {
      RETURN_IF_ERROR(find_contested());
      pass.emplace(snapshot, feedback, options,
                   contested.is_empty() ? PassKind::kFirst : PassKind::kLast, contested, forward);
    }
    return pass->next();
  }

  // What was handed over cannot be taken back: ids that stand twice are found beforehand.
  Status find_contested() {
    const OnRecord pass_over = [](const records::RecordView&, unsigned, std::uint64_t) {
      return Status();
    };
    SnapshotPass first(snapshot, feedback, options, PassKind::kFirst, contested, pass_over);
    bool has_more = true;
    while (has_more) {
      ASSIGN_OR_RETURN(has_more, first.next());
    }
    return {};
  }

  HistorySnapshot snapshot;
  LateFeedback feedback;
  ReadOptions options;
  ContestedIds contested;
  const OnRecord* on_record = nullptr;  // of the call that runs
  std::uint64_t num_handed_over = 0;
  OnRecord forward = [this](const records::RecordView& record, unsigned worker, std::uint64_t) {
    return (*on_record)(record, worker, num_handed_over++);
  };
  std::optional<SnapshotPass> pass;
};

HistoryCursor::HistoryCursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
HistoryCursor::HistoryCursor(HistoryCursor&&) noexcept = default;
HistoryCursor& HistoryCursor::operator=(HistoryCursor&&) noexcept = default;
HistoryCursor::~HistoryCursor() = default;

Result<HistoryCursor> HistoryCursor::open(files::FileSystem& file_system,
                                          const std::filesystem::path& folder,
                                          ReadOptions options) {
  ASSIGN_OR_RETURN(HistorySnapshot snapshot, open_history(file_system, folder, options.since));
  if (!snapshot.has_files) return no_history(file_system, folder);
  ASSIGN_OR_RETURN(LateFeedback feedback, LateFeedback::read(file_system, folder));
  return HistoryCursor(
      std::make_unique<State>(std::move(snapshot), std::move(feedback), std::move(options)));
}

Result<bool> HistoryCursor::next(const OnRecord& on_record) {
  state_->on_record = &on_record;
  return state_->next();
}

LineCounts HistoryCursor::counts() const {
  return state_->pass ? state_->pass->counts() : LineCounts();
}

}  // namespace assay::record_reading

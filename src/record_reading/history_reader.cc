#include "record_reading/history_reader.h"

#include "compress/stream.h"
#include "core/check.h"
#include "record_reading/block_read_internal.h"
#include "record_reading/history_files_internal.h"
#include "record_reading/history_snapshot.h"
#include "record_reading/id_set.h"
#include "record_reading/late_feedback_internal.h"
#include "record_reading/line_blocks.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace assay::record_reading {
namespace {

/// Gives out the blocks of all files, in order. The blocks of one file are all done before the next
/// begins.
class Blocks {
 public:
  explicit Blocks(const std::vector<OpenHistoryFile>& files) : files_(&files) {}

  struct Given {
    std::uint64_t ordinal = 0;  ///< Of its first byte.
    std::uint64_t number = 0;   ///< Over all files, from 0.
  };

  /// A block; nothing at the end or after stop(). The block before is given back with the call.
  /// Errors: those of reading files.
  Result<std::optional<Given>> next(LineBlock& block, bool has_block) {
    std::unique_lock lock(mutex_);
    if (has_block) --num_in_work_;
    changed_.notify_all();
    while (!is_stopped_) {
      if (part_ < plain_size()) {
        const OpenHistoryFile& file = (*files_)[next_file_ - 1];
        const std::uint64_t part = std::exchange(part_, part_ + kFilePart);
        Given given = give();
        lock.unlock();
        RETURN_IF_ERROR(read_file_part(*file.opened, file.size.count(), part, block));
        given.ordinal += block.offset;
        return std::optional(given);
      }
      if (current_) {
        ASSIGN_OR_RETURN(const bool has_more, current_->next(block));
        if (has_more) {
          Given given = give();
          given.ordinal += block.offset;
          return std::optional(given);
        }
        current_.reset();
      }
      changed_.wait(lock, [&] { return num_in_work_ == 0 || is_stopped_ || has_file(); });
      if (is_stopped_ || has_file()) continue;
      if (next_file_ == files_->size()) break;
      begin_next();
      changed_.notify_all();
    }
    return std::nullopt;
  }

  /// Return when all blocks before have had their turn; false after stop().
  bool await_turn(std::uint64_t number) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return turn_ == number || is_stopped_; });
    return !is_stopped_;
  }
  void end_turn() {
    const std::scoped_lock lock(mutex_);
    ++turn_;
    changed_.notify_all();
  }

  void stop() {
    const std::scoped_lock lock(mutex_);
    is_stopped_ = true;
    changed_.notify_all();
  }

 private:
  // Pre of all: the lock is held.
  void begin_next() {
    const OpenHistoryFile& file = (*files_)[next_file_++];
    is_plain_ = !compress::format_of_name(file.file.path.native());
    part_ = 0;
    if (!is_plain_) current_.emplace(history_stream(file.opened, file.size, file.file.path));
  }
  bool has_file() const { return current_ || part_ < plain_size(); }
  std::uint64_t plain_size() const {
    return is_plain_ ? (*files_)[next_file_ - 1].size.count() : 0;
  }
  /// The next block of the file that was begun last, from its first byte on.
  Given give() {
    ++num_in_work_;
    return {.ordinal = next_file_ << kFileShift, .number = num_given_++};
  }

  const std::vector<OpenHistoryFile>* files_;
  std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  // Of the file before the next: a compressed one is read under the lock, of a plain one each
  // worker reads its part itself.
  std::optional<LineBlocks> current_;
  bool is_plain_ = false;
  std::uint64_t part_ = 0;  // that is given out next
  std::uint64_t next_file_ = 0;
  std::size_t num_in_work_ = 0;
  std::uint64_t num_given_ = 0;
  std::uint64_t turn_ = 0;  // the number of the block whose worker may go on
  bool is_stopped_ = false;
};

/// One worker from its first block to its last. Errors: those of read_history().
Result<LineCounts> work(Blocks& blocks, BlockRead& reader, unsigned worker,
                        const ReadOptions& options, const std::stop_token& stop) {
  LineBlock block;
  bool has_block = false;
  while (true) {
    if (stop.stop_requested()) return cancelled("stopped while reading the history");
    ASSIGN_OR_RETURN(const auto given, blocks.next(block, has_block));
    if (!given) return reader.counts();
    has_block = true;
    RETURN_IF_ERROR(reader.read(block, given->ordinal));
    if (!options.block_done) continue;
    if (!blocks.await_turn(given->number)) return reader.counts();
    RETURN_IF_ERROR(options.block_done(worker));
    blocks.end_turn();
  }
}

/// Read all files once with all workers. Errors: those of read_history().
Result<LineCounts> run_pass(const std::vector<OpenHistoryFile>& files, const LateFeedback& feedback,
                            const ReadOptions& options, PassIds& ids, const OnRecord& on_record,
                            const std::stop_token& stop) {
  Blocks blocks(files);
  std::vector<Result<LineCounts>> outcomes(options.num_threads);
  const auto run_worker = [&](unsigned worker) {
    BlockRead reader(options, feedback, ids, on_record, worker);
    outcomes[worker] = work(blocks, reader, worker, options, stop);
    if (!outcomes[worker]) blocks.stop();
  };
  {
    std::vector<std::jthread> threads;
    for (unsigned worker = 1; worker < options.num_threads; ++worker) {
      threads.emplace_back(run_worker, worker);
    }
    run_worker(0);
  }
  LineCounts counts;
  for (Result<LineCounts>& outcome : outcomes) {
    if (!outcome) return std::move(outcome.error());
    counts += *outcome;
  }
  return counts;
}

}  // namespace

LineCounts& LineCounts::operator+=(const LineCounts& other) {
  num_records += other.num_records;
  num_outside += other.num_outside;
  num_blank += other.num_blank;
  num_bad_json += other.num_bad_json;
  num_bad_utf8 += other.num_bad_utf8;
  num_no_object += other.num_no_object;
  num_too_long += other.num_too_long;
  num_nan += other.num_nan;
  num_big_integer += other.num_big_integer;
  num_lone_surrogate += other.num_lone_surrogate;
  num_bad_timestamp += other.num_bad_timestamp;
  num_no_offset += other.num_no_offset;
  num_missing_section += other.num_missing_section;
  num_duplicate += other.num_duplicate;
  num_late_feedback += other.num_late_feedback;
  return *this;
}

Result<LineCounts> read_history(files::FileSystem& file_system, const std::filesystem::path& folder,
                                const ReadOptions& options, const OnRecord& on_record,
                                const std::stop_token& stop) {
  CHECK(options.num_threads > 0, "somebody must read");
  ASSIGN_OR_RETURN(const HistorySnapshot snapshot,
                   open_history(file_system, folder, options.since));
  if (!snapshot.has_files) return no_history(file_system, folder);
  ASSIGN_OR_RETURN(const LateFeedback feedback, LateFeedback::read(file_system, folder));
  ContestedIds contested;
  const auto run = [&](PassKind kind) -> Result<LineCounts> {
    PassIds ids{.kind = kind, .seen = {}, .contested = &contested};
    return run_pass(snapshot.files, feedback, options, ids, on_record, stop);
  };
  ASSIGN_OR_RETURN(const LineCounts counts, run(PassKind::kFirst));
  if (contested.is_empty() || !options.start_over) return counts;
  // One thread meets the lines in order, so that it has noted the last of each.
  if (options.num_threads > 1) RETURN_IF_ERROR(run(PassKind::kLocate));
  options.start_over();
  return run(PassKind::kLast);
}

}  // namespace assay::record_reading

#include "files/group_journal.h"

#include "core/check.h"
#include "files/journal_format_internal.h"
#include "files/journal_segments_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

// Two locks. `queue_mutex_` guards the open batch, into which callers put records; it is held for
// the copy of a record. `io_mutex_` guards the files and is held while one batch is written, synced
// and handed out. Who opens a batch leads it: it waits for `io_mutex_`, while others join, then
// takes the batch out of the queue and commits it; the others sleep until it is finished. Order:
// `io_mutex_` first.
//
// Callers that come back at once make a trap: those released by one batch find the next one already
// being synced without them, so that two halves take turns and each sync carries half of what it
// could. So a leader, before it takes its batch, gives way to the callers just released for as long
// as they keep coming. It yields the processor and waits for no time: when nothing comes, or
// when it is alone, it goes on at once.

namespace assay::files {
namespace {

namespace fs = std::filesystem;
using journal_format::kRecordPrefixSize;

// A leader goes on after so many yields in a row that brought nobody.
constexpr int kMaxIdleYields = 16;
// A buffer that grew beyond this is given back.
constexpr std::size_t kMaxKeptBuffer = std::size_t{4} << 20;

// Records that are written together.
class Batch {
 public:
  explicit Batch(std::vector<std::byte> buffer) : bytes_(std::move(buffer)) {
    bytes_.assign(JournalSegments::kReservedSize, std::byte{0});
  }

  // Returns which of the batch it is.
  std::size_t add(std::span<const std::byte> prefix, std::span<const std::byte> record) {
    bytes_.insert(bytes_.end(), prefix.begin(), prefix.end());
    bytes_.insert(bytes_.end(), record.begin(), record.end());
    sizes_.push_back(record.size());
    return sizes_.size() - 1;
  }

  std::size_t num_records() const { return sizes_.size(); }
  std::span<std::byte> bytes() { return bytes_; }
  std::size_t num_queued_bytes() const { return bytes_.size() - JournalSegments::kReservedSize; }

  void hand_out(std::uint64_t first_sequence, const GroupJournal::OnRecord& on_record) const {
    std::span<const std::byte> rest = std::span(bytes_).subspan(JournalSegments::kReservedSize);
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      const auto handed = on_record(first_sequence + i, rest.subspan(kRecordPrefixSize, sizes_[i]));
      CHECK(handed.has_value(), "a record that is in the journal was taken by its reader");
      rest = rest.subspan(kRecordPrefixSize + sizes_[i]);
    }
  }

  // Wakes all who wait.
  void finish(Result<std::uint64_t> first_sequence) {
    first_sequence_ = std::move(first_sequence);
    is_finished_.store(1, std::memory_order_release);
    is_finished_.notify_all();
  }
  // The first sequence, or why none of it is in the journal.
  const Result<std::uint64_t>& wait() const {
    is_finished_.wait(0, std::memory_order_acquire);
    return first_sequence_;
  }

  std::vector<std::byte> take_buffer() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
  std::vector<std::size_t> sizes_;
  Result<std::uint64_t> first_sequence_ = 0;  // set before is_finished_
  std::atomic<int> is_finished_ = 0;
};

class FileGroupJournal final : public GroupJournal {
 public:
  FileGroupJournal(std::unique_ptr<JournalSegments> segments, fs::path folder,
                   const GroupJournalOptions& options, OnRecord on_record)
      : folder_(std::move(folder)),
        options_(options),
        on_record_(std::move(on_record)),
        recovery_(segments->recovery()),
        segments_(std::move(segments)),
        last_sequence_(segments_->last_sequence()),
        recovered_sequence_(last_sequence_) {}
  ~FileGroupJournal() override;

  Status start_syncer();

  Result<std::uint64_t> append(std::span<const std::byte> record) override;
  Status sync() override;
  Status drop_through(std::uint64_t sequence) override;
  std::uint64_t last_sequence() const override;
  const GroupJournalRecovery& recovery() const override { return recovery_; }
  GroupJournalCounts counts() const override;

 private:
  bool has_room(std::size_t size) const;
  void lead(Batch& batch);
  void give_way() const;
  Status commit(Batch& batch);
  void sync_regularly(const std::stop_token& stop);
  void note_syncs();

  const fs::path folder_;
  const GroupJournalOptions options_;
  const OnRecord on_record_;
  const GroupJournalRecovery recovery_;

  std::mutex io_mutex_;
  std::unique_ptr<JournalSegments> segments_;  // guarded by io_mutex_
  std::size_t num_expected_ = 0;  // by io_mutex_: callers that may join the next batch at once

  mutable std::mutex queue_mutex_;  // guards all below
  std::condition_variable has_room_;
  std::shared_ptr<Batch> open_batch_;
  std::vector<std::byte> spare_buffer_;
  std::size_t num_queued_bytes_ = 0;  // with those being written
  std::uint64_t last_sequence_ = 0;
  std::uint64_t recovered_sequence_ = 0;
  GroupJournalCounts counts_;
  std::atomic<std::size_t> num_open_ = 0;  // records in the open batch; read without the lock

  std::mutex syncer_mutex_;
  std::condition_variable_any syncer_wakes_;
  std::jthread syncer_;
};

FileGroupJournal::~FileGroupJournal() {
  if (syncer_.joinable()) {
    syncer_.request_stop();
    syncer_.join();
    static_cast<void>(segments_->sync());
  }
}

Status FileGroupJournal::start_syncer() {
  try {
    syncer_ = std::jthread([this](const std::stop_token& stop) { sync_regularly(stop); });
  } catch (const std::system_error& error) {
    return unavailable(
        fmt::format("journal {}: cannot start a thread: {}", folder_.native(), error.what()));
  }
  return {};
}

// A record larger than the whole queue is let in alone.
bool FileGroupJournal::has_room(std::size_t size) const {
  return num_queued_bytes_ == 0 || num_queued_bytes_ + size <= options_.max_queued.count();
}

Result<std::uint64_t> FileGroupJournal::append(std::span<const std::byte> record) {
  if (record.size() > kMaxJournalRecord.count()) {
    return invalid_input(fmt::format("journal {}: a record of {}, but the most is {}",
                                     folder_.native(), to_string(ByteCount(record.size())),
                                     to_string(kMaxJournalRecord)));
  }
  const auto prefix = journal_format::record_prefix(record);
  const std::size_t size = prefix.size() + record.size();
  std::shared_ptr<Batch> batch;
  std::size_t index = 0;
  bool leads = false;
  {
    std::unique_lock lock(queue_mutex_);
    if (!has_room(size)) {
      ++counts_.num_queue_full;
      if (options_.when_full == WhenFull::kRefuse) {
        ++counts_.num_refused;
        return exhausted(fmt::format("journal {}: {} wait to be written, the disk does not keep up",
                                     folder_.native(), to_string(ByteCount(num_queued_bytes_))));
      }
      has_room_.wait(lock, [&] { return has_room(size); });
    }
    leads = open_batch_ == nullptr;
    if (leads) open_batch_ = std::make_shared<Batch>(std::move(spare_buffer_));
    batch = open_batch_;
    index = batch->add(prefix, record);
    num_open_.store(index + 1, std::memory_order_relaxed);
    num_queued_bytes_ += size;
    ++counts_.num_accepted;
  }
  if (leads) lead(*batch);
  const Result<std::uint64_t>& first_sequence = batch->wait();
  if (!first_sequence) return first_sequence.error();
  return *first_sequence + index;
}

void FileGroupJournal::lead(Batch& batch) {
  const std::scoped_lock io(io_mutex_);
  // Without a sync there is nothing to share.
  if (options_.durability == Durability::kAlways) give_way();
  {
    const std::scoped_lock lock(queue_mutex_);
    open_batch_.reset();
    num_open_.store(0, std::memory_order_relaxed);
  }
  const auto committed = commit(batch);
  Result<std::uint64_t> first_sequence = segments_->last_sequence() + 1 - batch.num_records();
  if (committed) {
    batch.hand_out(*first_sequence, on_record_);
  } else {
    first_sequence = committed.error();
  }
  {
    const std::scoped_lock lock(queue_mutex_);
    note_syncs();
    if (committed) {
      last_sequence_ = segments_->last_sequence();
    } else {
      counts_.num_refused += batch.num_records();
    }
    num_queued_bytes_ -= batch.num_queued_bytes();
    num_expected_ = batch.num_records() + num_open_.load(std::memory_order_relaxed);
    if (batch.bytes().size() <= kMaxKeptBuffer) spare_buffer_ = batch.take_buffer();
  }
  has_room_.notify_all();
  // Before the next leader may go on, so that it sees them come back.
  batch.finish(std::move(first_sequence));
}

void FileGroupJournal::give_way() const {
  std::size_t num_seen = num_open_.load(std::memory_order_relaxed);
  for (int num_idle = 0; num_seen < num_expected_ && num_idle < kMaxIdleYields; ++num_idle) {
    std::this_thread::yield();
    const std::size_t num_now = num_open_.load(std::memory_order_relaxed);
    if (num_now != num_seen) num_idle = 0;
    num_seen = num_now;
  }
}

Status FileGroupJournal::commit(Batch& batch) {
  RETURN_IF_ERROR(segments_->write(batch.bytes(), batch.num_records()));
  if (options_.durability == Durability::kAlways) return segments_->sync();
  return {};
}

Status FileGroupJournal::sync() {
  const std::scoped_lock io(io_mutex_);
  auto synced = segments_->sync();
  const std::scoped_lock lock(queue_mutex_);
  note_syncs();
  return synced;
}

Status FileGroupJournal::drop_through(std::uint64_t sequence) {
  const std::scoped_lock io(io_mutex_);
  auto dropped = segments_->drop_through(sequence);
  const std::scoped_lock lock(queue_mutex_);
  note_syncs();
  return dropped;
}

std::uint64_t FileGroupJournal::last_sequence() const {
  const std::scoped_lock lock(queue_mutex_);
  return last_sequence_;
}

GroupJournalCounts FileGroupJournal::counts() const {
  const std::scoped_lock lock(queue_mutex_);
  return counts_;
}

void FileGroupJournal::note_syncs() {
  counts_.num_durable = segments_->last_synced_sequence() - recovered_sequence_;
  counts_.num_syncs = segments_->num_syncs();
}

void FileGroupJournal::sync_regularly(const std::stop_token& stop) {
  std::unique_lock lock(syncer_mutex_);
  while (!stop.stop_requested()) {
    syncer_wakes_.wait_for(lock, stop, options_.sync_interval, [] { return false; });
    // A failure is kept by the segments, and the next append() reports it.
    if (!stop.stop_requested()) static_cast<void>(sync());
  }
}

}  // namespace

Result<Durability> parse_durability(std::string_view text) {
  if (text == "always") return Durability::kAlways;
  if (text == "interval") return Durability::kInterval;
  if (text == "none") return Durability::kNone;
  return invalid_input(
      fmt::format("durability: expected 'always', 'interval' or 'none', not '{}'", text));
}

Result<WhenFull> parse_when_full(std::string_view text) {
  if (text == "block") return WhenFull::kBlock;
  if (text == "refuse") return WhenFull::kRefuse;
  return invalid_input(fmt::format("when_full: expected 'block' or 'refuse', not '{}'", text));
}

Result<std::unique_ptr<GroupJournal>> GroupJournal::open(FileSystem& file_system,
                                                         const fs::path& folder,
                                                         const GroupJournalOptions& options,
                                                         OnRecord on_record) {
  ASSIGN_OR_RETURN(auto segments, JournalSegments::open(file_system, folder, options, on_record));
  auto journal = std::make_unique<FileGroupJournal>(std::move(segments), folder, options,
                                                    std::move(on_record));
  if (options.durability == Durability::kInterval) RETURN_IF_ERROR(journal->start_syncer());
  return journal;
}

}  // namespace assay::files

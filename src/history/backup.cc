#include "history/backup.h"

#include "core/thread_pool.h"
#include "crypto/digest.h"
#include "history/backup_manifest_internal.h"
#include "history/folder_walk_internal.h"
#include "history/stored_part_internal.h"
#include "record_files/data_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

namespace assay::history {
namespace {

using record_files::lock_data_folder;
using record_files::month_of;
using record_files::require_history;
using record_files::to_text;

namespace fs = std::filesystem;

// A kill costs at most the reading back of so much.
constexpr std::uint64_t kObjectsBetweenNotes = 256;
constexpr int kMaxBackupAttempts = 5;
constexpr ByteCount kSizeBetweenNotes{std::uint64_t{512} << 20};

/// What never changes once it is there: it needs no lock to be read.
bool is_blob(std::string_view path) {
  return path.starts_with("images/") || path.starts_with("ply_files/");
}

/// One run over one folder. Threads: back_up_file() is safe from any thread.
class Backup {
 public:
  Backup(files::FileSystem& file_system, const fs::path& folder, const BackupPlace& place,
         Timestamp now, const BackupOptions& options, const std::stop_token& stop)
      : file_system_(file_system),
        folder_(folder),
        place_(place),
        month_(to_text(month_of(now))),
        options_(options),
        stop_(stop) {
    manifest_.created = now;
  }

  Result<BackupReport> run() {
    RETURN_IF_ERROR(learn_what_is_there());
    ASSIGN_OR_RETURN(const auto journal, file_system_.info(folder_ / "journal"));
    std::unique_ptr<files::FileLock> lock;
    if (journal) {
      auto taken = lock_data_folder(file_system_, folder_);
      if (!taken && taken.error().code != ErrorCode::kUnavailable) return std::move(taken.error());
      report_.is_recorder_running = !taken;
      if (taken) lock = std::move(*taken);
    }
    std::vector<FolderFile> blobs;
    // Under the lock what belongs together stays together; blobs may take hours. Without it, a
    // recorder may move lines between files that are taken one after the other: then again.
    for (int attempt = 1;; ++attempt) {
      ASSIGN_OR_RETURN(const MonthStates before, month_states());
      ASSIGN_OR_RETURN(blobs,
                       back_up_others(lock == nullptr ? Journal::kLeftOut : Journal::kTaken));
      if (lock != nullptr) break;
      ASSIGN_OR_RETURN(const MonthStates after, month_states());
      if (after == before) break;
      if (attempt == kMaxBackupAttempts) {
        return unavailable(
            fmt::format("the files of months in {} change all the time; run this "
                        "again when nothing rewrites them",
                        folder_.native()));
      }
      forget_entries();
    }
    lock.reset();
    RETURN_IF_ERROR(back_up(blobs));
    RETURN_IF_ERROR(finish());
    return std::move(report_);
  }

 private:
  /// The journal of a recorder that runs is in motion.
  enum class Journal : std::uint8_t { kTaken, kLeftOut };
  using MonthStates = std::map<std::string, std::pair<ByteCount, Timestamp>>;

  /// What tells whether a rotation went on: it replaces the file of a month before the current
  /// file loses a line.
  Result<MonthStates> month_states() {
    MonthStates states;
    ASSIGN_OR_RETURN(const auto months, record_files::find_month_files(file_system_, folder_));
    for (const auto& [month, paths] : months) {
      for (const fs::path& path : paths) {
        ASSIGN_OR_RETURN(const auto info, file_system_.info(folder_ / path));
        if (info) states.emplace(path.native(), std::pair(info->size, info->modified));
      }
    }
    return states;
  }

  /// All but images and PLY files, which are returned.
  Result<std::vector<FolderFile>> back_up_others(Journal journal) {
    ASSIGN_OR_RETURN(std::vector<FolderFile> found, walk_folder(file_system_, folder_, stop_));
    std::vector<FolderFile> blobs;
    std::vector<FolderFile> others;
    for (FolderFile& file : found) {
      if (is_journal(file.path) && journal == Journal::kLeftOut) continue;
      report_.has_journal = report_.has_journal || is_journal(file.path);
      (is_blob(file.path) ? blobs : others).push_back(std::move(file));
    }
    RETURN_IF_ERROR(back_up(others));
    return blobs;
  }

  /// What was sent stays, and is found again.
  void forget_entries() {
    manifest_.entries.clear();
    report_.num_files = 0;
    report_.num_unchanged = 0;
    report_.size = ByteCount();
    report_.problems.clear();
  }

  Status learn_what_is_there() {
    ASSIGN_OR_RETURN(const auto ids, list_backups(place_, stop_));
    if (!ids.empty()) {
      ASSIGN_OR_RETURN(const auto last, load(ids.back()));
      if (last) {
        last_id_ = ids.back();
        for (const BackupEntry& entry : last->entries) last_entries_.emplace(entry.path, entry);
        learn(*last);
        // Ids sort as their times do, whatever the clock says.
        manifest_.created =
            std::max(manifest_.created, last->created + std::chrono::microseconds(1));
      }
    }
    ASSIGN_OR_RETURN(const auto partial, load(kPartialId));
    has_partial_ = partial.has_value();
    if (partial) learn(*partial);
    RETURN_IF_ERROR(list_objects());
    forget_lost_objects();
    return {};
  }

  /// Those of this month, and of the months where what is known lies.
  Status list_objects() {
    std::set<std::string, std::less<>> months = {month_};
    for (const auto& [hash, part] : known_parts_) {
      months.insert(part.key.substr(0, part.key.find('/')));
    }
    for (const std::string& month : months) {
      const std::string prefix = key_in(place_, month) + "/";
      const std::size_t skipped = prefix.size() - month.size() - 1;
      RETURN_IF_ERROR(place_.store->list(
          prefix,
          [&](std::span<const storage::ObjectInfo> page) -> Status {
            for (const auto& object : page) {
              present_.emplace(object.key.substr(skipped), object.size);
            }
            return {};
          },
          stop_));
    }
    return {};
  }

  /// A backup that names an object which is gone, or has another size, is none for that file: its
  /// bytes are sent again.
  void forget_lost_objects() {
    const auto is_lost = [&](const BackupPart& part) {
      const auto present = present_.find(part.key);
      return present == present_.end() || present->second != part.size;
    };
    std::erase_if(known_files_, [&](const auto& path_and_entry) {
      return std::ranges::any_of(path_and_entry.second.parts, is_lost);
    });
    for (const auto& [hash, part] : known_parts_) {
      if (is_lost(part)) lost_parts_.emplace(hash, part);
    }
    for (const auto& [hash, part] : lost_parts_) known_parts_.erase(hash);
    report_.num_lost = lost_parts_.size();
  }

  /// A broken manifest costs time, not the backup: what it named is found by reading it.
  Result<std::optional<BackupManifest>> load(std::string_view id) {
    auto manifest = load_manifest(place_, id);
    if (manifest || manifest.error().code != ErrorCode::kCorrupt) return manifest;
    RETURN_IF_ERROR(add_problem(manifest_key(place_, id), std::move(manifest.error())));
    return std::optional<BackupManifest>();
  }

  void learn(const BackupManifest& manifest) {
    for (const BackupEntry& entry : manifest.entries) {
      for (const BackupPart& part : entry.parts) {
        known_parts_.insert_or_assign(part.hash, part);
      }
      known_files_.insert_or_assign(entry.path, entry);
    }
  }

  Status back_up(std::span<const FolderFile> files) {
    ThreadPool pool({.num_threads = std::max(options_.num_workers, 2U) - 1});
    return parallel_for(
        pool, files.size(), [&](std::size_t index) { return back_up_file(files[index]); }, stop_);
  }

  /// A file that cannot be read costs that file; a store that fails ends the run.
  Status back_up_file(const FolderFile& file) {
    Status key = storage::check_object_key(file.path);
    if (!key) return add_problem(file.path, std::move(key.error()));
    if (auto known = unchanged(file)) return add_entry(std::move(*known), WasSent::kNo);
    const auto opened = file_system_.open(folder_ / file.path, files::OpenMode::kRead);
    if (!opened) {
      if (opened.error().code == ErrorCode::kNotFound) return {};  // removed meanwhile
      return add_problem(file.path, opened.error());
    }
    crypto::Sha256Hasher whole;
    std::vector<BackupPart> parts;
    WasSent was_sent = WasSent::kNo;
    ByteCount size;
    std::vector<std::byte> buffer;
    while (size < file.size) {
      if (stop_.stop_requested()) return cancelled("stopped");
      buffer.resize(
          static_cast<std::size_t>(std::min(options_.part_size, file.size - size).count()));
      const auto got = (*opened)->read_at(size.count(), buffer);
      if (!got) return add_problem(file.path, got.error());
      if (*got == 0) break;  // it was cut meanwhile
      const auto bytes = std::span<const std::byte>(buffer).first(*got);
      whole.update(bytes);
      const bool is_whole = *got == file.size.count() && size == ByteCount(0);
      const std::string name =
          is_whole ? file.path : fmt::format("{}.part-{:05}", file.path, parts.size() + 1);
      ASSIGN_OR_RETURN(auto part, store_part(name, bytes));
      if (part.second == WasSent::kYes) was_sent = WasSent::kYes;
      parts.push_back(std::move(part.first));
      size += ByteCount(*got);
    }
    return add_entry({.path = file.path,
                      .size = size,
                      .modified = file.modified,
                      .hash = whole.finish(),
                      .parts = std::move(parts)},
                     was_sent);
  }

  enum class WasSent : std::uint8_t { kNo, kYes };

  std::optional<BackupEntry> unchanged(const FolderFile& file) {
    if (options_.unchanged == BackupOptions::Unchanged::kByContent) return std::nullopt;
    const auto known = known_files_.find(file.path);
    if (known == known_files_.end() || known->second.size != file.size ||
        known->second.modified != file.modified) {
      return std::nullopt;
    }
    return known->second;
  }

  /// Make sure that the store has these bytes. A killed run may have sent them already; an object
  /// with other bytes is never replaced, since an older manifest may name it.
  Result<std::pair<BackupPart, WasSent>> store_part(const std::string& name,
                                                    std::span<const std::byte> bytes) {
    const Sha256 hash = crypto::sha256(bytes);
    if (auto known = known_part_or_reserve(hash)) {
      return std::pair(std::move(*known), WasSent::kNo);
    }
    auto stored = store_reserved_part(name, bytes, hash);
    const std::scoped_lock guard(mutex_);
    in_flight_.erase(hash);
    has_landed_.notify_all();
    if (!stored) return stored;
    known_parts_.insert_or_assign(hash, stored->first);
    if (stored->second == WasSent::kYes) {
      ++report_.num_sent;
      report_.size_sent += stored->first.size;
    }
    return stored;
  }

  Result<std::pair<BackupPart, WasSent>> store_reserved_part(const std::string& name,
                                                             std::span<const std::byte> bytes,
                                                             const Sha256& hash) {
    BackupPart part{
        .key = fmt::format("{}/{}", month_, name), .size = ByteCount(bytes.size()), .hash = hash};
    // In the place of one that is gone older backups have it again.
    const auto lost = lost_parts_.find(hash);
    if (lost != lost_parts_.end() && !present_.contains(lost->second.key)) part = lost->second;
    bool is_stored = is_present(part);
    if (!is_stored && present_.contains(part.key)) {
      part.key += "." + hash.to_hex().substr(0, 16);
      is_stored = is_present(part);
    }
    RETURN_IF_ERROR(storage::check_object_key(key_in(place_, part.key)));
    if (!is_stored && options_.mode == RunMode::kReal) {
      RETURN_IF_ERROR(place_.store->put(key_in(place_, part.key), bytes));
      RETURN_IF_ERROR(with_context(check_stored_part(place_, part, stop_), "read back"));
    }
    return std::pair(std::move(part), is_stored ? WasSent::kNo : WasSent::kYes);
  }

  /// Nothing: the caller has to store it, and those who have the same bytes wait for that.
  std::optional<BackupPart> known_part_or_reserve(const Sha256& hash) {
    std::unique_lock lock(mutex_);
    has_landed_.wait(lock, [&] { return !in_flight_.contains(hash); });
    const auto known = known_parts_.find(hash);
    if (known != known_parts_.end()) return known->second;
    in_flight_.insert(hash);
    return std::nullopt;
  }

  bool is_present(const BackupPart& part) const {
    const auto present = present_.find(part.key);
    return present != present_.end() && present->second == part.size &&
           check_stored_part(place_, part, stop_).has_value();
  }

  Status add_problem(const std::string& path, Error error) {
    const std::scoped_lock guard(mutex_);
    report_.problems.push_back({.path = path, .message = std::move(error.message)});
    return {};
  }

  Status add_entry(BackupEntry entry, WasSent was_sent) {
    const std::scoped_lock guard(mutex_);
    ++report_.num_files;
    report_.size += entry.size;
    if (was_sent == WasSent::kNo) ++report_.num_unchanged;
    manifest_.entries.push_back(std::move(entry));
    if (options_.mode == RunMode::kDryRun) return {};
    if (report_.num_sent - noted_objects_ < kObjectsBetweenNotes &&
        report_.size_sent - noted_size_ < kSizeBetweenNotes) {
      return {};
    }
    noted_objects_ = report_.num_sent;
    noted_size_ = report_.size_sent;
    has_partial_ = true;
    return place_.store->put(manifest_key(place_, kPartialId),
                             as_bytes(encode_manifest(manifest_)));
  }

  /// Whether the last manifest tells the same contents, in the same objects.
  bool is_as_before() const {
    if (last_id_.empty() || manifest_.entries.size() != last_entries_.size()) return false;
    return std::ranges::all_of(manifest_.entries, [&](const BackupEntry& entry) {
      const auto last = last_entries_.find(entry.path);
      return last != last_entries_.end() && last->second.hash == entry.hash &&
             std::ranges::equal(last->second.parts, entry.parts, {}, &BackupPart::key,
                                &BackupPart::key);
    });
  }

  Status finish() {
    std::ranges::sort(manifest_.entries, {}, &BackupEntry::path);
    std::ranges::sort(report_.problems, {}, &FileProblem::path);
    if (options_.mode == RunMode::kDryRun) return {};
    if (is_as_before()) {
      report_.id = last_id_;
    } else {
      report_.id = id_of(manifest_.created);
      RETURN_IF_ERROR(place_.store->put(manifest_key(place_, report_.id),
                                        as_bytes(encode_manifest(manifest_))));
    }
    return has_partial_ ? place_.store->remove(manifest_key(place_, kPartialId)) : Status();
  }

  files::FileSystem& file_system_;
  const fs::path& folder_;
  const BackupPlace& place_;
  const std::string month_;
  const BackupOptions& options_;
  const std::stop_token& stop_;

  std::string last_id_;  // empty when there is no backup yet
  bool has_partial_ = false;
  std::map<std::string, BackupEntry, std::less<>> last_entries_;
  std::map<std::string, ByteCount, std::less<>> present_;        // see list_objects()
  std::map<Sha256, BackupPart> lost_parts_;                      // not changed by the workers
  std::map<std::string, BackupEntry, std::less<>> known_files_;  // not changed by the workers

  std::condition_variable has_landed_;  // something left in_flight_
  std::mutex mutex_;                    // guards what follows
  std::map<Sha256, BackupPart> known_parts_;
  std::set<Sha256> in_flight_;  // of which one worker makes known parts
  BackupManifest manifest_;
  BackupReport report_;
  std::uint64_t noted_objects_ = 0;
  ByteCount noted_size_;
};

}  // namespace

Result<BackupReport> backup(files::FileSystem& file_system, const fs::path& folder,
                            const BackupPlace& place, Clock& clock, const BackupOptions& options,
                            const std::stop_token& stop) {
  RETURN_IF_ERROR(require_history(file_system, folder));
  return Backup(file_system, folder, place, clock.now(), options, stop).run();
}

}  // namespace assay::history

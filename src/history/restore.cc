#include "core/thread_pool.h"
#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "history/backup.h"
#include "history/backup_manifest_internal.h"
#include "history/stored_part_internal.h"
#include "record_files/data_folder.h"
#include "record_files/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

namespace assay::history {
namespace {

using record_files::lock_data_folder;
using record_files::read_blocks;

namespace fs = std::filesystem;

/// What stands where a file of the backup belongs.
enum class Presence : std::uint8_t { kAbsent, kSame, kDiffers };

/// One run. Threads: restore_file() is safe from any thread.
class Restoration {
 public:
  Restoration(files::FileSystem& file_system, const BackupPlace& place, const fs::path& folder,
              const RestoreOptions& options, const std::stop_token& stop)
      : file_system_(file_system), place_(place), folder_(folder), options_(options), stop_(stop) {}

  Result<RestoreReport> run(const BackupManifest& manifest, std::string id) {
    report_.id = std::move(id);
    report_.num_files = manifest.entries.size();
    ThreadPool pool({.num_threads = std::max(options_.num_workers, 2U) - 1});
    const auto& entries = manifest.entries;
    if (options_.check == RestoreOptions::Check::kReadBack && options_.mode == RunMode::kDryRun) {
      RETURN_IF_ERROR(parallel_for(
          pool, entries.size(), [&](std::size_t index) { return verify_objects(entries[index]); },
          stop_));
      std::ranges::sort(report_.problems, {}, &FileProblem::path);
      return std::move(report_);
    }
    RETURN_IF_ERROR(parallel_for(
        pool, entries.size(), [&](std::size_t index) { return restore_file(entries[index]); },
        stop_));
    if (options_.check == RestoreOptions::Check::kReadBack) {
      RETURN_IF_ERROR(parallel_for(
          pool, entries.size(), [&](std::size_t index) { return read_back(entries[index]); },
          stop_));
    }
    std::ranges::sort(report_.problems, {}, &FileProblem::path);
    return std::move(report_);
  }

 private:
  Result<Presence> presence(const BackupEntry& entry) const {
    const fs::path path = folder_ / entry.path;
    ASSIGN_OR_RETURN(const auto info, file_system_.info(path));
    if (!info) return Presence::kAbsent;
    if (info->kind != files::FileKind::kFile || info->size != entry.size) return Presence::kDiffers;
    crypto::Sha256Hasher hasher;
    const auto read = read_blocks(
        file_system_, path,
        [&](std::span<const std::byte> block) -> Status {
          hasher.update(block);
          return {};
        },
        stop_);
    if (!read) return Error(read.error());
    return hasher.finish() == entry.hash ? Presence::kSame : Presence::kDiffers;
  }

  Status restore_file(const BackupEntry& entry) {
    const auto present = presence(entry);
    if (!present) return add_problem(entry, present.error());
    if (*present == Presence::kSame) return count(&RestoreReport::num_present);
    if (*present == Presence::kDiffers) {
      RETURN_IF_ERROR(count(&RestoreReport::num_differing));
      if (options_.differing == RestoreOptions::Differing::kKeep) {
        return add_problem(
            entry, invalid_input("is there with another content and was kept; move it away, or "
                                 "replace it with --replace"));
      }
    }
    if (options_.mode == RunMode::kReal) {
      Status written = write(entry);
      if (!written) return add_problem(entry, std::move(written.error()));
    }
    const std::scoped_lock guard(mutex_);
    ++report_.num_restored;
    report_.size_restored += entry.size;
    return {};
  }

  Status write(const BackupEntry& entry) {
    ASSIGN_OR_RETURN(auto file, files::AtomicFile::create(file_system_, folder_ / entry.path));
    crypto::Sha256Hasher whole;
    for (const BackupPart& part : entry.parts) {
      RETURN_IF_ERROR(read_stored_part(
          place_, part,
          [&](std::span<const std::byte> bytes) {
            whole.update(bytes);
            return file.write(as_text(bytes));
          },
          stop_));
    }
    if (whole.finish() != entry.hash) return corrupt("its parts make another content");
    return file.commit();
  }

  /// What a restore would read, without a file to write it to.
  Status verify_objects(const BackupEntry& entry) {
    crypto::Sha256Hasher whole;
    for (const BackupPart& part : entry.parts) {
      Status read = read_stored_part(
          place_, part,
          [&](std::span<const std::byte> bytes) -> Status {
            whole.update(bytes);
            return {};
          },
          stop_);
      if (!read) return add_problem(entry, std::move(read.error()));
    }
    if (whole.finish() != entry.hash) {
      return add_problem(entry, corrupt("its parts make another content"));
    }
    return count(&RestoreReport::num_verified);
  }

  Status read_back(const BackupEntry& entry) {
    const auto present = presence(entry);
    if (!present) return add_problem(entry, present.error());
    if (*present == Presence::kSame) return count(&RestoreReport::num_verified);
    if (options_.differing == RestoreOptions::Differing::kKeep) return {};  // told already
    return add_problem(entry, corrupt("reads back differently; is the disk failing?"));
  }

  Status count(std::uint64_t RestoreReport::* counter) {
    const std::scoped_lock guard(mutex_);
    ++(report_.*counter);
    return {};
  }

  /// What concerns one file is told; what would meet every file ends the run.
  Status add_problem(const BackupEntry& entry, Error error) {
    switch (error.code) {
      case ErrorCode::kCancelled:
      case ErrorCode::kNoSpace:
      case ErrorCode::kUnavailable:
      case ErrorCode::kTimeout:
        return std::move(error).within("restore " + entry.path);
      default:
        break;
    }
    const std::scoped_lock guard(mutex_);
    report_.problems.push_back({.path = entry.path, .message = std::move(error.message)});
    return {};
  }

  files::FileSystem& file_system_;
  const BackupPlace& place_;
  const fs::path& folder_;
  const RestoreOptions& options_;
  const std::stop_token& stop_;
  std::mutex mutex_;  // guards report_
  RestoreReport report_;
};

Result<std::string> find_backup(const BackupPlace& place, const RestoreOptions& options,
                                const std::stop_token& stop) {
  if (!options.id.empty()) return options.id;
  ASSIGN_OR_RETURN(const auto ids, list_backups(place, stop));
  if (ids.empty()) {
    return not_found(
        fmt::format("no backup lies at {}; give the address that `assay history "
                    "backup --to` was given",
                    key_in(place, "").empty() ? place.store->name()
                                              : place.store->name() + "/" + place.prefix));
  }
  return ids.back();
}

}  // namespace

Result<RestoreReport> restore(files::FileSystem& file_system, const BackupPlace& place,
                              const fs::path& folder, const RestoreOptions& options,
                              const std::stop_token& stop) {
  ASSIGN_OR_RETURN(std::string id, find_backup(place, options, stop));
  ASSIGN_OR_RETURN(const auto manifest, load_manifest(place, id));
  if (!manifest) {
    return not_found(
        fmt::format("{} holds no backup {}; --list shows those it has", place.store->name(), id));
  }
  std::unique_ptr<files::FileLock> lock;
  if (options.mode == RunMode::kReal) {
    ASSIGN_OR_RETURN(lock, lock_data_folder(file_system, folder));
  }
  return Restoration(file_system, place, folder, options, stop).run(*manifest, std::move(id));
}

}  // namespace assay::history

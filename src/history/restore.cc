#include "core/thread_pool.h"
#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "history/backup.h"
#include "history/backup_manifest_internal.h"
#include "history/folder_walk_internal.h"
#include "history/stored_part_internal.h"
#include "record_files/data_folder.h"
#include "record_files/line_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <span>
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

  Result<RestoreReport> run(BackupManifest manifest, std::string id) {
    report_.id = std::move(id);
    report_.num_files = manifest.entries.size();
    ThreadPool pool({.num_threads = std::max(options_.num_workers, 2U) - 1});
    auto& entries = manifest.entries;
    if (options_.check == RestoreOptions::Check::kReadBack && options_.mode == RunMode::kDryRun) {
      RETURN_IF_ERROR(parallel_for(
          pool, entries.size(), [&](std::size_t index) { return verify_objects(entries[index]); },
          stop_));
      std::ranges::sort(report_.problems, {}, &FileProblem::path);
      return std::move(report_);
    }
    RETURN_IF_ERROR(settle_journal(entries));
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
  /// Events go on from those before them, and from one checkpoint: files of two journals side by
  /// side read as one that is damaged.
  Status settle_journal(std::vector<BackupEntry>& entries) {
    const auto is_of_journal = [](const BackupEntry& entry) { return is_journal(entry.path); };
    if (std::ranges::none_of(entries, is_of_journal)) return {};
    ASSIGN_OR_RETURN(const auto others, find_other_journal(entries));
    if (others.empty()) return {};
    if (options_.differing == RestoreOptions::Differing::kKeep) {
      std::erase_if(entries, is_of_journal);
      ++report_.num_differing;
      report_.problems.push_back(
          {.path = "journal",
           .message = "holds events or a checkpoint that the backup does not have, and was kept "
                      "whole; --replace moves these to quarantine/ first"});
      return {};
    }
    for (const std::string& path : others) {
      if (options_.mode == RunMode::kDryRun) {
        report_.set_aside.push_back(path);
      } else {
        RETURN_IF_ERROR(with_context(set_aside(path), "set aside " + path));
        if (has_path(entries, path)) ++report_.num_differing;
      }
    }
    return {};
  }

  /// The files of the journal that is there which are not in the backup as they are. A restore that
  /// was killed has left none.
  Result<std::vector<std::string>> find_other_journal(std::span<const BackupEntry> entries) const {
    std::vector<std::string> others;
    ASSIGN_OR_RETURN(const auto journal, file_system_.info(folder_ / "journal"));
    if (!journal || journal->kind != files::FileKind::kFolder) return others;
    ASSIGN_OR_RETURN(const auto names, file_system_.list(folder_ / "journal"));
    for (const std::string& name : names) {
      const std::string path = "journal/" + name;
      if (is_left_out(path)) continue;
      ASSIGN_OR_RETURN(const auto info, file_system_.info(folder_ / path));
      if (!info || info->kind != files::FileKind::kFile) continue;
      const auto entry = std::ranges::find(entries, path, &BackupEntry::path);
      if (entry != entries.end()) {
        const auto present = presence(*entry);
        if (present && *present == Presence::kSame) continue;
        if (!present && present.error().code == ErrorCode::kCancelled) return present.error();
      }
      others.push_back(path);
    }
    return others;
  }

  static bool has_path(std::span<const BackupEntry> entries, std::string_view path) {
    return std::ranges::find(entries, path, &BackupEntry::path) != entries.end();
  }

  Status set_aside(const std::string& path) {
    const fs::path from = folder_ / path;
    const fs::path quarantine = folder_ / "quarantine";
    RETURN_IF_ERROR(file_system_.create_folders(quarantine));
    for (int number = 0;; ++number) {
      const std::string name = fmt::format("{}.{}", from.filename().native(), number);
      ASSIGN_OR_RETURN(const auto taken, file_system_.info_unfollowed(quarantine / name));
      if (taken) continue;
      RETURN_IF_ERROR(file_system_.rename(from, quarantine / name));
      RETURN_IF_ERROR(file_system_.sync_folder(quarantine));
      report_.set_aside.push_back("quarantine/" + name);
      return file_system_.sync_folder(from.parent_path());
    }
  }

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
  ASSIGN_OR_RETURN(auto manifest, load_manifest(place, id));
  if (!manifest) {
    return not_found(
        fmt::format("{} holds no backup {}; --list shows those it has", place.store->name(), id));
  }
  std::unique_ptr<files::FileLock> lock;
  if (options.mode == RunMode::kReal) {
    ASSIGN_OR_RETURN(lock, lock_data_folder(file_system, folder));
  }
  return Restoration(file_system, place, folder, options, stop)
      .run(std::move(*manifest), std::move(id));
}

}  // namespace assay::history

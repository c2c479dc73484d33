/// \file
/// A file system in memory that can lose power, fill up and fail.

#pragma once

#include "core/random.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace assay::files::testing {

/// What goes wrong, and when. Operations are counted from 1 over the life of the file system: every
/// call of FileSystem and File but size(), info(), space() and resolve().
struct Fault {
  std::uint64_t operation = 0;  ///< The one that fails; 0 for none.
  Error error;
  /// Of an append that fails: how many of its bytes are written all the same.
  std::size_t num_bytes_kept = 0;
};

/// Models what POSIX promises and nothing more. Contents last after sync() of the file, names after
/// sync_folder() of their folder. A crash() may keep or lose, each on its own: any of the contents
/// since the last sync (cut at any byte, and any block of 512 bytes before the cut left as zeros),
/// any cut, and any creation, renaming or removal; a renaming is kept or lost as a whole. There are
/// no symbolic links and no permissions. Relative paths are below `/`.
/// Threads: all calls are safe from any thread.
class SimulatedFileSystem final : public FileSystem {
 public:
  SimulatedFileSystem();
  ~SimulatedFileSystem() override;

  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode) override;
  Result<std::optional<FileInfo>> info(const std::filesystem::path& path) override;
  Result<std::optional<FileInfo>> info_unfollowed(const std::filesystem::path& path) override {
    return info(path);
  }
  Result<DiskSpace> space(const std::filesystem::path& path) override;
  Result<std::filesystem::path> resolve(const std::filesystem::path& path) override;
  Result<std::vector<std::string>> list(const std::filesystem::path& folder) override;
  Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Status link(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Status remove(const std::filesystem::path& path) override;
  Status create_folders(const std::filesystem::path& folder) override;
  Status sync_folder(const std::filesystem::path& folder) override;
  Result<std::unique_ptr<FileLock>> lock(const std::filesystem::path& path) override;

  /// Lose power, and come back with one legal outcome. Files and locks of before are dead: their
  /// calls fail, destroying them does nothing. Faults and the power cut are taken back.
  void crash(RandomSource& random);
  /// As if the process had been killed: everything written is there, locks are free, files dead.
  void kill();

  /// Fail one operation to come.
  void inject(Fault fault);
  /// From this operation on everything fails, until crash().
  void cut_power_at(std::uint64_t operation);
  /// Files may hold this much together; an append beyond it writes what fits, then kNoSpace.
  void set_capacity(ByteCount capacity);
  std::uint64_t num_operations() const;

  /// Damage on disk: change one byte. Pre: the file is there, and longer than `offset`.
  void flip_byte(const std::filesystem::path& path, std::uint64_t offset);
  /// The content now, or nothing when the file is not there.
  std::optional<std::string> content(const std::filesystem::path& path) const;

 private:
  struct Node;
  struct NameChange;
  struct State;
  class OpenFile;
  class HeldLock;

  // Shared with the open files and locks, which may outlive it.
  std::shared_ptr<State> state_;
};

}  // namespace assay::files::testing

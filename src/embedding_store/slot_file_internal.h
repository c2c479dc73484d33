/// \file
/// An append-only file of slots of one size, shared by processes; a broken slot costs itself alone.
/// Format: docs/formats/embedding-store.md.

#pragma once

#include "core/bytes.h"
#include "core/random.h"
#include "core/result.h"
#include "core/sha256.h"
#include "files/file_system.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace assay::embedding_store {

/// What a file holds, as its header says it.
struct SlotFileFormat {
  std::array<char, 8> magic{};
  std::uint32_t payload_size = 0;
  /// For messages: `an embedding store`.
  std::string_view description;
};

struct SlotFileOptions {
  /// How long a writer waits for another process to finish its batch.
  std::chrono::milliseconds lock_patience = std::chrono::seconds(30);
  /// The file must be there. begin_writing() is not called.
  bool read_only = false;
};

/// Told apart from any other file that had this name before: rewriting gives a new one.
using SlotFileGeneration = std::array<std::byte, 16>;

/// One slot that checks. Lifetime: during the call that hands it over.
struct Slot {
  std::uint64_t number = 0;
  std::uint32_t kind = 0;
  std::span<const std::byte> payload;
};

/// The digest that a payload, or a part of one, begins with. Pre: `bytes` is long enough.
inline Sha256 load_digest(std::span<const std::byte> bytes) {
  Sha256::Bytes digest{};
  std::memcpy(digest.data(), bytes.data(), digest.size());
  return Sha256(digest);
}

/// A slot to append; its payload is as long as the format says.
struct NewSlot {
  std::uint32_t kind = 0;
  std::span<const std::byte> payload;
};

struct SlotFileCounts {
  std::uint64_t num_slots = 0;    ///< Read so far, the damaged ones too.
  std::uint64_t num_damaged = 0;  ///< With a sound slot behind them; skipped.
  ByteCount torn_tail;            ///< Cut off: nothing sound stood behind it.
};

/// Threads: read() is safe beside every other call but begin_writing() and rewrite(); all others
/// one thread at a time. Errors: kDenied, kNoSpace, kUnavailable, and those named below.
class SlotFile {
 public:
  using OnSlot = std::function<void(const Slot&)>;

  /// Held while this process alone may append.
  struct Writing {
    std::unique_ptr<files::FileLock> lock;
    /// The file had been rewritten meanwhile: slot numbers of before mean nothing any more.
    bool is_replaced = false;
  };

  /// Open or make the file and its folders; nothing is read yet. Lifetime: `random` outlives this.
  /// Errors: also kInvalidInput (another kind of file, of a later version, or with other payloads),
  ///         kCorrupt (a broken header in front of slots).
  static Result<SlotFile> open(files::FileSystem& file_system, std::filesystem::path path,
                               const SlotFileFormat& format, RandomSource& random,
                               const SlotFileOptions& options);

  /// Read what was appended since the last call, by whichever process. A broken slot with nothing
  /// sound behind it may be half written: it is looked at again next time.
  Status refresh(const OnSlot& on_slot);
  /// Read everything from the start, whatever refresh() has read.
  Result<SlotFileCounts> scan_all(const OnSlot& on_slot) const;
  /// Go on behind slots that an index knows already. Pre: no more than there are.
  void skip_to(std::uint64_t num_slots, std::uint64_t num_damaged) {
    counts_.num_slots = num_slots;
    counts_.num_damaged = num_damaged;
  }
  /// How many whole slots the file has room for now.
  Result<std::uint64_t> num_slots_on_disk() const;

  /// Wait for the other writers. Errors: also kUnavailable after SlotFileOptions::lock_patience.
  Result<Writing> begin_writing();
  /// Remove what a writer that died left half done. Pre: begin_writing(), refresh().
  Status cut_torn_tail();
  /// Add slots in one write, and refresh() need not see them. Pre: begin_writing(), refresh(),
  /// cut_torn_tail(). Returns the number of the first.
  Result<std::uint64_t> append(std::span<const NewSlot> slots);
  /// Return once all that is in the file is on disk. After a failure the file takes nothing more.
  Status sync();
  /// Replace the file by one with the slots that `keep` names, in their order; a new generation.
  /// Pre: begin_writing(). Afterwards nothing has been read.
  /// Returns what was read of the old one.
  Result<SlotFileCounts> rewrite(const std::function<bool(const Slot&)>& keep);

  /// The payload of one slot into `into`; false when it does not check. Pre: `into` has that size.
  Result<bool> read(std::uint64_t number, std::span<std::byte> into) const;

  Result<ByteCount> size() const { return file_->size(); }
  const SlotFileCounts& counts() const { return counts_; }
  const SlotFileGeneration& generation() const { return generation_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  SlotFile(files::FileSystem& file_system, std::filesystem::path path, const SlotFileFormat& format,
           RandomSource& random, const SlotFileOptions& options);

  /// Whether the file is another than the one that was open.
  Result<bool> open_current();
  Status start();
  std::string new_header() const;
  std::size_t slot_size() const;
  std::uint64_t offset_of(std::uint64_t slot) const;
  void append_slot(std::string& bytes, const NewSlot& slot) const;
  Status scan(const OnSlot& on_slot, SlotFileCounts& counts) const;

  files::FileSystem* file_system_;
  std::filesystem::path path_;
  SlotFileFormat format_;
  RandomSource* random_;
  SlotFileOptions options_;
  std::unique_ptr<files::File> file_;
  SlotFileGeneration generation_{};
  SlotFileCounts counts_;
  bool is_broken_ = false;  // a sync failed
};

}  // namespace assay::embedding_store

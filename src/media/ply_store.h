/// \file
/// The splat files of a data folder: where they wait for the validator's answer, and where they go.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/sha256.h"
#include "files/file_system.h"
#include "media/gaussian_statistics.h"
#include "media/ply_digest.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace assay::media {

struct PlyStoreOptions {
  /// Of the rejected, the share that is kept as samples; which ones depends on their ids alone.
  double sampled_share = 0.1;
  /// A larger file is refused. Splats have some 35 MB.
  ByteCount max_size{std::uint64_t{4} << 30};
};

struct StoredPly {
  Sha256 hash;
  ByteCount size;
  std::optional<GaussianReport> report;  ///< Nothing when the figures were left out.
  std::filesystem::path pending_path;    ///< As waiting_path().
};

/// What is known of the validator's answer. No answer in time counts as rejected.
enum class PlyDecision : std::uint8_t { kAccepted, kRejected };

enum class PlyOutcome : std::uint8_t {
  kAccepted,  ///< In `ply_files/`.
  kSampled,   ///< In `ply_files/rejected_samples/`.
  kRemoved,   ///< By this call, or one before it: the file is nowhere.
};
std::string_view to_string(PlyOutcome outcome);

struct PlySettlement {
  PlyOutcome outcome = PlyOutcome::kRemoved;
  std::optional<std::filesystem::path> path;  ///< Relative to the data folder.
};

/// The name that an id has in file names: itself when it is plain (letters, digits, `-`, `_`, `.`
/// inside, at most 64 characters), else `id-` and 32 digits of its SHA-256.
std::string file_stem_of(std::string_view generation_id);

/// Where the bytes of a generation wait, relative to the data folder:
/// `ply_files/pending/<id>_<16 digits of the hash>.ply`.
std::filesystem::path waiting_path(std::string_view generation_id, const Sha256& hash);

/// Whether a rejected generation is one of the `share` that is sampled.
bool is_sampled(std::string_view generation_id, double share);

/// Stores splat files, each on disk before the call returns, without a second copy in memory.
///
/// The same bytes of two generations are one file with two names (hard links), each of which goes
/// its own way: what the first is removed for does not take it from the second. Before a link is
/// made the present file is read and must have the hash; a damaged one is left alone and the bytes
/// are stored anew. Where the file system has no links they are stored twice.
/// Threads: all calls are safe from any thread; several files are written at the same time.
/// Errors: kNoSpace, kDenied, kUnavailable; after them nothing of the file is left.
class PlyStore {
 public:
  /// Make the folders, remove what a killed writer left half-written, and add up the sizes, once.
  /// Pre: nobody else writes there (the recorder holds the lock of the data folder).
  static Result<std::unique_ptr<PlyStore>> open(files::FileSystem& file_system,
                                                const std::filesystem::path& data_folder,
                                                const PlyStoreOptions& options = {});

  /// Write and sync while hashing and reading figures. Storing the same again changes nothing.
  /// Errors: also kExhausted (over `max_size`).
  Result<StoredPly> store(std::string_view generation_id, std::span<const std::byte> bytes,
                          PlyFigures figures = PlyFigures::kComputed);
  /// The same of a file, read by the piece; the file stays where it is.
  /// Errors: also kNotFound, kInvalidInput (a folder).
  Result<StoredPly> store_file(std::string_view generation_id, const std::filesystem::path& file,
                               PlyFigures figures = PlyFigures::kComputed);

  /// Move a waiting file to where the decision puts it. The first decision stands: what was moved
  /// or removed before stays so, and the answer says where it is. So it may be repeated, also after
  /// a crash in the middle; on success it is on disk.
  /// Errors: also kInvalidInput (`pending_path` is not one that store() gives).
  Result<PlySettlement> settle(std::string_view generation_id,
                               const std::filesystem::path& pending_path, PlyDecision decision);

  /// Where the bytes of this generation wait, relative to the data folder; nothing when they do
  /// not.
  std::optional<std::filesystem::path> find_waiting(std::string_view generation_id,
                                                    const Sha256& hash) const;

  /// Remove a waiting file that no record will name. None there is fine.
  /// Errors: also kInvalidInput, as settle().
  Status discard(const std::filesystem::path& pending_path);

  /// Bytes of all files together, those with several names once. No look at the disk.
  ByteCount size() const;

 private:
  using Writer = std::function<Status(files::File&, PlyDigester&)>;
  /// The names of one content, which share its bytes.
  struct Content {
    ByteCount size;
    std::vector<std::filesystem::path> names;
  };

  PlyStore(files::FileSystem& file_system, std::filesystem::path data_folder,
           const PlyStoreOptions& options)
      : file_system_(&file_system), data_folder_(std::move(data_folder)), options_(options) {}

  Status read_folder(const std::filesystem::path& folder);
  Result<StoredPly> write(std::string_view generation_id, std::size_t max_queued,
                          PlyFigures figures, const Writer& writer);
  bool link_present(const StoredPly& stored);
  Result<bool> has_hash(const std::filesystem::path& path, const Sha256& hash);
  Status move(const std::filesystem::path& from, const std::filesystem::path& to);
  bool is_there(const std::filesystem::path& path) const;
  void add_name(const std::filesystem::path& path, ByteCount size);
  void remove_name(const std::filesystem::path& path);

  files::FileSystem* file_system_;
  std::filesystem::path data_folder_;
  PlyStoreOptions options_;
  std::atomic<std::uint64_t> num_temporaries_ = 0;
  mutable std::mutex mutex_;  // guards what follows, and the names in the folders
  std::unordered_map<std::string, Content> contents_;  // by the digits of the hash in the name
  ByteCount size_;
};

}  // namespace assay::media

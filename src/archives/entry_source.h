/// \file
/// The files of a zip or of a folder, read by one interface and changed by neither.

#pragma once

#include "archives/entry.h"
#include "core/bytes.h"
#include "core/result.h"
#include "core/sha256.h"
#include "files/file_system.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::archives {

struct SourceEntry {
  /// Within the source, with `/` between its parts. UTF-8 in a zip; in a folder the bytes that the
  /// file system has.
  std::string path;
  ByteCount size = {};
  EntryVerdict verdict = EntryVerdict::kOk;
  /// Of its bytes; none in a folder.
  std::optional<std::uint32_t> crc32 = {};
};

/// What is no candidate at all, counted by the first reason that holds. In a folder, a folder that
/// is left out counts as one, whatever is in it.
enum class LeftOut : std::uint8_t {
  kFolder,          ///< Not the folders of a folder: those are only gone through.
  kMacResource,     ///< Below `__MACOSX/`.
  kAppleDouble,     ///< `._name`, the Mac's second half of a file.
  kHidden,          ///< A part of the path begins with a dot.
  kOtherExtension,  ///< Not one of those asked for.
  kEmpty,           ///< Zero bytes.
};
inline constexpr std::size_t kNumLeftOut = 6;

/// In snake case, for JSON and columns.
std::string_view to_string(LeftOut reason);

using LeftOutCounts = std::array<std::uint64_t, kNumLeftOut>;

enum class SourceKind : std::uint8_t { kZip, kFolder };

/// Threads: all calls are safe from any thread.
class EntrySource {
 public:
  virtual ~EntrySource() = default;
  EntrySource() = default;
  EntrySource(const EntrySource&) = delete;
  EntrySource& operator=(const EntrySource&) = delete;

  virtual SourceKind kind() const = 0;
  /// The path as the user gave it.
  virtual const std::string& name() const = 0;
  /// The candidates, those with a bad verdict too. Order: by the bytes of the path; of several with
  /// one path, as in the archive.
  virtual std::span<const SourceEntry> entries() const = 0;
  /// By LeftOut.
  virtual const LeftOutCounts& left_out() const = 0;
  /// Of a zip: of its directory and size, as ZipReader has it. Of a folder: of the paths, sizes and
  /// times of the candidates, which a file changed in place with its old time does not touch.
  virtual const Sha256& fingerprint() const = 0;

  /// Read the entry of this index. Any other verdict than kOk is about it only, and leaves `into`
  /// undefined; an entry whose own verdict is not kOk gives that.
  /// Pre: the index is one of entries(), and `into` of its size.
  /// Errors: kUnavailable, kTimeout: the source itself fails; each names it.
  virtual Result<EntryVerdict> read(std::size_t index, std::span<std::byte> into) const = 0;
};

struct EntrySourceOptions {
  /// With the dot, compared without regard to the case of ASCII letters: `.png`. Empty: all files.
  std::vector<std::string> extensions = {};
  EntryLimits limits = {};
};

/// Open a zip or a folder. Links to either are followed, links within a folder never; a zip within
/// a folder is a file like any other. A part of the folder that cannot be listed is an entry
/// (kUnreadable), as is a file that cannot be looked at.
///
/// Lifetime: `file_system` outlives the source.
/// Cost:   the directory of the zip, or one look at each file of the folder.
/// Errors: kNotFound, kDenied, kInvalidInput (neither zip nor folder), kCorrupt and kExhausted (as
///         ZipReader::open()), kUnavailable; each names the path.
Result<std::unique_ptr<EntrySource>> open_entry_source(files::FileSystem& file_system,
                                                       const std::filesystem::path& path,
                                                       const EntrySourceOptions& options = {});

}  // namespace assay::archives

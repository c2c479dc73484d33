/// \file
/// Reads a zip in place: its central directory once, then any entry from any thread.

#pragma once

#include "archives/entry.h"
#include "core/bytes.h"
#include "core/result.h"
#include "core/sha256.h"
#include "files/byte_source.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::archives {

enum class ZipMethod : std::uint8_t { kStored, kDeflate, kOther };

struct ZipEntry {
  /// UTF-8, with `/` between its parts whatever the archive has there.
  std::string path;
  ByteCount size;
  ByteCount compressed_size;
  std::uint64_t header_offset = 0;  ///< Of the local header, in the source.
  std::uint32_t crc32 = 0;
  std::uint32_t record_offset = 0;  ///< Of its record in the directory; the order of writing.
  ZipMethod method = ZipMethod::kStored;
  EntryVerdict verdict = EntryVerdict::kOk;
};

/// Stored and deflated entries, zip64, bytes before the archive (programs that unpack themselves),
/// and the archives of the Mac's Finder, which lose the high bits of what does not fit instead of
/// using zip64. What the directory says counts; the header before an entry is held against it when
/// the entry is read. Paths that are not marked as UTF-8 are taken as such when they can be, else
/// as code page 437.
///
/// Threads: all const calls are safe from any thread.
/// Memory:  the directory and the entries, some 250 bytes each; a thread that reads deflated
///          entries keeps a buffer of up to 64 MiB.
class ZipReader {
 public:
  /// Read the directory.
  /// Errors: kInvalidInput (no zip, one part of a split zip), kCorrupt (cut
  ///         off; a broken directory), kExhausted (a directory over 512 MiB), and those of
  ///         `source`; each names the source.
  static Result<ZipReader> open(std::unique_ptr<files::ByteSource> source,
                                const EntryLimits& limits = {});

  /// Order: by the bytes of the path, then as in the directory.
  std::span<const ZipEntry> entries() const { return entries_; }
  /// The entry that counts for a path: the last in the directory; none when there is none.
  const ZipEntry* find(std::string_view path) const;
  const files::ByteSource& source() const { return *source_; }
  /// SHA-256 of the directory and the size of the archive: another one as soon as an entry differs
  /// in its path, size, time, place or checksum.
  const Sha256& fingerprint() const { return fingerprint_; }

  /// Read one entry, and hold its checksum against it. Any other verdict than kOk is about this
  /// entry only, and leaves `into` undefined; an entry whose own verdict is not kOk gives that.
  /// Pre: `entry` is of this reader, and `into` of its size.
  /// Errors: those of the source, and kUnavailable when it has become shorter.
  Result<EntryVerdict> read(const ZipEntry& entry, std::span<std::byte> into) const;

  struct Place {
    EntryVerdict verdict = EntryVerdict::kOk;
    std::uint64_t offset = 0;  ///< In the source.
  };
  /// Where the `compressed_size` bytes of an entry begin, once its header agrees with the
  /// directory: for those who read a stored entry in place. The checksum is then theirs to check.
  /// Pre: `entry` is of this reader.
  /// Errors: as read().
  Result<Place> place_of(const ZipEntry& entry) const;

 private:
  ZipReader(std::unique_ptr<files::ByteSource> source, std::vector<std::byte> directory,
            std::vector<ZipEntry> entries, const Sha256& fingerprint);
  Status read_fully(std::uint64_t offset, std::span<std::byte> into) const;

  std::unique_ptr<files::ByteSource> source_;
  std::vector<std::byte> directory_;
  std::vector<ZipEntry> entries_;
  Sha256 fingerprint_;
};

}  // namespace assay::archives

/// \file
/// Where the line of an id stands in a file of lines, found in an index on disk: what no longer
/// fits in memory is known all the same.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace assay::record_reading {

/// A file of JSON objects, one a line.
struct IndexedFile {
  const files::File* file = nullptr;
  ByteCount size;
  std::filesystem::path path;  ///< By its name it is compressed or not.
  std::string_view id_path;    ///< Where the id stands in a line: `metadata.generation_id`.
  std::string index_name;      ///< Of the index in its folder.
};

/// What the index may cost. Tests make it small.
struct IdIndexOptions {
  /// So much of a file's end is read through in place of being indexed.
  ByteCount max_unindexed{std::uint64_t{8} << 20};
  /// Ids that are sorted in memory at once, 16 bytes each.
  std::size_t max_sorted = std::size_t{1} << 20;
};

/// An index is a cache: one that is absent, damaged or of another file is made anew, one of a file
/// that has grown is extended. Format: docs/formats/history.md.
/// Threads: one thread at a time.
/// Errors: those of files::File and AtomicFile; kCorrupt (a compressed file that is broken).
class IdIndex {
 public:
  IdIndex(files::FileSystem& file_system, std::filesystem::path folder,
          const IdIndexOptions& options = {})
      : file_system_(&file_system), folder_(std::move(folder)), options_(options) {}

  /// The last line of `source` whose id is `id`; nothing when it has none.
  /// Cost: some 20 reads of 16 bytes, and once a pass over what is not indexed yet.
  Result<std::optional<std::string>> find_last(const IndexedFile& source, std::string_view id);

 private:
  struct Index;

  Result<std::optional<Index>> load(const IndexedFile& source) const;
  Result<std::optional<Index>> extend(const IndexedFile& source, std::optional<Index> index) const;
  static Result<std::optional<std::string>> find_indexed(const IndexedFile& source,
                                                         const Index& index, std::string_view id);

  files::FileSystem* file_system_;
  std::filesystem::path folder_;
  IdIndexOptions options_;
};

}  // namespace assay::record_reading

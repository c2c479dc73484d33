/// \file
/// The files behind `--parquet` arguments: files, folders, globs and remote addresses.

#pragma once

#include "core/result.h"
#include "files/byte_source.h"
#include "files/file_system.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::tables {

/// A column whose value is the same in every row of a file, from a folder named `key=value`. A
/// column of that name in the file itself wins.
struct ConstantColumn {
  std::string name;
  std::optional<std::string> value;  ///< Nothing: null (`key=__HIVE_DEFAULT_PARTITION__`).

  bool operator==(const ConstantColumn&) const = default;
};

struct DatasetFile {
  std::string address;  ///< A path, or a remote address with its scheme.
  std::vector<ConstantColumn> constants;

  bool operator==(const DatasetFile&) const = default;
};

struct RemoteObject {
  std::string address;
  /// What a listing tells of its content, such as its size and time: another content has another
  /// one. Empty where nothing is told.
  std::string version;
};

/// The seam to object stores, which are of this module's own rank: app implements it over storage.
/// Threads: all calls are safe from any thread.
class RemoteSources {
 public:
  virtual ~RemoteSources() = default;
  RemoteSources() = default;
  RemoteSources(const RemoteSources&) = delete;
  RemoteSources& operator=(const RemoteSources&) = delete;

  /// All objects whose address begins with `address`. Order: any.
  /// Errors: kDenied, kUnavailable, kTimeout, kMissing, kInvalidInput.
  virtual Result<std::vector<RemoteObject>> list(std::string_view address) = 0;
  /// Errors: as list(), and kNotFound.
  virtual Result<std::unique_ptr<files::ByteSource>> open(const std::string& address) = 0;
};

/// Where the bytes of data set files come from.
struct DatasetSources {
  files::FileSystem* file_system = nullptr;  ///< Never null.
  RemoteSources* remote = nullptr;           ///< Null: remote addresses are refused.
};

/// Whether `address` has a scheme (`s3://`, `gs://`), other than `file://`.
bool is_remote_address(std::string_view address);

/// Replace every argument by the files it stands for. A file stands for itself. A folder stands for
/// the `*.parquet` files below it, in name order (in each folder its files and folders by bytes);
/// names that begin with `.` or `_` are skipped, and folders named `key=value` below it become
/// constant columns. A path that does not exist and holds `*`, `?` or `[` is a pattern
/// (files::glob); so is the key of a remote address, whose objects are listed up to that character.
///
/// Order:  of the arguments.
/// Errors: kNotFound (`Parquet file not found: P`), kInvalidInput (nothing matches, a folder
///         without Parquet files), kDenied, kUnavailable, and those of RemoteSources.
Result<std::vector<DatasetFile>> expand_dataset(const DatasetSources& sources,
                                                std::span<const std::string> arguments);

/// Errors: kNotFound, kDenied, kInvalidInput, kUnavailable, kTimeout, kMissing.
Result<std::unique_ptr<files::ByteSource>> open_source(const DatasetSources& sources,
                                                       const std::string& address);

}  // namespace assay::tables

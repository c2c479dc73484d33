/// \file
/// Where generated images are put, and the address under which others find them.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "storage/credentials.h"
#include "storage/object_store.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace assay::miner {

/// Threads: all calls are safe from any thread.
class ImageStore {
 public:
  /// `address` is a folder, made when it is not there, or `s3://bucket/prefix` or
  /// `gs://bucket/prefix`. Lifetime: `file_system` outlives it.
  /// Errors: those of parsing the address, of making the folder and of opening the store.
  static Result<ImageStore> open(files::FileSystem& file_system, std::string_view address,
                                 const storage::Credentials& credentials);

  /// Put an image under `name`. Errors: those of storage::ObjectStore.
  Status put(std::string_view name, std::span<const std::byte> image);

  /// What a claim of an image of this name says: `s3://`, `gs://` or `file://`.
  std::string uri_of(std::string_view name) const;

 private:
  ImageStore(std::unique_ptr<storage::ObjectStore> store, std::string prefix, std::string base_uri)
      : store_(std::move(store)), prefix_(std::move(prefix)), base_uri_(std::move(base_uri)) {}

  std::unique_ptr<storage::ObjectStore> store_;
  /// Of keys: empty, or ends with a slash.
  std::string prefix_;
  /// Ends with a slash.
  std::string base_uri_;
};

}  // namespace assay::miner

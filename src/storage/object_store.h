/// \file
/// One bucket of objects, wherever it lies.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "files/byte_source.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::storage {

struct ObjectInfo {
  std::string key;
  ByteCount size;
  std::optional<Timestamp> modified;  ///< Nothing where the store does not say.

  bool operator==(const ObjectInfo&) const = default;
};

/// The longest key: S3's and GCS's own limit.
inline constexpr ByteCount kMaxObjectKey{1024};

/// Whole objects under keys. A key is UTF-8 with `/` between its parts; a part is not empty, `.` or
/// `..`, and holds no control character, so that every key is a path and every store holds the same
/// ones. There are no folders: a key that others lie below may be an object too, but not every
/// store can hold both.
///
/// Reads may be repeated and are retried; what bounds a call is in StoreOptions (open_store.h).
/// Threads: all calls are safe from any thread.
/// Errors: kInvalidInput (no such key can be), kDenied, kNotFound (the bucket), kUnavailable,
///         kTimeout, kNoSpace; each names the store and key, none a credential.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  ObjectStore() = default;
  ObjectStore(const ObjectStore&) = delete;
  ObjectStore& operator=(const ObjectStore&) = delete;

  /// `s3://bucket`, `gs://bucket` or the folder's path.
  virtual const std::string& name() const = 0;

  /// The source may outlive the store. Errors: also kNotFound (the object).
  virtual Result<std::unique_ptr<files::ByteSource>> open(std::string_view key) = 0;

  /// Nothing when there is no such object.
  virtual Result<std::optional<ObjectInfo>> info(std::string_view key) = 0;

  /// Called with some of the objects; valid during the call.
  using OnPage = std::function<Status(std::span<const ObjectInfo>)>;

  /// Hand every object whose key begins with `prefix` (text; empty for all) to `on_page`, each
  /// once. Order:  none. Errors: also kCancelled, and what `on_page` returns, which ends the
  /// listing.
  virtual Status list(std::string_view prefix, const OnPage& on_page, std::stop_token stop) = 0;

  /// Make or replace an object: readers see the old one whole or the new one whole.
  virtual Status put(std::string_view key, std::span<const std::byte> content) = 0;

  /// Fine when it is not there.
  virtual Status remove(std::string_view key) = 0;
};

/// Whether a store can hold `key`. Errors: kInvalidInput.
Status check_object_key(std::string_view key);

}  // namespace assay::storage

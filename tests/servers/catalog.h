/// \file
/// The objects that the server says it has.

#pragma once

#include "faults.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace servers {

struct Object {
  std::string bucket = {};
  std::string name = {};
  std::uint64_t size = 0;
  std::string md5 = {};      ///< Base64; empty when not known.
  std::string created = {};  ///< RFC 3339.
  std::optional<Fault> fault = std::nullopt;
};

/// One part of a listing.
struct Page {
  std::span<const Object> objects;
  std::optional<std::size_t> next;  ///< Where the next page starts.
};

/// Objects by bucket and name, and in the order of listings.
class Catalog {
 public:
  /// One line an object: bucket, name, size, MD5 in base64 or `-`, time of creation, and, if
  /// wanted, a fault; between tabs. Throws std::runtime_error that names the line.
  static Catalog read(const std::string& path);

  Catalog() = default;
  Catalog(Catalog&&) = default;  // not copied: the index points into the objects
  Catalog& operator=(Catalog&&) = default;

  const Object* find(std::string_view bucket, std::string_view name) const;
  bool has_bucket(std::string_view bucket) const;
  /// Up to `limit` objects of the bucket whose name begins with `prefix`, from index `start` on.
  Page list(std::string_view bucket, std::string_view prefix, std::size_t start,
            std::size_t limit) const;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using NameIndex = std::unordered_map<std::string_view, std::uint32_t, TextHash, std::equal_to<>>;

  std::vector<Object> objects_;  // by bucket, then name
  std::unordered_map<std::string, NameIndex, TextHash, std::equal_to<>> buckets_;
};

}  // namespace servers

/// \file
/// Objects in memory, as if they lay in a store.

#pragma once

#include "tables/dataset.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::tables::testing {

/// Threads: objects are set before they are read.
class MemorySources final : public RemoteSources {
 public:
  /// `address` has a scheme: `mem://bucket/a.parquet`.
  void set(const std::string& address, std::string bytes) {
    objects_[address] = {.bytes = std::move(bytes), .version = std::to_string(++num_set_)};
  }

  void remove(const std::string& address) { objects_.erase(address); }
  /// From now on nothing answers.
  void go_down() { is_down_ = true; }

  Result<std::vector<RemoteObject>> list(std::string_view address) override {
    if (is_down_) return unavailable("the store does not answer");
    std::vector<RemoteObject> found;
    for (const auto& [name, object] : objects_) {
      if (!name.starts_with(address)) continue;
      found.push_back({.address = name, .version = object.version});
    }
    return found;
  }
  Result<std::unique_ptr<files::ByteSource>> open(const std::string& address) override {
    if (is_down_) return unavailable("the store does not answer");
    const auto found = objects_.find(address);
    if (found == objects_.end()) return not_found(address + ": no such object");
    return files::memory_byte_source(address, found->second.bytes, found->second.version);
  }

 private:
  struct Object {
    std::string bytes;
    std::string version;
  };
  std::map<std::string, Object> objects_;
  int num_set_ = 0;
  bool is_down_ = false;
};

}  // namespace assay::tables::testing

/// \file
/// An object store in memory.

#pragma once

#include "storage/object_store.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace assay::storage::testing {

class MemoryObjectStore final : public ObjectStore {
 public:
  explicit MemoryObjectStore(std::string name) : name_(std::move(name)) {}

  const std::string& name() const override { return name_; }
  Result<std::unique_ptr<files::ByteSource>> open(std::string_view key) override;
  Result<std::optional<ObjectInfo>> info(std::string_view key) override;
  Status list(std::string_view prefix, const OnPage& on_page, std::stop_token stop) override;
  Status put(std::string_view key, std::span<const std::byte> content) override;
  Status remove(std::string_view key) override;

 private:
  std::string name_;
  std::mutex mutex_;  // guards objects_
  std::map<std::string, std::string, std::less<>> objects_;
};

}  // namespace assay::storage::testing

#include "storage/testing/memory_object_store.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

namespace assay::storage::testing {

Result<std::unique_ptr<files::ByteSource>> MemoryObjectStore::open(std::string_view key) {
  RETURN_IF_ERROR(check_object_key(key));
  const std::scoped_lock guard(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return not_found(fmt::format("{}/{}: no such object", name_, key));
  return files::memory_byte_source(fmt::format("{}/{}", name_, key), found->second);
}

Result<std::optional<ObjectInfo>> MemoryObjectStore::info(std::string_view key) {
  RETURN_IF_ERROR(check_object_key(key));
  const std::scoped_lock guard(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return std::optional<ObjectInfo>();
  return std::optional(ObjectInfo{
      .key = found->first, .size = ByteCount(found->second.size()), .modified = std::nullopt});
}

Status MemoryObjectStore::list(std::string_view prefix, const OnPage& on_page,
                               std::stop_token stop) {
  std::vector<ObjectInfo> page;
  {
    const std::scoped_lock guard(mutex_);
    for (const auto& [key, content] : objects_) {
      if (!key.starts_with(prefix)) continue;
      page.push_back({.key = key, .size = ByteCount(content.size()), .modified = std::nullopt});
    }
  }
  if (stop.stop_requested()) return cancelled(fmt::format("list {}: stopped", name_));
  if (page.empty()) return {};
  return on_page(page);
}

Status MemoryObjectStore::put(std::string_view key, std::span<const std::byte> content) {
  RETURN_IF_ERROR(check_object_key(key));
  const std::scoped_lock guard(mutex_);
  objects_.insert_or_assign(std::string(key), std::string(as_text(content)));
  return {};
}

Status MemoryObjectStore::remove(std::string_view key) {
  RETURN_IF_ERROR(check_object_key(key));
  const std::scoped_lock guard(mutex_);
  objects_.erase(std::string(key));
  return {};
}

}  // namespace assay::storage::testing

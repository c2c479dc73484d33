#include "files/byte_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace assay::files {
namespace {

class FileByteSource final : public ByteSource {
 public:
  FileByteSource(std::string name, std::unique_ptr<File> file, ByteCount size)
      : name_(std::move(name)), file_(std::move(file)), size_(size) {}

  const std::string& name() const override { return name_; }
  ByteCount size() const override { return size_; }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    if (offset >= size_.count()) return std::size_t{0};
    // What another process appends meanwhile is not part of the source.
    const std::uint64_t length = std::min<std::uint64_t>(into.size(), size_.count() - offset);
    return file_->read_at(offset, into.first(static_cast<std::size_t>(length)));
  }

 private:
  std::string name_;
  std::unique_ptr<File> file_;
  ByteCount size_;
};

class MemoryByteSource final : public ByteSource {
 public:
  MemoryByteSource(std::string name, std::string bytes, std::string version)
      : name_(std::move(name)), bytes_(std::move(bytes)), version_(std::move(version)) {}

  const std::string& name() const override { return name_; }
  ByteCount size() const override { return ByteCount(bytes_.size()); }
  std::string version() const override { return version_; }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    if (offset >= bytes_.size() || into.empty()) return std::size_t{0};
    const auto start = static_cast<std::size_t>(offset);
    const std::size_t length = std::min(into.size(), bytes_.size() - start);
    std::memcpy(into.data(), bytes_.data() + start, length);
    return length;
  }

 private:
  std::string name_;
  std::string bytes_;
  std::string version_;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> open_byte_source(FileSystem& file_system,
                                                     const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return not_found(fmt::format("{}: there is no such file", path.native()));
  if (info->kind == FileKind::kFolder) {
    return invalid_input(fmt::format("{} is a folder; give the path of a file", path.native()));
  }
  if (info->kind == FileKind::kOther) {
    return invalid_input(
        fmt::format("{} is a pipe or device; copy it to a file first", path.native()));
  }
  ASSIGN_OR_RETURN(auto file, file_system.open(path, OpenMode::kRead));
  ASSIGN_OR_RETURN(const ByteCount size, file->size());
  return std::make_unique<FileByteSource>(path.native(), std::move(file), size);
}

std::unique_ptr<ByteSource> memory_byte_source(std::string name, std::string bytes,
                                               std::string version) {
  return std::make_unique<MemoryByteSource>(std::move(name), std::move(bytes), std::move(version));
}

}  // namespace assay::files

#include "storage/arrow_status_internal.h"
#include "storage/arrow_store_internal.h"

#include <arrow/io/interfaces.h>
#include <arrow/util/async_generator.h>
#include <arrow/util/future.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace assay::storage {
namespace {

class ArrowByteSource final : public files::ByteSource {
 public:
  ArrowByteSource(std::string name, std::shared_ptr<arrow::io::RandomAccessFile> file,
                  ByteCount size, std::string version)
      : name_(std::move(name)), file_(std::move(file)), size_(size), version_(std::move(version)) {}

  const std::string& name() const override { return name_; }
  ByteCount size() const override { return size_; }
  bool is_remote() const override { return true; }
  std::string version() const override { return version_; }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    if (offset >= size_.count() || into.empty()) return std::size_t{0};
    const auto length = std::min<std::uint64_t>(into.size(), size_.count() - offset);
    std::uint64_t done = 0;
    // A range may come back short when the connection breaks.
    while (done < length) {
      ASSIGN_OR_RETURN(const std::int64_t got, call_arrow<std::int64_t>("read " + name_, [&] {
                         return file_->ReadAt(static_cast<std::int64_t>(offset + done),
                                              static_cast<std::int64_t>(length - done),
                                              into.data() + done);
                       }));
      if (got <= 0) break;
      done += static_cast<std::uint64_t>(got);
    }
    if (done < length) {
      return unavailable(fmt::format("read {}: it ends at byte {} of {}; it was replaced meanwhile",
                                     name_, offset + done, size_.count()));
    }
    return static_cast<std::size_t>(done);
  }

 private:
  std::string name_;
  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  ByteCount size_;
  std::string version_;
};

/// By what the answer to the opening said; S3 and GCS each have words of their own.
std::string version_of(const arrow::KeyValueMetadata* metadata) {
  if (metadata == nullptr) return {};
  for (const char* const name : {"ETag", "etag", "generation", "Last-Modified", "updated"}) {
    const auto value = metadata->Get(name);
    if (value.ok() && !value->empty()) return *value;
  }
  return {};
}

class ArrowStore final : public ObjectStore {
 public:
  ArrowStore(std::shared_ptr<arrow::fs::FileSystem> file_system, std::string name,
             std::string bucket, HalfUpload half_upload)
      : file_system_(std::move(file_system)),
        name_(std::move(name)),
        bucket_(std::move(bucket)),
        half_upload_(half_upload) {}

  const std::string& name() const override { return name_; }

  Result<std::unique_ptr<files::ByteSource>> open(std::string_view key) override {
    RETURN_IF_ERROR(check_object_key(key));
    using File = std::shared_ptr<arrow::io::RandomAccessFile>;
    const std::string what = "open " + address_of(key);
    ASSIGN_OR_RETURN(File file, call_arrow<File>(what, [&] {
                       return file_system_->OpenInputFile(path_of(key));
                     }));
    ASSIGN_OR_RETURN(const std::int64_t size,
                     call_arrow<std::int64_t>(what, [&] { return file->GetSize(); }));
    using Metadata = std::shared_ptr<const arrow::KeyValueMetadata>;
    ASSIGN_OR_RETURN(const Metadata metadata,
                     call_arrow<Metadata>(what, [&] { return file->ReadMetadata(); }));
    return std::make_unique<ArrowByteSource>(address_of(key), std::move(file),
                                             ByteCount(static_cast<std::uint64_t>(size)),
                                             version_of(metadata.get()));
  }

  Result<std::optional<ObjectInfo>> info(std::string_view key) override {
    RETURN_IF_ERROR(check_object_key(key));
    ASSIGN_OR_RETURN(const auto info,
                     call_arrow<arrow::fs::FileInfo>("look at " + address_of(key), [&] {
                       return file_system_->GetFileInfo(path_of(key));
                     }));
    // A prefix of other keys is reported as a folder.
    if (!info.IsFile()) return std::optional<ObjectInfo>();
    return std::optional(to_object_info(info));
  }

  // Arrow lists folders, so the last part of the prefix is looked for among what lies beside it.
  Status list(std::string_view prefix, const OnPage& on_page, std::stop_token stop) override {
    const std::size_t slash = prefix.rfind('/');
    const std::string_view folder = slash == std::string_view::npos ? "" : prefix.substr(0, slash);
    if (!folder.empty()) RETURN_IF_ERROR(check_object_key(folder));
    const std::string what = fmt::format("list {}/{}", name_, prefix);
    arrow::fs::FileSelector selector;
    selector.base_dir = folder.empty() ? bucket_ : path_of(folder);
    selector.recursive = true;
    selector.allow_not_found = !folder.empty();
    arrow::fs::FileInfoGenerator pages;
    RETURN_IF_ERROR(call_arrow_status(what, [&] {
      pages = file_system_->GetFileInfoGenerator(selector);
      return arrow::Status::OK();
    }));
    while (true) {
      if (stop.stop_requested()) return cancelled(what + ": stopped");
      ASSIGN_OR_RETURN(const auto page, call_arrow<arrow::fs::FileInfoVector>(
                                            what, [&] { return pages().result(); }));
      if (arrow::IsIterationEnd(page)) return {};
      std::vector<ObjectInfo> objects;
      for (const arrow::fs::FileInfo& info : page) {
        if (!info.IsFile()) continue;
        ObjectInfo object = to_object_info(info);
        if (object.key.starts_with(prefix)) objects.push_back(std::move(object));
      }
      if (!objects.empty()) RETURN_IF_ERROR(on_page(objects));
    }
  }

  Status put(std::string_view key, std::span<const std::byte> content) override {
    RETURN_IF_ERROR(check_object_key(key));
    Status written = put_once(key, content);
    // The session of an upload may be gone; the object is then to be sent anew, as GCS documents.
    if (!written && written.error().code == ErrorCode::kNotFound) written = put_once(key, content);
    return written;
  }

  Status remove(std::string_view key) override {
    RETURN_IF_ERROR(check_object_key(key));
    auto removed = call_arrow_status("remove " + address_of(key),
                                     [&] { return file_system_->DeleteFile(path_of(key)); });
    if (!removed && removed.error().code == ErrorCode::kNotFound) return {};
    return removed;
  }

 private:
  Status put_once(std::string_view key, std::span<const std::byte> content) {
    using Stream = std::shared_ptr<arrow::io::OutputStream>;
    const std::string what = "write " + address_of(key);
    ASSIGN_OR_RETURN(const Stream stream, call_arrow<Stream>(what, [&] {
                       return file_system_->OpenOutputStream(path_of(key), nullptr);
                     }));
    auto written = call_arrow_status(what, [&] {
      ARROW_RETURN_NOT_OK(stream->Write(content.data(), static_cast<std::int64_t>(content.size())));
      return stream->Close();
    });
    if (!written && half_upload_ == HalfUpload::kAbort) {
      // The parts cost their owner money; that they stay is no second error.
      static_cast<void>(call_arrow_status(what, [&] { return stream->Abort(); }));
    }
    return written;
  }

  std::string path_of(std::string_view key) const { return fmt::format("{}/{}", bucket_, key); }
  std::string address_of(std::string_view key) const { return fmt::format("{}/{}", name_, key); }

  ObjectInfo to_object_info(const arrow::fs::FileInfo& info) const {
    ObjectInfo object{
        .key = info.path().substr(bucket_.size() + 1),
        .size = ByteCount(static_cast<std::uint64_t>(std::max<std::int64_t>(info.size(), 0))),
        .modified = std::nullopt};
    if (info.mtime() != arrow::fs::kNoTime) {
      object.modified = std::chrono::time_point_cast<std::chrono::microseconds>(info.mtime());
    }
    return object;
  }

  std::shared_ptr<arrow::fs::FileSystem> file_system_;
  std::string name_;
  std::string bucket_;
  HalfUpload half_upload_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_arrow_store(std::shared_ptr<arrow::fs::FileSystem> file_system,
                                              std::string name, std::string bucket,
                                              HalfUpload half_upload) {
  return std::make_unique<ArrowStore>(std::move(file_system), std::move(name), std::move(bucket),
                                      half_upload);
}

}  // namespace assay::storage

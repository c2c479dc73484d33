#include "storage/arrow_store_internal.h"

#include <arrow/filesystem/mockfs.h>
#include <arrow/io/interfaces.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace assay::storage {
namespace {

/// Fails when the object should be there.
class LostUpload final : public arrow::io::OutputStream {
 public:
  arrow::Status Close() override {
    is_closed_ = true;
    return arrow::Status::IOError("google::cloud::Status(NOT_FOUND: the session is gone)");
  }
  bool closed() const override { return is_closed_; }
  arrow::Result<std::int64_t> Tell() const override { return 0; }
  arrow::Status Write(const void* /*data*/, std::int64_t /*num_bytes*/) override {
    return arrow::Status::OK();
  }

 private:
  bool is_closed_ = false;
};

/// Loses some of the uploads that begin.
class LosingFileSystem final : public arrow::fs::internal::MockFileSystem {
 public:
  explicit LosingFileSystem(int num_lost) : MockFileSystem({}), num_lost_(num_lost) {}

  arrow::Result<std::shared_ptr<arrow::io::OutputStream>> OpenOutputStream(
      const std::string& path,
      const std::shared_ptr<const arrow::KeyValueMetadata>& metadata) override {
    ++num_begun;
    if (num_begun <= num_lost_) return std::make_shared<LostUpload>();
    return MockFileSystem::OpenOutputStream(path, metadata);
  }

  int num_begun = 0;

 private:
  int num_lost_;
};

std::unique_ptr<ObjectStore> store_over(std::shared_ptr<LosingFileSystem> file_system) {
  EXPECT_TRUE(file_system->CreateDir("bucket", true).ok());
  return make_arrow_store(std::move(file_system), "gs://bucket", "bucket", HalfUpload::kDrop);
}

TEST(ArrowStore, BeginsAnUploadAnewWhoseSessionIsGone) {
  const auto file_system = std::make_shared<LosingFileSystem>(1);
  const auto store = store_over(file_system);
  const std::string_view content = "all of it";
  const Status put = store->put("key", std::as_bytes(std::span(content)));
  ASSERT_TRUE(put) << put.error().message;
  const auto source = store->open("key");
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->size(), ByteCount(content.size()));
}

TEST(ArrowStore, SaysThatAnUploadIsGoneWhichIsLostTwice) {
  const auto file_system = std::make_shared<LosingFileSystem>(9);
  const Status put = store_over(file_system)->put("key", {});
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(put.error().message.starts_with("write gs://bucket/key: ")) << put.error().message;
  EXPECT_EQ(file_system->num_begun, 2);
}

}  // namespace
}  // namespace assay::storage

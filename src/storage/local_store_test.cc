#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"
#include "storage/open_store.h"
#include "storage/testing/memory_object_store.h"
#include "storage/testing/object_store_conformance.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace assay::storage::testing {
namespace {

class MemoryFixture final : public ObjectStoreFixture {
 public:
  ObjectStore& store() override { return store_; }
  std::string prefix() override { return ""; }

 private:
  MemoryObjectStore store_{"memory"};
};

class LocalFixture final : public ObjectStoreFixture {
 public:
  ObjectStore& store() override { return *store_; }
  std::string prefix() override { return ""; }

 private:
  files::testing::TemporaryFolder folder_;
  std::unique_ptr<ObjectStore> store_ =
      open_local_store(files::posix_file_system(), folder_.path() / "store");
};

class SimulatedFixture final : public ObjectStoreFixture {
 public:
  ObjectStore& store() override { return *store_; }
  std::string prefix() override { return ""; }

 private:
  files::testing::SimulatedFileSystem file_system_;
  std::unique_ptr<ObjectStore> store_ = open_local_store(file_system_, "store");
};

INSTANTIATE_TEST_SUITE_P(
    Local, ObjectStoreConformance,
    ::testing::Values(
        ObjectStoreMaker{"Memory", [] { return std::make_unique<MemoryFixture>(); }, 1200},
        ObjectStoreMaker{"Posix", [] { return std::make_unique<LocalFixture>(); }, 1200},
        ObjectStoreMaker{"Simulated", [] { return std::make_unique<SimulatedFixture>(); }, 150}),
    [](const auto& made) { return made.param.name; });

TEST(LocalStore, PassesOverTemporariesAndCirclesOfLinks) {
  const files::testing::TemporaryFolder folder;
  const auto store = open_local_store(files::posix_file_system(), folder.path());
  ASSERT_TRUE(store->put("a/b", as_bytes("1")));
  ASSERT_TRUE(store->put("a/.c.tmp-0", as_bytes("half")));
  std::filesystem::create_directory_symlink("..", folder.path() / "a/up");
  std::vector<std::string> keys;
  const auto status = store->list("",
                                  [&](std::span<const ObjectInfo> page) -> Status {
                                    for (const ObjectInfo& info : page) keys.push_back(info.key);
                                    return {};
                                  },
                                  {});
  ASSERT_TRUE(status);
  EXPECT_EQ(keys, std::vector<std::string>{"a/b"});
}

TEST(LocalStore, AFullDiskLeavesTheOldObject) {
  files::testing::SimulatedFileSystem file_system;
  const auto store = open_local_store(file_system, "store");
  ASSERT_TRUE(store->put("a", as_bytes("old")));
  file_system.set_capacity(ByteCount(10));
  EXPECT_EQ(store->put("a", as_bytes("new and longer")).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(file_system.content("store/a"), "old");
}

}  // namespace
}  // namespace assay::storage::testing

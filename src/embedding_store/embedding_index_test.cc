#include "embedding_store/embedding_store.h"
#include "embedding_store/testing/numbered_keys.h"
#include "files/file_system.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace assay::embedding_store {
namespace {

using testing::key_of;
using testing::variant;

constexpr int kMany = 10'000;  // from here on the index is written at open

class EmbeddingIndexTest : public ::testing::Test {
 protected:
  std::unique_ptr<EmbeddingStore> open() {
    auto store = EmbeddingStore::open(files::posix_file_system(), folder_.path(), random_,
                                      {.index = EmbeddingStoreOptions::Index::kSqlite});
    EXPECT_TRUE(store) << store.error().message;
    if (!store) return nullptr;
    (*store)->add_variant(variant());
    return std::move(*store);
  }
  static void put(EmbeddingStore& store, int first, int count) {
    std::vector<Embedding> batch;
    for (int i = first; i < first + count; ++i) {
      batch.push_back({.key = key_of(i), .vector = std::vector<float>(512, static_cast<float>(i))});
    }
    ASSERT_TRUE(store.put(batch));
  }
  static bool holds(EmbeddingStore& store, int number) {
    const auto vector = store.find(key_of(number));
    EXPECT_TRUE(vector);
    return vector && *vector && (**vector)[0] == static_cast<float>(number);
  }

  files::testing::TemporaryFolder folder_;
  std::filesystem::path index_ = folder_.path() / "vectors-512.index.db";
  SeededRandom random_{11};
};

TEST_F(EmbeddingIndexTest, SavesReadingWhatItKnows) {
  auto store = open();
  put(*store, 0, 20);
  ASSERT_TRUE(store->update_index());
  put(*store, 20, 5);
  store = open();
  EXPECT_EQ(store->counts().num_from_index, 20U);
  EXPECT_EQ(store->counts().num_embeddings, 25U);
  for (const int i : {0, 19, 20, 24}) EXPECT_TRUE(holds(*store, i)) << i;
  EXPECT_FALSE(holds(*store, 25));
  ASSERT_TRUE(store->update_index());
  EXPECT_EQ(open()->counts().num_from_index, 25U);
}

TEST_F(EmbeddingIndexTest, IsMadeAnewWhenItIsMissingOrDamaged) {
  put(*open(), 0, kMany);
  EXPECT_EQ(open()->counts().num_from_index, 0U);
  EXPECT_EQ(open()->counts().num_from_index, static_cast<std::uint64_t>(kMany));
  std::filesystem::remove(index_);
  EXPECT_EQ(open()->counts().num_embeddings, static_cast<std::uint64_t>(kMany));
  EXPECT_EQ(open()->counts().num_from_index, static_cast<std::uint64_t>(kMany));
  std::ofstream(index_, std::ios::trunc) << "this is no database, however you look at it";
  EXPECT_EQ(open()->counts().num_embeddings, static_cast<std::uint64_t>(kMany));
  EXPECT_EQ(open()->counts().num_from_index, static_cast<std::uint64_t>(kMany));
}

TEST_F(EmbeddingIndexTest, OfAFileThatWasRewrittenIsNotUsed) {
  auto store = open();
  put(*store, 0, 20);
  ASSERT_TRUE(store->update_index());
  ASSERT_TRUE(store->gc([](const EmbeddingKey& key) { return key != key_of(3); }));
  store = open();
  EXPECT_EQ(store->counts().num_from_index, 0U);
  EXPECT_EQ(store->counts().num_embeddings, 19U);
  EXPECT_TRUE(holds(*store, 4));
  EXPECT_FALSE(holds(*store, 3));
  ASSERT_TRUE(store->update_index());
  EXPECT_EQ(open()->counts().num_from_index, 19U);
}

TEST_F(EmbeddingIndexTest, OfALongerFileIsNotUsed) {
  auto store = open();
  put(*store, 0, 20);
  ASSERT_TRUE(store->update_index());
  store.reset();
  const auto file = folder_.path() / "vectors-512.store";
  std::filesystem::resize_file(file, 64 + 2120 * 6);
  store = open();
  EXPECT_EQ(store->counts().num_from_index, 0U);
  EXPECT_EQ(store->counts().num_embeddings, 5U);
}

TEST_F(EmbeddingIndexTest, TwoWritersBothEndUpInIt) {
  auto first = open();
  auto second = open();
  put(*first, 0, 5);
  put(*second, 5, 5);
  put(*first, 10, 5);
  ASSERT_TRUE(second->update_index());
  ASSERT_TRUE(first->update_index());
  const auto third = open();
  EXPECT_EQ(third->counts().num_from_index, 15U);
  for (int i = 0; i < 15; ++i) EXPECT_TRUE(holds(*third, i)) << i;
}

}  // namespace
}  // namespace assay::embedding_store

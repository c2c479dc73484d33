#include "embedding/merge_shards.h"

#include "core/random.h"
#include "core/testing/stopped_token.h"
#include "embedding/testing/fake_models.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace assay::embedding {
namespace {

using embedding_store::EmbeddingVariant;

class MergeShards : public ::testing::Test {
 protected:
  std::unique_ptr<embedding_store::EmbeddingStore> store(const char* name) {
    auto opened = embedding_store::EmbeddingStore::open(files::posix_file_system(),
                                                        folder_.path() / name, random_);
    EXPECT_TRUE(opened);
    (*opened)->add_variant(kMine);
    (*opened)->add_variant(kOther);
    return std::move(*opened);
  }
  static embedding_store::EmbeddingKey key(std::uint8_t image, const EmbeddingVariant& variant) {
    Sha256::Bytes bytes{};
    bytes[0] = std::byte{image};
    return {.content = Sha256(bytes), .variant = embedding_store::id_of(variant)};
  }
  static embedding_store::Embedding embedding(std::uint8_t image, const EmbeddingVariant& variant,
                                              float value) {
    return {.key = key(image, variant), .vector = std::vector<float>(512, value)};
  }

  static inline const EmbeddingVariant kMine{
      .model = Sha256({}), .activation = "gelu", .preprocessing = "test", .precision = "fp32"};
  static inline const EmbeddingVariant kOther{
      .model = Sha256({}), .activation = "gelu", .preprocessing = "test", .precision = "bf16"};
  files::testing::TemporaryFolder folder_;
  SeededRandom random_{5};
};

TEST_F(MergeShards, CopiesWhatIsNotThereOfTheOneVariant) {
  const auto from = store("from");
  const auto into = store("into");
  ASSERT_TRUE(from->put(
      std::vector{embedding(1, kMine, 1), embedding(2, kMine, 2), embedding(3, kOther, 3)}));
  ASSERT_TRUE(into->put(std::vector{embedding(1, kMine, 9)}));
  const auto report = copy_embeddings(*from, *into, embedding_store::id_of(kMine), {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_written, 1U);
  EXPECT_EQ(report->num_known, 1U);
  EXPECT_EQ(into->find(key(1, kMine)).value()->front(), 9);
  EXPECT_EQ(into->find(key(2, kMine)).value()->front(), 2);
  EXPECT_FALSE(into->contains(key(3, kOther)));
  const auto again = copy_embeddings(*from, *into, embedding_store::id_of(kMine), {});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->num_written, 0U);
}

TEST_F(MergeShards, AStopIsToldAsOne) {
  const auto from = store("from");
  const auto into = store("into");
  ASSERT_TRUE(from->put(std::vector{embedding(1, kMine, 1)}));
  const auto report =
      copy_embeddings(*from, *into, embedding_store::id_of(kMine), assay::testing::stopped_token());
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
}

TEST_F(MergeShards, NothingIsComputed) {
  const testing::FakeEmbedder model;
  const NoEmbedder none(model);
  EXPECT_EQ(none.dimension(), model.dimension());
  std::vector<float> vector(none.dimension());
  const Status status = none.embed({}, vector);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("let every shard end"), std::string::npos);
  EXPECT_EQ(model.num_embedded(), 0U);
}

}  // namespace
}  // namespace assay::embedding

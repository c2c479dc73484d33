#include "core/random.h"
#include "embedding_store/embedding_store.h"
#include "embedding_store/testing/numbered_keys.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

// Power cuts and errors at every operation of a store's life: what was acknowledged is there, what
// is there is right, and the store goes on.

namespace assay::embedding_store {
namespace {

using files::testing::SimulatedFileSystem;
using testing::key_of;
using testing::variant;

constexpr std::string_view kStoreFolder = "store";
// Without power a lock is as if it were held for ever.
constexpr EmbeddingStoreOptions kStoreOptions = {.lock_patience = std::chrono::milliseconds(0)};

Embedding constant_embedding(int number) {
  return {.key = key_of(number), .vector = std::vector<float>(512, static_cast<float>(number))};
}

struct Truth {
  std::set<int> acknowledged;
  std::set<int> unwanted;  // of a gc() that was begun
};

Status put(EmbeddingStore& store, Truth& truth, int first, int count) {
  std::vector<Embedding> batch;
  for (int i = first; i < first + count; ++i) batch.push_back(constant_embedding(i));
  RETURN_IF_ERROR(store.put(batch));
  for (int i = first; i < first + count; ++i) truth.acknowledged.insert(i);
  return {};
}

Status live(files::FileSystem& file_system, RandomSource& random, Truth& truth) {
  ASSIGN_OR_RETURN(auto store,
                   EmbeddingStore::open(file_system, kStoreFolder, random, kStoreOptions));
  store->add_variant(variant());
  RETURN_IF_ERROR(put(*store, truth, 0, 3));
  RETURN_IF_ERROR(put(*store, truth, 3, 1));
  ASSIGN_OR_RETURN(auto other,
                   EmbeddingStore::open(file_system, kStoreFolder, random, kStoreOptions));
  other->add_variant(variant());
  RETURN_IF_ERROR(put(*other, truth, 2, 4));
  RETURN_IF_ERROR(put(*store, truth, 6, 2));
  truth.unwanted.insert(1);
  RETURN_IF_ERROR(store->gc([](const EmbeddingKey& key) { return key != key_of(1); }));
  RETURN_IF_ERROR(put(*other, truth, 8, 2));
  return put(*store, truth, 9, 3);
}

void check(files::FileSystem& file_system, RandomSource& random, const Truth& truth,
           std::string_view what) {
  const auto store = EmbeddingStore::open(file_system, kStoreFolder, random, kStoreOptions);
  ASSERT_TRUE(store) << what << ": " << store.error().message;
  (*store)->add_variant(variant());
  for (int i = 0; i < 12; ++i) {
    const auto vector = (*store)->find(key_of(i));
    ASSERT_TRUE(vector) << what << ": " << vector.error().message;
    if (*vector) {
      EXPECT_EQ(**vector, constant_embedding(i).vector) << what << ": " << i;
    } else {
      EXPECT_FALSE(truth.acknowledged.contains(i) && !truth.unwanted.contains(i))
          << what << ": " << i << " was acknowledged and is lost";
    }
  }
  // It goes on, and nothing of it is damaged.
  const std::vector<Embedding> more = {constant_embedding(20), constant_embedding(21)};
  ASSERT_TRUE((*store)->put(more)) << what;
  const auto again = EmbeddingStore::open(file_system, kStoreFolder, random, kStoreOptions);
  ASSERT_TRUE(again) << what;
  EXPECT_TRUE((*again)->contains(key_of(20))) << what;
  EXPECT_EQ((*again)->counts().num_duplicates, 0U) << what;
  const auto verification = (*again)->verify();
  ASSERT_TRUE(verification) << what;
  EXPECT_EQ(verification->num_without_variant, 0U) << what;
}

std::uint64_t operations_of_a_life() {
  SimulatedFileSystem file_system;
  SeededRandom random(1);
  Truth truth;
  const auto lived = live(file_system, random, truth);
  EXPECT_TRUE(lived) << lived.error().message;
  return file_system.num_operations();
}

TEST(EmbeddingStoreCrash, APowerCutAtAnyOperationLosesNothingAcknowledged) {
  const std::uint64_t num_operations = operations_of_a_life();
  for (std::uint64_t operation = 1; operation <= num_operations + 1; ++operation) {
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      SimulatedFileSystem file_system;
      SeededRandom random(seed);
      Truth truth;
      file_system.cut_power_at(operation);
      static_cast<void>(live(file_system, random, truth));
      file_system.crash(random);
      check(file_system, random, truth,
            "cut at " + std::to_string(operation) + ", seed " + std::to_string(seed));
    }
  }
}

TEST(EmbeddingStoreCrash, AnErrorAtAnyOperationLosesNothingAcknowledged) {
  const std::uint64_t num_operations = operations_of_a_life();
  for (std::uint64_t operation = 1; operation <= num_operations; ++operation) {
    for (const std::size_t num_bytes_kept : {std::size_t{0}, std::size_t{30}, std::size_t{5000}}) {
      SimulatedFileSystem file_system;
      SeededRandom random(operation);
      Truth truth;
      file_system.inject({.operation = operation,
                          .error = no_space("the disk is full"),
                          .num_bytes_kept = num_bytes_kept});
      static_cast<void>(live(file_system, random, truth));
      file_system.kill();
      check(file_system, random, truth, "error at " + std::to_string(operation));
    }
  }
}

}  // namespace
}  // namespace assay::embedding_store

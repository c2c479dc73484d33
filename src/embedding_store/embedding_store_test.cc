#include "embedding_store/embedding_store.h"

#include "core/random.h"
#include "embedding_store/testing/numbered_keys.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace assay::embedding_store {
namespace {

using files::testing::SimulatedFileSystem;
using testing::key_of;
using testing::variant;

constexpr std::string_view kFolder = "data/store";
constexpr std::string_view kFile = "data/store/vectors-512.store";
constexpr std::size_t kHeaderSize = 64;
constexpr std::size_t kSlotSize = 8 + 64 + 2048;

Embedding embedding_of(int number, std::string_view precision = "fp32") {
  std::vector<float> vector(512);
  for (std::size_t i = 0; i < vector.size(); ++i) {
    vector[i] = static_cast<float>(number) + static_cast<float>(i) / 512.0F;
  }
  return {.key = key_of(number, precision), .vector = std::move(vector)};
}

class EmbeddingStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<EmbeddingStore> open() {
    auto store = EmbeddingStore::open(file_system_, kFolder, random_,
                                      {.lock_patience = std::chrono::milliseconds(10)});
    EXPECT_TRUE(store) << store.error().message;
    if (!store) return nullptr;
    (*store)->add_variant(variant("fp32"));
    (*store)->add_variant(variant("bf16"));
    return std::move(*store);
  }

  static void put(EmbeddingStore& store, int first, int count) {
    std::vector<Embedding> batch;
    for (int i = first; i < first + count; ++i) batch.push_back(embedding_of(i));
    const auto report = store.put(batch);
    ASSERT_TRUE(report) << report.error().message;
  }

  static bool holds(EmbeddingStore& store, int number, std::string_view precision = "fp32") {
    const auto vector = store.find(key_of(number, precision));
    EXPECT_TRUE(vector) << vector.error().message;
    if (!vector || !*vector) return false;
    EXPECT_EQ(**vector, embedding_of(number).vector);
    return true;
  }

  SimulatedFileSystem file_system_;
  SeededRandom random_{7};
};

TEST_F(EmbeddingStoreTest, FindsWhatWasPutAlsoAfterOpeningAgain) {
  auto store = open();
  EXPECT_FALSE(holds(*store, 1));
  put(*store, 0, 20);
  EXPECT_TRUE(holds(*store, 7));
  EXPECT_TRUE(store->contains(key_of(19)));
  EXPECT_FALSE(holds(*store, 20));
  EXPECT_FALSE(holds(*store, 1, "bf16"));
  store.reset();
  store = open();
  EXPECT_EQ(store->counts().num_embeddings, 20U);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(holds(*store, i)) << i;
}

TEST_F(EmbeddingStoreTest, TheSameKeyIsWrittenOnce) {
  auto store = open();
  const std::vector<Embedding> batch = {embedding_of(1), embedding_of(1), embedding_of(2)};
  const auto first = store->put(batch);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->num_written, 2U);
  EXPECT_EQ(first->num_known, 1U);
  const std::size_t size = file_system_.content(kFile)->size();
  EXPECT_EQ(store->put(batch)->num_known, 3U);
  EXPECT_EQ(file_system_.content(kFile)->size(), size);
}

TEST_F(EmbeddingStoreTest, VariantsKeepApart) {
  auto store = open();
  put(*store, 1, 1);
  Embedding other = embedding_of(1, "bf16");
  other.vector[0] = 42.0F;
  ASSERT_TRUE(store->put(std::span(&other, 1)));
  EXPECT_EQ((**store->find(key_of(1, "bf16")))[0], 42.0F);
  EXPECT_EQ((**store->find(key_of(1)))[0], 1.0F);
  const auto verification = open()->verify();
  ASSERT_TRUE(verification);
  EXPECT_EQ(verification->variants.size(), 2U);
  EXPECT_EQ(verification->num_embeddings, 2U);
  EXPECT_EQ(verification->num_without_variant, 0U);
}

TEST_F(EmbeddingStoreTest, RefusesWrongLengthsAndWhatIsNotFinite) {
  auto store = open();
  std::vector<Embedding> batch = {embedding_of(1), embedding_of(2)};
  batch[1].vector.pop_back();
  EXPECT_EQ(store->put(batch).error().code, ErrorCode::kInvalidInput);
  batch[1] = embedding_of(2);
  batch[1].vector[5] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(store->put(batch).error().code, ErrorCode::kInvalidInput);
  EXPECT_FALSE(holds(*store, 1));
}

TEST_F(EmbeddingStoreTest, ADamagedRecordCostsItselfAlone) {
  put(*open(), 0, 10);
  file_system_.flip_byte(kFile, kHeaderSize + kSlotSize * 4 + 100);  // slot 0 is the variant
  auto store = open();
  EXPECT_EQ(store->counts().num_damaged, 1U);
  EXPECT_EQ(store->counts().num_embeddings, 9U);
  EXPECT_FALSE(holds(*store, 3));
  for (const int i : {0, 1, 2, 4, 9}) EXPECT_TRUE(holds(*store, i)) << i;
  put(*store, 3, 1);
  EXPECT_TRUE(holds(*store, 3));
  EXPECT_TRUE(holds(*open(), 3));
}

TEST_F(EmbeddingStoreTest, DamageWhileOpenIsFoundByTheRead) {
  auto store = open();
  put(*store, 0, 3);
  file_system_.flip_byte(kFile, kHeaderSize + kSlotSize * 2 + 100);
  EXPECT_FALSE(holds(*store, 1));
  EXPECT_FALSE(store->contains(key_of(1)));
  EXPECT_EQ(store->counts().num_damaged, 1U);
  put(*store, 1, 1);
  EXPECT_TRUE(holds(*store, 1));
}

TEST_F(EmbeddingStoreTest, ATornTailIsCutAndNothingElse) {
  put(*open(), 0, 4);
  {
    auto file = file_system_.open(kFile, files::OpenMode::kAppend);
    ASSERT_TRUE((*file)->append(as_bytes(std::string(kSlotSize + 100, 'x'))));
  }
  auto store = open();
  EXPECT_EQ(store->counts().torn_tail, ByteCount(kSlotSize + 100));
  EXPECT_EQ(store->counts().num_damaged, 0U);
  put(*store, 4, 2);
  auto again = open();
  EXPECT_EQ(again->counts().num_embeddings, 6U);
  EXPECT_EQ(again->counts().num_damaged, 0U);
}

TEST_F(EmbeddingStoreTest, OtherFilesAreLeftAlone) {
  ASSERT_TRUE(file_system_.create_folders(kFolder));
  {
    auto file = file_system_.open(kFile, files::OpenMode::kAppend);
    ASSERT_TRUE((*file)->append(as_bytes(std::string(200, 'x'))));
  }
  const auto store = EmbeddingStore::open(file_system_, kFolder, random_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(file_system_.content(kFile), std::string(200, 'x'));
}

TEST_F(EmbeddingStoreTest, ADamagedHeaderIsAnErrorThatSaysSo) {
  put(*open(), 0, 1);
  file_system_.flip_byte(kFile, 20);
  const auto store = EmbeddingStore::open(file_system_, kFolder, random_);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kCorrupt);
}

TEST_F(EmbeddingStoreTest, TwoOpenStoresTakeTurnsAndSeeEachOther) {
  auto first = open();
  auto second = open();
  put(*first, 0, 5);
  EXPECT_FALSE(second->contains(key_of(3)));
  ASSERT_TRUE(second->refresh());
  EXPECT_TRUE(holds(*second, 3));
  put(*second, 3, 4);
  put(*first, 5, 5);
  EXPECT_EQ(open()->counts().num_embeddings, 10U);
  EXPECT_EQ(open()->counts().num_duplicates, 0U);
}

TEST_F(EmbeddingStoreTest, AWriterThatHoldsOnIsReportedByName) {
  auto store = open();
  const auto lock = file_system_.lock(std::string(kFile) + ".lock");
  const std::vector<Embedding> batch = {embedding_of(1)};
  const auto report = store->put(batch);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(report.error().message.find("another process is writing"), std::string::npos);
}

TEST_F(EmbeddingStoreTest, ALockThatMayNotBeTakenIsNobodyElseWriting) {
  auto store = open();
  file_system_.inject(
      {.operation = file_system_.num_operations() + 1, .error = denied("Permission denied")});
  const std::vector<Embedding> batch = {embedding_of(1)};
  const auto report = store->put(batch);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kDenied);
  EXPECT_FALSE(report.error().message.contains("another process")) << report.error().message;
}

TEST_F(EmbeddingStoreTest, AReaderWantsNoRightToWrite) {
  const EmbeddingStoreOptions read_only = {.read_only = true};
  const auto missing = EmbeddingStore::open(file_system_, kFolder, random_, read_only);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  put(*open(), 0, 3);
  {
    const auto file = file_system_.open(kFile, files::OpenMode::kAppend);
    ASSERT_TRUE(file && (*file)->append(as_bytes("half a slot")));
  }
  const auto lock = file_system_.lock(std::string(kFile) + ".lock");  // of another writer
  ASSERT_TRUE(lock);
  const auto before = file_system_.content(kFile);
  const auto reader = EmbeddingStore::open(file_system_, kFolder, random_, read_only);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_TRUE(holds(**reader, 2));
  EXPECT_EQ((*reader)->counts().num_embeddings, 3U);
  EXPECT_EQ(file_system_.content(kFile), before);
}

TEST_F(EmbeddingStoreTest, AReaderOfAFileThatIsBeingMadeFindsNothing) {
  ASSERT_TRUE(file_system_.create_folders(kFolder));
  ASSERT_TRUE(file_system_.open(kFile, files::OpenMode::kAppend));
  const auto reader = EmbeddingStore::open(file_system_, kFolder, random_, {.read_only = true});
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ((*reader)->counts().num_embeddings, 0U);
  EXPECT_TRUE(file_system_.content(kFile)->empty());
}

TEST_F(EmbeddingStoreTest, AFullDiskRefusesTheBatchAndTheStoreGoesOn) {
  auto store = open();
  put(*store, 0, 2);
  file_system_.set_capacity(ByteCount(kHeaderSize + kSlotSize * 4));
  std::vector<Embedding> batch;
  for (int i = 2; i < 8; ++i) batch.push_back(embedding_of(i));
  EXPECT_EQ(store->put(batch).error().code, ErrorCode::kNoSpace);
  EXPECT_FALSE(holds(*store, 2));
  EXPECT_TRUE(holds(*store, 1));
  file_system_.set_capacity(ByteCount(1U << 30U));
  put(*store, 2, 6);
  EXPECT_TRUE(holds(*store, 7));
}

TEST_F(EmbeddingStoreTest, AfterAFailedSyncNothingMoreIsPromised) {
  auto store = open();
  // Of put(): lock, open, read the header, read what is new, append, sync.
  put(*store, 0, 1);
  const std::uint64_t before = file_system_.num_operations();
  put(*store, 1, 1);
  const std::uint64_t num_operations = file_system_.num_operations() - before;
  file_system_.inject({.operation = file_system_.num_operations() + num_operations,
                       .error = unavailable("the disk is gone")});
  const std::vector<Embedding> batch = {embedding_of(2)};
  EXPECT_FALSE(store->put(batch));
  const auto again = store->put(batch);
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find("open it again"), std::string::npos);
}

TEST_F(EmbeddingStoreTest, GcKeepsWhatIsWantedAndOthersNotice) {
  auto store = open();
  auto other = open();
  put(*store, 0, 10);
  ASSERT_TRUE(other->refresh());
  file_system_.flip_byte(kFile, kHeaderSize + kSlotSize * 4 + 100);
  const auto report =
      store->gc([](const EmbeddingKey& key) { return key != key_of(7) && key != key_of(8); });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_kept, 7U);
  EXPECT_EQ(report->num_dropped, 2U);
  EXPECT_EQ(report->num_damaged, 1U);
  EXPECT_EQ(report->size_after, ByteCount(kHeaderSize + kSlotSize * 8));
  EXPECT_TRUE(holds(*store, 9));
  EXPECT_FALSE(holds(*store, 7));
  // The other has the old file open, and reads from it until it writes.
  EXPECT_TRUE(holds(*other, 7));
  put(*other, 7, 1);
  EXPECT_TRUE(holds(*other, 9));
  EXPECT_EQ(other->counts().num_embeddings, 8U);
  ASSERT_TRUE(store->refresh());
  EXPECT_TRUE(holds(*store, 7));
}

TEST_F(EmbeddingStoreTest, HandsOverEachVectorOnceInOrder) {
  auto store = open();
  put(*store, 0, 5);
  int next = 0;
  ASSERT_TRUE(
      store->for_each([&](const EmbeddingKey& key, std::span<const float> vector) -> Status {
        EXPECT_EQ(key, key_of(next));
        EXPECT_EQ(vector.front(), static_cast<float>(next));
        ++next;
        return {};
      }));
  EXPECT_EQ(next, 5);
}

TEST_F(EmbeddingStoreTest, ReadersAndAWriterRunBesideEachOther) {
  auto store = open();
  put(*store, 0, 4);
  std::vector<std::jthread> readers;
  for (int reader = 0; reader < 3; ++reader) {
    readers.emplace_back([&store] {
      for (int i = 0; i < 200; ++i) EXPECT_TRUE(holds(*store, i % 4));
    });
  }
  for (int i = 4; i < 24; i += 4) put(*store, i, 4);
  readers.clear();
  EXPECT_EQ(store->counts().num_embeddings, 24U);
}

}  // namespace
}  // namespace assay::embedding_store

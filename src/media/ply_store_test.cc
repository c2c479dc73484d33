#include "media/ply_store.h"

#include "core/random.h"
#include "crypto/digest.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"
#include "media/testing/splat_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace assay::media {
namespace {

namespace fs = std::filesystem;
using files::testing::SimulatedFileSystem;

const fs::path kData = "/data";

std::unique_ptr<PlyStore> open_ply_store(files::FileSystem& disk, const fs::path& folder = kData) {
  auto store = PlyStore::open(disk, folder);
  EXPECT_TRUE(store) << store.error().message;
  return std::move(*store);
}

// An id that is sampled when rejected, or one that is not.
std::string id_where_sampled_is(bool wanted) {
  for (int i = 0;; ++i) {
    const std::string id = "generation-" + std::to_string(i);
    if (is_sampled(id, 0.1) == wanted) return id;
  }
}

StoredPly put(PlyStore& store, std::string_view id, std::string_view bytes) {
  auto stored = store.store(id, as_bytes(bytes));
  EXPECT_TRUE(stored) << stored.error().message;
  return std::move(*stored);
}

TEST(PlyStore, StoresBytesWithHashAndFigures) {
  SimulatedFileSystem disk;
  const auto store = open_ply_store(disk);
  const std::string bytes = testing::random_splat_file(3'000'000, 1);
  const StoredPly stored = put(*store, "7ff12229-4b4d", bytes);
  EXPECT_EQ(stored.hash, crypto::sha256(bytes));
  EXPECT_EQ(stored.size, ByteCount(bytes.size()));
  EXPECT_EQ(stored.pending_path,
            "ply_files/pending/7ff12229-4b4d_" + stored.hash.to_hex().substr(0, 16) + ".ply");
  ASSERT_TRUE(stored.report);
  EXPECT_FALSE(stored.report->defect);
  EXPECT_EQ(stored.report->statistics.num_gaussians, 3'000'000 / 68);
  EXPECT_EQ(disk.content(kData / stored.pending_path), bytes);
  EXPECT_EQ(store->size(), stored.size);
  EXPECT_FALSE(store->store("b", as_bytes("ply"), PlyFigures::kLeftOut).value().report);
}

TEST(PlyStore, StoresAFileAsItStoresBytes) {
  const files::testing::TemporaryFolder folder;
  auto& disk = files::posix_file_system();
  const std::string bytes = testing::random_splat_file(5'000'000, 2);
  {
    const auto file = disk.open(folder.path() / "made.ply", files::OpenMode::kCreateNew);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append(as_bytes(bytes)));
  }
  const auto store = open_ply_store(disk, folder.path() / "data");
  const auto stored = store->store_file("a", folder.path() / "made.ply");
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->hash, crypto::sha256(bytes));
  EXPECT_EQ(stored->report->statistics.num_gaussians, 5'000'000 / 68);
  EXPECT_EQ(disk.info(folder.path() / "data" / stored->pending_path).value()->size,
            ByteCount(bytes.size()));
  const auto absent = store->store_file("b", folder.path() / "absent.ply");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::kNotFound);
}

TEST(PlyStore, AFileThatIsNoPlyIsStoredAndSaidSo) {
  SimulatedFileSystem disk;
  const auto store = open_ply_store(disk);
  const StoredPly stored = put(*store, "a", "glTF");
  ASSERT_TRUE(stored.report && stored.report->defect);
  EXPECT_EQ(stored.report->defect->kind, PlyDefectKind::kNotPly);
  EXPECT_EQ(disk.content(kData / stored.pending_path), "glTF");
}

TEST(PlyStore, SettlesWhereTheDecisionSaysAndTheFirstOneStands) {
  SimulatedFileSystem disk;
  const auto store = open_ply_store(disk);
  const std::string sampled = id_where_sampled_is(true);
  const std::string removed = id_where_sampled_is(false);
  const StoredPly a = put(*store, removed, "accepted bytes");
  const StoredPly b = put(*store, sampled, "sampled bytes");
  const StoredPly c = put(*store, "c-" + removed, "c bytes");
  const auto settle = [&](const std::string& id, const StoredPly& stored, PlyDecision decision) {
    const auto settled = store->settle(id, stored.pending_path, decision);
    EXPECT_TRUE(settled) << settled.error().message;
    return *settled;
  };
  for (int again = 0; again < 2; ++again) {
    const auto accepted = settle(removed, a, PlyDecision::kAccepted);
    EXPECT_EQ(accepted.outcome, PlyOutcome::kAccepted);
    EXPECT_EQ(accepted.path, "ply_files" / a.pending_path.filename());
    EXPECT_EQ(disk.content(kData / *accepted.path), "accepted bytes");
    const auto sample = settle(sampled, b, PlyDecision::kRejected);
    EXPECT_EQ(sample.outcome, PlyOutcome::kSampled);
    EXPECT_EQ(disk.content(kData / *sample.path), "sampled bytes");
    EXPECT_EQ(settle(removed, c, PlyDecision::kRejected).outcome, PlyOutcome::kRemoved);
    EXPECT_FALSE(disk.content(kData / c.pending_path));
  }
  EXPECT_EQ(settle(removed, a, PlyDecision::kRejected).outcome, PlyOutcome::kAccepted);
  EXPECT_EQ(settle(removed, c, PlyDecision::kAccepted).outcome, PlyOutcome::kRemoved);
  EXPECT_EQ(store->size(), a.size + b.size);
  EXPECT_EQ(open_ply_store(disk)->size(), a.size + b.size);
  EXPECT_EQ(disk.list(kData / "ply_files/pending")->size(), 0);
}

TEST(PlyStore, RefusesToSettleAPathThatIsNotItsOwn) {
  SimulatedFileSystem disk;
  const auto store = open_ply_store(disk);
  for (const char* path :
       {"", "generation_history.jsonl", "ply_files/a_0123456789abcdef.ply",
        "ply_files/pending/a.ply", "ply_files/pending/../x_0123456789abcdef.ply"}) {
    const auto settled = store->settle("a", path, PlyDecision::kRejected);
    ASSERT_FALSE(settled) << path;
    EXPECT_EQ(settled.error().code, ErrorCode::kInvalidInput);
  }
}

TEST(PlyStore, TheSameBytesAreStoredOnceAndEachNameGoesItsWay) {
  const files::testing::TemporaryFolder folder;
  auto& disk = files::posix_file_system();
  const auto store = open_ply_store(disk, folder.path());
  const std::string id = id_where_sampled_is(false);
  const StoredPly first = put(*store, id, "same bytes");
  const StoredPly second = put(*store, "b", "same bytes");
  EXPECT_EQ(put(*store, "b", "same bytes").pending_path, second.pending_path);
  EXPECT_EQ(fs::hard_link_count(folder.path() / first.pending_path), 2);
  EXPECT_EQ(store->size(), first.size);
  ASSERT_TRUE(store->settle(id, first.pending_path, PlyDecision::kRejected));
  EXPECT_EQ(store->size(), first.size);
  const auto settled = store->settle("b", second.pending_path, PlyDecision::kAccepted);
  ASSERT_TRUE(settled);
  EXPECT_EQ(fs::hard_link_count(folder.path() / *settled->path), 1);
  // The accepted file keeps its bytes for the next one too, which then has both names at once.
  const StoredPly again = put(*store, "b", "same bytes");
  EXPECT_EQ(fs::hard_link_count(folder.path() / again.pending_path), 2);
  ASSERT_TRUE(store->settle("b", again.pending_path, PlyDecision::kAccepted));
  EXPECT_FALSE(fs::exists(folder.path() / again.pending_path));
  EXPECT_EQ(fs::hard_link_count(folder.path() / *settled->path), 1);
  EXPECT_EQ(store->size(), first.size);
}

TEST(PlyStore, ADamagedFileIsNoSourceOfLinks) {
  SimulatedFileSystem disk;
  const auto store = open_ply_store(disk);
  const StoredPly first = put(*store, "a", "same bytes");
  disk.flip_byte(kData / first.pending_path, 3);
  const StoredPly second = put(*store, "b", "same bytes");
  EXPECT_EQ(disk.content(kData / second.pending_path), "same bytes");
  EXPECT_EQ(disk.content(kData / put(*store, "a", "same bytes").pending_path), "same bytes");
}

TEST(PlyStore, NamesThatAreNotPlainStayInTheFolder) {
  EXPECT_EQ(file_stem_of("7ff12229-4b4d-4474-a3ea-284d3bd03346"),
            "7ff12229-4b4d-4474-a3ea-284d3bd03346");
  for (const std::string& id : {std::string("../../etc/passwd"), std::string("a/b"),
                                std::string(".hidden"), std::string(65, 'a'), std::string("-rf")}) {
    const std::string stem = file_stem_of(id);
    EXPECT_TRUE(stem.starts_with("id-")) << stem;
    EXPECT_EQ(stem.size(), 35);
  }
  EXPECT_NE(file_stem_of("a/b"), file_stem_of("a/c"));
}

TEST(PlyStore, SamplesATenthByTheIdAlone) {
  int num_sampled = 0;
  for (int i = 0; i < 10'000; ++i) num_sampled += is_sampled(std::to_string(i), 0.1) ? 1 : 0;
  EXPECT_NEAR(num_sampled, 1000, 100);
  EXPECT_FALSE(is_sampled("a", 0.0));
  EXPECT_TRUE(is_sampled("a", 1.0));
}

TEST(PlyStore, LimitsTheSize) {
  SimulatedFileSystem disk;
  auto store = PlyStore::open(disk, kData, {.max_size = ByteCount(5)});
  ASSERT_TRUE(store);
  const auto stored = (*store)->store("a", as_bytes("123456"));
  ASSERT_FALSE(stored);
  EXPECT_EQ(stored.error().code, ErrorCode::kExhausted);
}

TEST(PlyStore, ThreadsStoreAtTheSameTime) {
  SimulatedFileSystem disk;
  const auto store = open_ply_store(disk);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const std::string id = "generation-" + std::to_string(i);
      // Two of each content.
      const std::string bytes = testing::random_splat_file(100'000, static_cast<unsigned>(i / 2));
      const StoredPly stored = put(*store, id, bytes);
      EXPECT_EQ(stored.hash, crypto::sha256(bytes));
      EXPECT_TRUE(store->settle(id, stored.pending_path, PlyDecision::kAccepted));
    });
  }
  threads.clear();
  const auto names = disk.list(kData / "ply_files");
  ASSERT_TRUE(names);
  EXPECT_EQ(
      std::ranges::count_if(*names, [](const std::string& name) { return name.ends_with(".ply"); }),
      8);
}

TEST(PlyStore, AfterEveryFailureNothingHalfIsLeftAndTheNextTryWorks) {
  const std::string bytes = testing::random_splat_file(2'000, 3);
  std::uint64_t num_operations = 0;
  {
    SimulatedFileSystem disk;
    const auto store = open_ply_store(disk);
    const std::uint64_t before = disk.num_operations();
    put(*store, "a", bytes);
    num_operations = disk.num_operations() - before;
  }
  ASSERT_GE(num_operations, 5);
  for (std::uint64_t operation = 1; operation <= num_operations; ++operation) {
    SimulatedFileSystem disk;
    const auto store = open_ply_store(disk);
    disk.inject({.operation = disk.num_operations() + operation,
                 .error = no_space("the disk is full"),
                 .num_bytes_kept = 700});
    const auto failed = store->store("a", as_bytes(bytes));
    ASSERT_FALSE(failed) << operation;
    EXPECT_EQ(failed.error().code, ErrorCode::kNoSpace);
    const StoredPly stored = put(*store, "a", bytes);
    EXPECT_EQ(disk.list(kData / "ply_files/pending")->size(), 1) << operation;
    EXPECT_EQ(disk.content(kData / stored.pending_path), bytes);
    EXPECT_EQ(store->size(), stored.size);
  }
}

// What a run of the store had told its caller when the power went.
struct Told {
  std::optional<StoredPly> a;
  std::optional<StoredPly> b;
  std::optional<PlySettlement> settled_a;
  std::optional<PlySettlement> settled_b;
};

Told run_until_the_power_goes(SimulatedFileSystem& disk, const std::string& bytes) {
  Told told;
  auto store = PlyStore::open(disk, kData);
  if (!store) return told;
  const std::string removed = id_where_sampled_is(false);
  if (auto stored = (*store)->store("a", as_bytes(bytes))) told.a = *stored;
  // The same bytes under another id, which goes while the first one stays.
  if (auto stored = (*store)->store(removed, as_bytes(bytes))) told.b = *stored;
  if (!told.a || !told.b) return told;
  if (auto settled = (*store)->settle(removed, told.b->pending_path, PlyDecision::kRejected)) {
    told.settled_b = *settled;
  }
  if (auto settled = (*store)->settle("a", told.a->pending_path, PlyDecision::kAccepted)) {
    told.settled_a = *settled;
  }
  return told;
}

TEST(PlyStore, WhatItSaidLastsThroughACrashAndSettlingAgainFinishesIt) {
  const std::string bytes = testing::random_splat_file(3'000, 4);
  std::uint64_t num_operations = 0;
  {
    SimulatedFileSystem disk;
    run_until_the_power_goes(disk, bytes);
    num_operations = disk.num_operations();
  }
  const std::string removed = id_where_sampled_is(false);
  for (std::uint64_t operation = 1; operation <= num_operations + 1; ++operation) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      SCOPED_TRACE(::testing::Message() << "operation " << operation << ", seed " << seed);
      SimulatedFileSystem disk;
      SeededRandom random(seed);
      disk.cut_power_at(operation);
      const Told told = run_until_the_power_goes(disk, bytes);
      disk.crash(random);
      if (told.settled_a) {
        ASSERT_EQ(disk.content(kData / *told.settled_a->path), bytes);
        ASSERT_FALSE(disk.content(kData / told.a->pending_path));
      }
      if (told.settled_b) {
        ASSERT_FALSE(disk.content(kData / told.b->pending_path));
      }
      const auto store = open_ply_store(disk);
      if (told.a) {
        const auto settled = store->settle("a", told.a->pending_path, PlyDecision::kAccepted);
        ASSERT_TRUE(settled) << settled.error().message;
        ASSERT_EQ(settled->outcome, PlyOutcome::kAccepted);
        ASSERT_EQ(disk.content(kData / *settled->path), bytes);
      }
      if (told.b) {
        const auto settled = store->settle(removed, told.b->pending_path, PlyDecision::kRejected);
        ASSERT_TRUE(settled) << settled.error().message;
        ASSERT_EQ(settled->outcome, PlyOutcome::kRemoved);
        ASSERT_FALSE(disk.content(kData / told.b->pending_path));
        ASSERT_EQ(store->size(), ByteCount(bytes.size()));
      }
      // Half-written files are gone.
      const auto names = disk.list(kData / "ply_files/pending");
      ASSERT_TRUE(names);
      for (const auto& name : *names) {
        ASSERT_TRUE(name.ends_with(".ply")) << name;
      }
    }
  }
}

}  // namespace
}  // namespace assay::media

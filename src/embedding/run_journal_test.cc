#include "embedding/run_journal.h"

#include "core/random.h"
#include "crypto/digest.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::embedding {
namespace {

using files::testing::SimulatedFileSystem;

constexpr std::string_view kPath = "work/mojo1.journal";

RunIdentity identity_of(std::string_view source = "mojo1.zip") {
  return {
      .project = "mojo1", .source = crypto::sha256(source), .variant = crypto::sha256("variant")};
}

ImageOutcome outcome_of(int number) {
  ImageOutcome outcome{.entry = "faces/" + std::to_string(number) + ".png"};
  if (number % 3 == 2) {
    outcome.error = "truncated";
    outcome.message = "the file ends early";
  } else {
    outcome.embedded = embedding_store::KnownImage{.content = crypto::sha256(outcome.entry),
                                                   .width = static_cast<std::uint32_t>(number),
                                                   .height = 2432};
  }
  return outcome;
}

TEST(RunJournal, GoesOnWhereTheRunBeforeStopped) {
  SimulatedFileSystem file_system;
  {
    auto journal = RunJournal::open(file_system, kPath, identity_of());
    ASSERT_TRUE(journal) << journal.error().message;
    EXPECT_EQ(journal->start(), RunStart::kNew);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(journal->add(outcome_of(i)));
    ASSERT_TRUE(journal->sync());
  }
  auto journal = RunJournal::open(file_system, kPath, identity_of());
  ASSERT_TRUE(journal);
  EXPECT_EQ(journal->start(), RunStart::kResumed);
  EXPECT_EQ(journal->take_done(), (std::vector<ImageOutcome>{outcome_of(0), outcome_of(1),
                                                             outcome_of(2), outcome_of(3)}));
  ASSERT_TRUE(journal->retire());
  EXPECT_EQ(file_system.content(kPath), std::nullopt);
}

TEST(RunJournal, AnotherSourceOrVariantBeginsAnew) {
  SimulatedFileSystem file_system;
  {
    auto journal = RunJournal::open(file_system, kPath, identity_of());
    ASSERT_TRUE(journal);
    ASSERT_TRUE(journal->add(outcome_of(0)));
    ASSERT_TRUE(journal->sync());
  }
  {
    auto journal = RunJournal::open(file_system, kPath, identity_of("changed.zip"));
    ASSERT_TRUE(journal);
    EXPECT_EQ(journal->start(), RunStart::kOtherRun);
    EXPECT_TRUE(journal->take_done().empty());
  }
  auto journal = RunJournal::open(file_system, kPath, identity_of("changed.zip"));
  ASSERT_TRUE(journal);
  EXPECT_EQ(journal->start(), RunStart::kResumed);
}

TEST(RunJournal, OfAnEntryTheLastOutcomeCounts) {
  SimulatedFileSystem file_system;
  ImageOutcome later = outcome_of(2);
  later.embedded =
      embedding_store::KnownImage{.content = crypto::sha256("x"), .width = 1, .height = 2};
  later.error.clear();
  later.message.clear();
  {
    auto journal = RunJournal::open(file_system, kPath, identity_of());
    ASSERT_TRUE(journal);
    ASSERT_TRUE(journal->add(outcome_of(2)));
    ASSERT_TRUE(journal->add(outcome_of(1)));
    ASSERT_TRUE(journal->add(later));
    ASSERT_TRUE(journal->sync());
  }
  auto journal = RunJournal::open(file_system, kPath, identity_of());
  ASSERT_TRUE(journal);
  EXPECT_EQ(journal->take_done(), (std::vector<ImageOutcome>{later, outcome_of(1)}));
}

TEST(RunJournal, NamesOfAnyBytesComeBack) {
  SimulatedFileSystem file_system;
  ImageOutcome outcome = outcome_of(0);
  outcome.entry = std::string("\xff\0\n\"", 4);
  {
    auto journal = RunJournal::open(file_system, kPath, identity_of());
    ASSERT_TRUE(journal);
    ASSERT_TRUE(journal->add(outcome));
    ASSERT_TRUE(journal->sync());
  }
  EXPECT_EQ(RunJournal::open(file_system, kPath, identity_of())->take_done(),
            std::vector<ImageOutcome>{outcome});
}

TEST(RunJournal, ADamagedOneIsBegunAnewAndSaysSo) {
  SimulatedFileSystem file_system;
  {
    auto journal = RunJournal::open(file_system, kPath, identity_of());
    ASSERT_TRUE(journal);
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(journal->add(outcome_of(i)));
    ASSERT_TRUE(journal->sync());
  }
  file_system.flip_byte(kPath, 200);
  auto journal = RunJournal::open(file_system, kPath, identity_of());
  ASSERT_TRUE(journal) << journal.error().message;
  EXPECT_EQ(journal->start(), RunStart::kDamaged);
  EXPECT_TRUE(journal->take_done().empty());
  EXPECT_TRUE(journal->add(outcome_of(1)));
}

TEST(RunJournal, TwoRunsOfOneProjectAreRefused) {
  SimulatedFileSystem file_system;
  const auto first = RunJournal::open(file_system, kPath, identity_of());
  const auto second = RunJournal::open(file_system, kPath, identity_of());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

TEST(RunJournal, APowerCutAtAnyOperationLosesNothingSynced) {
  for (std::uint64_t operation = 1; operation < 60; ++operation) {
    for (std::uint64_t seed = 1; seed < 6; ++seed) {
      SimulatedFileSystem file_system;
      SeededRandom random(seed);
      file_system.cut_power_at(operation);
      std::size_t num_synced = 0;
      if (auto journal = RunJournal::open(file_system, kPath, identity_of())) {
        for (int i = 0; i < 6; ++i) {
          if (!journal->add(outcome_of(i)) || !journal->sync()) break;
          ++num_synced;
        }
      }
      file_system.crash(random);
      auto journal = RunJournal::open(file_system, kPath, identity_of());
      ASSERT_TRUE(journal) << journal.error().message;
      const auto done = journal->take_done();
      EXPECT_GE(done.size(), num_synced);
      for (std::size_t i = 0; i < done.size(); ++i) {
        EXPECT_EQ(done[i], outcome_of(static_cast<int>(i))) << operation << " " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace assay::embedding

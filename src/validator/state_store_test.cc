#include "validator/state_store.h"

#include "core/random.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace assay::validator {
namespace {

using files::testing::SimulatedFileSystem;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// The round of this number: always the same one.
Round round_of(std::uint64_t number) {
  SeededRandom random(number);
  Round round;
  for (scoring::Uid uid = 0; uid < 4; ++uid) {
    scoring::Answer answer{.label = random.below(2) == 1 ? scoring::Label::kPresent
                                                         : scoring::Label::kAbsent};
    if (random.below(10) > 0) answer.prediction = random.unit();
    if (random.below(20) == 0) answer.prediction = kNan;
    const std::string era = uid == 3 && number > 40 ? "new" : "old";
    round.answers.push_back({.uid = uid, .hotkey = era + std::to_string(uid), .answer = answer});
  }
  round.decaying = {5};
  return round;
}

void expect_same(const scoring::ScoreBook& left, const scoring::ScoreBook& right) {
  ASSERT_EQ(left.scores(), right.scores());
  for (std::size_t i = 0; i < left.miners().size(); ++i) {
    EXPECT_EQ(left.miners()[i].hotkey, right.miners()[i].hotkey);
    for (const auto window : {&scoring::MinerWindows::recent, &scoring::MinerWindows::latest}) {
      const scoring::AnswerWindow& ours = left.miners()[i].windows.*window;
      const scoring::AnswerWindow& theirs = right.miners()[i].windows.*window;
      EXPECT_EQ(ours.size(), theirs.size());
      EXPECT_EQ(ours.metrics(), theirs.metrics());
      EXPECT_EQ(ours.strict().num_right, theirs.strict().num_right);
      EXPECT_EQ(ours.strict().quadratic_loss, theirs.strict().quadratic_loss);
    }
  }
}

/// The book after so many rounds, without any file.
scoring::ScoreBook book_after(std::uint64_t num_rounds, scoring::Formula formula) {
  scoring::ScoreBook book(formula);
  for (std::uint64_t number = 1; number <= num_rounds; ++number) {
    const Round round = round_of(number);
    for (const RoundAnswer& answer : round.answers) {
      book.record(answer.uid, answer.hotkey, answer.answer);
    }
    for (const scoring::Uid uid : round.decaying) book.decay(uid);
  }
  return book;
}

/// Snapshots often, so that a test sees some.
constexpr std::size_t kAnswersPerSnapshot = 1'000;

StateStore open_store(files::FileSystem& file_system,
                      scoring::Formula formula = scoring::Formula::kNatix) {
  auto store = StateStore::open(file_system, "/state",
                                {.formula = formula, .answers_per_snapshot = kAnswersPerSnapshot});
  EXPECT_TRUE(store) << store.error().message;
  return std::move(*store);
}

TEST(StateStore, GoesOnWhereItWasByJournalAndBySnapshot) {
  for (const scoring::Formula formula : {scoring::Formula::kNatix, scoring::Formula::kCalibrated}) {
    SimulatedFileSystem file_system;
    std::uint64_t done = 0;
    for (const std::uint64_t until : {3U, 60U, 300U, 560U}) {
      StateStore store = open_store(file_system, formula);
      EXPECT_EQ(store.num_rounds(), done);
      while (done < until) ASSERT_TRUE(store.add_round(round_of(++done)));
    }
    const StateStore store = open_store(file_system, formula);
    EXPECT_TRUE(store.recovery().has_snapshot);
    EXPECT_LT(4 * store.recovery().num_rounds_replayed, kAnswersPerSnapshot);
    expect_same(store.book(), book_after(560, formula));
  }
}

TEST(StateStore, ACrashAtAnyOperationLosesNoAcknowledgedRoundAndCountsNoneTwice) {
  SeededRandom random(77);
  for (std::uint64_t operation = 1; operation < 90; ++operation) {
    SimulatedFileSystem file_system;
    std::uint64_t acknowledged = 0;
    {
      file_system.inject({.operation = operation,
                          .error = unavailable("injected"),
                          .num_bytes_kept = operation % 7});
      auto store = StateStore::open(file_system, "/state", {});
      while (store && acknowledged < 12) {
        if (!store->add_round(round_of(acknowledged + 1))) break;
        ++acknowledged;
        // A snapshot every few rounds, as if the journal were full.
        if (acknowledged % 4 == 0 && !store->save()) break;
      }
    }
    file_system.crash(random);
    const StateStore store = open_store(file_system);
    ASSERT_GE(store.num_rounds(), acknowledged) << operation;
    ASSERT_LE(store.num_rounds(), acknowledged + 1) << operation;
    expect_same(store.book(), book_after(store.num_rounds(), scoring::Formula::kNatix));
  }
}

TEST(StateStore, ReconciledSlotsLast) {
  SimulatedFileSystem file_system;
  {
    StateStore store = open_store(file_system);
    for (std::uint64_t number = 1; number <= 20; ++number)
      ASSERT_TRUE(store.add_round(round_of(number)));
    std::vector<scoring::Neuron> neurons(3);
    neurons[0].hotkey = "old0";
    neurons[1].hotkey = "another";
    neurons[2].hotkey = "old2";
    const auto changes = store.reconcile(neurons);
    ASSERT_TRUE(changes);
    EXPECT_EQ(changes->replaced, (std::vector<scoring::Uid>{1}));
    EXPECT_EQ(changes->num_removed, 3U);
  }
  const StateStore store = open_store(file_system);
  ASSERT_EQ(store.book().miners().size(), 3U);
  EXPECT_GT(store.book().miners()[0].score, 0);
  EXPECT_EQ(store.book().miners()[1].score, 0);
  EXPECT_EQ(store.book().miners()[1].hotkey, "another");
}

TEST(StateStore, KeepsTheDeck) {
  SimulatedFileSystem file_system;
  SeededRandom random(3);
  const std::vector<scoring::Uid> eligible{0, 1, 2, 3, 4, 5, 6};
  std::vector<scoring::Uid> dealt;
  {
    StateStore store = open_store(file_system);
    dealt = store.deck().deal(4, eligible, random);
    ASSERT_TRUE(store.add_round(round_of(1)));
  }
  StateStore store = open_store(file_system);
  for (const scoring::Uid uid : store.deck().deal(3, eligible, random)) {
    EXPECT_EQ(std::ranges::count(dealt, uid), 0) << uid;
  }
}

TEST(StateStore, ImportedScoresReplaceWhatWasThere) {
  SimulatedFileSystem file_system;
  {
    StateStore store = open_store(file_system);
    ASSERT_TRUE(store.add_round(round_of(1)));
    const std::vector<scoring::MinerState> state{{.hotkey = "a", .score = 0.5F},
                                                 {.hotkey = "b", .score = 0.25F}};
    ASSERT_TRUE(store.replace(state, 4711));
  }
  const StateStore store = open_store(file_system);
  EXPECT_EQ(store.book().scores(), (std::vector<float>{0.5F, 0.25F}));
  EXPECT_EQ(store.num_rounds(), 4711U);
}

TEST(StateStore, RefusesADamagedSnapshotAndSaysWhatToDo) {
  SimulatedFileSystem file_system;
  {
    StateStore store = open_store(file_system);
    for (std::uint64_t number = 1; number <= 5; ++number)
      ASSERT_TRUE(store.add_round(round_of(number)));
    ASSERT_TRUE(store.save());
  }
  const std::string sound =
      files::read_file(file_system, "/state/validator.state", ByteCount(1U << 20)).value();
  for (std::size_t at = 0; at < sound.size(); at += 13) {
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    ASSERT_TRUE(files::write_file(file_system, "/state/validator.state", damaged));
    const auto store = StateStore::open(file_system, "/state", {});
    ASSERT_FALSE(store) << at;
    if (at >= 8) {
      EXPECT_EQ(store.error().code, ErrorCode::kCorrupt) << at;
    }
    EXPECT_TRUE(store.error().message.contains("put a backup of validator.state"))
        << store.error().message;
  }
  for (std::size_t size = 0; size < sound.size(); size += 29) {
    ASSERT_TRUE(files::write_file(file_system, "/state/validator.state", sound.substr(0, size)));
    EXPECT_FALSE(StateStore::open(file_system, "/state", {})) << size;
  }
  ASSERT_TRUE(files::write_file(file_system, "/state/validator.state", sound));
  EXPECT_TRUE(StateStore::open(file_system, "/state", {}));
}

TEST(StateStore, KeepsWhatIsBeforeTheDamageOfTheJournal) {
  SimulatedFileSystem file_system;
  std::vector<std::size_t> sizes;
  std::vector<std::vector<float>> scores(1);
  const auto journal_size = [&] {
    return files::read_file(file_system, "/state/validator.journal", ByteCount(1U << 20))
        .value()
        .size();
  };
  {
    StateStore store = open_store(file_system);
    sizes.push_back(journal_size());
    for (std::uint64_t number = 1; number <= 6; ++number) {
      ASSERT_TRUE(store.add_round(round_of(number)));
      scores.push_back(store.book().scores());
      sizes.push_back(journal_size());
    }
  }
  std::string bytes =
      files::read_file(file_system, "/state/validator.journal", ByteCount(1U << 20)).value();
  const std::size_t at = (sizes[3] + sizes[4]) / 2;  // in the fourth round
  bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  ASSERT_TRUE(files::write_file(file_system, "/state/validator.journal", bytes));
  for (int i = 0; i < 2; ++i) {
    StateStore store = open_store(file_system);
    EXPECT_EQ(store.num_rounds(), 3U + static_cast<std::uint64_t>(i));
    if (i == 0) {
      EXPECT_EQ(store.book().scores(), scores[3]);
      ASSERT_TRUE(store.add_round(round_of(4)));
    }
  }
  EXPECT_EQ(files::read_file(file_system, "/state/validator.journal.damaged.0", ByteCount(1U << 20))
                .value(),
            bytes);
}

TEST(StateStore, TwoProcessesCannotHaveItAtOnce) {
  SimulatedFileSystem file_system;
  const StateStore store = open_store(file_system);
  EXPECT_EQ(StateStore::open(file_system, "/state", {}).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace assay::validator

#include "validator/round_loop.h"

#include "chain/testing/scripted_network.h"
#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "validator/testing/memory_shelf.h"
#include "validator/testing/simulated_courier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace assay::validator {
namespace {

using namespace std::chrono_literals;
using assay::testing::FakeClock;
using chain::testing::made_up_hotkey;
using testing::Fate;
using testing::MemoryShelf;
using testing::never_answers;
using testing::predicts;
using testing::SimulatedCourier;

/// Uid 0 is the validator, uid 1 another one with much stake, all others are miners.
std::shared_ptr<const NetworkView> network_of(std::size_t num_miners) {
  chain::Metagraph metagraph{.netuid = chain::Netuid{1}, .block = 100, .tempo = 10};
  for (std::size_t uid = 0; uid < num_miners + 2; ++uid) {
    metagraph.neurons.push_back(
        {.uid = static_cast<chain::Uid>(uid),
         .hotkey = made_up_hotkey(static_cast<std::uint8_t>(uid)),
         .axon = chain::Axon{.ip = "10.0.0.1", .port = static_cast<std::uint16_t>(8000 + uid)},
         .total_stake_rao = uid < 2 ? 90'000 * chain::kRaoPerTao : 0,
         .has_validator_permit = uid < 2});
  }
  return make_network_view(std::move(metagraph), {}, made_up_hotkey(0), Timestamp());
}

class RoundLoopTest : public ::testing::Test {
 protected:
  RoundLoopTest() {
    options_.num_rounds = 20;
    options_.interval = 3s;
    options_.challenge.augmentation.side = 16;
  }

  Status run(SimulatedCourier& courier, std::uint64_t seed = 1) {
    SeededRandom random(seed);
    auto state = StateStore::open(file_system_, "/state", {});
    if (!state) return state.error();
    auto log = RoundLog::open(file_system_, "/state", {}, [](const RoundRecord&) {});
    if (!log) return log.error();
    RoundLoop loop(
        {.clock = clock_, .random = random, .shelf = shelf_, .state = *state, .log = *log},
        options_,
        {.view = [this] { return view_; },
         .on_round =
             [this](const RoundRecord& record, const RoundResult& result) {
               records_.push_back(record);
               steps_.push_back(result.steps.size());
               if (after_round_) after_round_(*running_);
               return Status();
             },
         .on_finished =
             [this](FinishedRound round) {
               finished_.push_back(std::move(round));
               num_scored_then_.push_back(running_->counts().num_scored);
             }});
    running_ = &loop;
    const Status ended = loop.run(courier, stop_.get_token());
    counts_ = loop.counts();
    problem_ = loop.problem();
    scores_ = state->book().scores();
    return ended;
  }

  FakeClock clock_;
  files::testing::SimulatedFileSystem file_system_;
  MemoryShelf shelf_;
  RoundOptions options_;
  std::shared_ptr<const NetworkView> view_ = network_of(12);
  std::stop_source stop_;
  std::function<void(RoundLoop&)> after_round_;
  RoundLoop* running_ = nullptr;
  std::vector<RoundRecord> records_;
  std::vector<std::size_t> steps_;
  std::vector<FinishedRound> finished_;
  std::vector<std::uint64_t> num_scored_then_;
  RoundCounts counts_;
  std::string problem_;
  std::vector<float> scores_;
};

TEST_F(RoundLoopTest, AsksMinersAlikeAndNeverItselfOrValidators) {
  SimulatedCourier courier(clock_, [](const Ask&) { return predicts(1); });
  options_.sample_size = 5;
  ASSERT_TRUE(run(courier));
  std::map<scoring::Uid, int> asked;
  for (const Ask& ask : courier.sent()) ++asked[ask.miner.uid];
  EXPECT_EQ(asked.size(), 12U);
  EXPECT_FALSE(asked.contains(0));
  EXPECT_FALSE(asked.contains(1));
  for (const auto& [uid, count] : asked) EXPECT_NEAR(count, 100.0 / 12, 1);
  for (const RoundRecord& record : records_) {
    std::set<scoring::Uid> uids;
    for (const AskedMiner& miner : record.miners) uids.insert(miner.uid);
    EXPECT_EQ(uids.size(), 5U);
  }
}

TEST_F(RoundLoopTest, OthersAreToldOfARoundWhenItIsScoredAndOnDisk) {
  SimulatedCourier courier(
      clock_, [](const Ask& ask) { return ask.miner.uid == 2 ? never_answers() : predicts(1); });
  ASSERT_TRUE(run(courier));
  ASSERT_EQ(finished_.size(), 20U);
  for (std::size_t i = 0; i < finished_.size(); ++i) {
    EXPECT_EQ(finished_[i].record.challenge, records_[i].challenge);
    EXPECT_EQ(finished_[i].record.round, records_[i].round);
    EXPECT_EQ(finished_[i].own_uid, 0);
    EXPECT_TRUE(finished_[i].request->contains("\"image\""));
    EXPECT_EQ(num_scored_then_[i], i + 1);
  }
}

TEST_F(RoundLoopTest, NothingThatIsSentDependsOnTheLabel) {
  // The same images once as this, once as that: what leaves must be the same to the last byte.
  class SameImages final : public ImageShelf {
   public:
    explicit SameImages(scoring::Label label) {
      for (std::size_t i = 0; i < kNumCells; ++i) stock_.at(i) = cell_at(i).label == label ? 5 : 0;
    }
    Result<PerCell<std::uint64_t>> stock() override { return stock_; }
    Result<std::optional<ShelfImage>> draw(const Cell& cell) override {
      auto image =
          images_.read(to_string(Cell{.origin = cell.origin, .label = scoring::Label::kPresent}));
      return std::optional(*image);
    }
    Result<ShelfImage> read(std::string_view name) override { return images_.read(name); }
    std::string why_empty() override { return {}; }

   private:
    PerCell<std::uint64_t> stock_{};
    MemoryShelf images_;
  };
  const auto sent_with = [&](scoring::Label label) {
    FakeClock clock;
    files::testing::SimulatedFileSystem file_system;
    SameImages shelf(label);
    SeededRandom random(3);
    auto state = StateStore::open(file_system, "/state", {}).value();
    auto log = RoundLog::open(file_system, "/state", {}, [](const RoundRecord&) {}).value();
    SimulatedCourier courier(
        clock, [&](const Ask& ask) { return predicts(ask.miner.uid % 2 == 0 ? 0.1 : 0.9); });
    RoundLoop loop({.clock = clock, .random = random, .shelf = shelf, .state = state, .log = log},
                   options_,
                   {.view = [this] { return view_; },
                    .on_round =
                        [&](const RoundRecord& record, const RoundResult&) {
                          EXPECT_EQ(record.cell.label, label);
                          return Status();
                        }});
    EXPECT_TRUE(loop.run(courier, {}));
    return courier.sent();
  };
  const auto present = sent_with(scoring::Label::kPresent);
  const auto absent = sent_with(scoring::Label::kAbsent);
  ASSERT_EQ(present.size(), absent.size());
  ASSERT_EQ(present.size(), 200U);
  for (std::size_t i = 0; i < present.size(); ++i) {
    EXPECT_EQ(*present[i].body, *absent[i].body);
    EXPECT_EQ(present[i].id, absent[i].id);
    EXPECT_EQ(present[i].miner.uid, absent[i].miner.uid);
    EXPECT_EQ(present[i].timeout, absent[i].timeout);
    EXPECT_TRUE(present[i].body->contains("\"testnet_label\":-1"));
  }
}

TEST_F(RoundLoopTest, WritesNothingOfAChallengeBeforeTheLastReplyIsIn) {
  std::map<std::uint64_t, std::size_t> num_out;  // by challenge
  SimulatedCourier courier(clock_, [&](const Ask& ask) {
    ++num_out[ask.id >> 16U];
    const std::string log = file_system_.content("/state/rounds.jsonl").value_or("");
    const std::string begin = "{\"challenge\":" + std::to_string(ask.id >> 16U) + ",";
    EXPECT_FALSE(log.contains(begin));
    return predicts(1, std::chrono::milliseconds(10 * ask.miner.uid));
  });
  ASSERT_TRUE(run(courier));
  EXPECT_EQ(records_.size(), 20U);
  for (const RoundRecord& record : records_) {
    for (const AskedMiner& miner : record.miners) {
      EXPECT_EQ(miner.reply.kind, ReplyKind::kPrediction);
    }
  }
}

TEST_F(RoundLoopTest, ASecondReplyCountsForNothing) {
  SimulatedCourier courier(clock_, [](const Ask& ask) {
    Fate fate = predicts(1, std::chrono::milliseconds(5 * ask.miner.uid));
    fate.again_after = 1ms;
    return fate;
  });
  ASSERT_TRUE(run(courier));
  EXPECT_EQ(counts_.num_scored, 20U);
  EXPECT_EQ(counts_.num_answered, 200U);
  EXPECT_EQ(std::ranges::count(steps_, std::size_t{10}), 20);
}

TEST_F(RoundLoopTest, RoundsOverlapAndKeepTheirPace) {
  // All are as slow as allowed: one after the other, 20 rounds would take 3 minutes.
  SimulatedCourier courier(clock_, [](const Ask&) { return predicts(1, 9s); });
  const auto begun = clock_.monotonic();
  ASSERT_TRUE(run(courier));
  EXPECT_LE(clock_.monotonic() - begun, 20 * 3s + 9s);
  EXPECT_EQ(counts_.num_answered, 200U);
}

TEST_F(RoundLoopTest, AThousandChallengesAnHourAlsoWhenNobodyAnswers) {
  SimulatedCourier courier(clock_, [](const Ask&) { return never_answers(); });
  options_.num_rounds = 1'000;
  const auto begun = clock_.monotonic();
  ASSERT_TRUE(run(courier));
  EXPECT_LE(clock_.monotonic() - begun, 1h);
  EXPECT_EQ(counts_.num_scored, 1'000U);
}

TEST_F(RoundLoopTest, AnEmptyCellNeverCostsARound) {
  shelf_.num_images.fill(0);
  shelf_.num_images.at(index_of({.origin = ImageOrigin::kImageToImage})) = 1;
  SimulatedCourier courier(clock_, [](const Ask&) { return predicts(0); });
  ASSERT_TRUE(run(courier));
  EXPECT_EQ(counts_.num_scored, 20U);
  EXPECT_EQ(counts_.num_skipped, 0U);
  for (const RoundRecord& record : records_) {
    EXPECT_EQ(record.cell.origin, ImageOrigin::kImageToImage);
    EXPECT_EQ(record.cell.label, scoring::Label::kAbsent);
  }
}

TEST_F(RoundLoopTest, GoesOnWhenImagesArrive) {
  shelf_.num_images.fill(0);
  SimulatedCourier courier(clock_, [](const Ask&) { return predicts(0); });
  std::shared_ptr<const NetworkView> view = view_;
  int num_looks = 0;
  SeededRandom random(1);
  auto state = StateStore::open(file_system_, "/state", {}).value();
  auto log = RoundLog::open(file_system_, "/state", {}, [](const RoundRecord&) {}).value();
  RoundLoop loop({.clock = clock_, .random = random, .shelf = shelf_, .state = state, .log = log},
                 options_,
                 {.view =
                      [&] {
                        if (++num_looks == 5) shelf_.num_images.fill(3);
                        return view;
                      },
                  .on_round = [](const RoundRecord&, const RoundResult&) { return Status(); }});
  ASSERT_TRUE(loop.run(courier, {}));
  EXPECT_EQ(loop.counts().num_scored, 20U);
  EXPECT_EQ(loop.counts().num_skipped, 5U);
  EXPECT_EQ(loop.problem(), "");
}

TEST_F(RoundLoopTest, BrokenImagesCostTheRoundAndAreTold) {
  shelf_.broken = "this is no image";
  options_.cache_name = "/cache";
  SimulatedCourier courier(clock_, [](const Ask&) { return predicts(0); });
  options_.num_rounds = 0;
  view_ = network_of(3);
  int num_ticks = 0;
  SeededRandom random(1);
  auto state = StateStore::open(file_system_, "/state", {}).value();
  auto log = RoundLog::open(file_system_, "/state", {}, [](const RoundRecord&) {}).value();
  RoundLoop loop({.clock = clock_, .random = random, .shelf = shelf_, .state = state, .log = log},
                 options_,
                 {.view = [this] { return view_; },
                  .tick =
                      [&] {
                        if (++num_ticks > 100) stop_.request_stop();
                        return Status();
                      },
                  .on_round = [](const RoundRecord&, const RoundResult&) { return Status(); }});
  const auto begun = clock_.monotonic();
  ::testing::internal::CaptureStderr();
  ASSERT_TRUE(loop.run(courier, stop_.get_token()));
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(loop.counts().num_scored, 0U);
  EXPECT_TRUE(loop.problem().contains("assay cache verify --cache-dir /cache tells"));
  // Told at most once a minute, with a count.
  std::size_t num_lines = 0;
  for (std::size_t at = 0; (at = logged.find("cannot be sent", at)) != std::string::npos; ++at) {
    ++num_lines;
  }
  EXPECT_GE(num_lines, 1U);
  EXPECT_LE(num_lines, 1U + static_cast<std::size_t>((clock_.monotonic() - begun) / 60s));
  EXPECT_TRUE(logged.contains("count=1 ")) << logged;
  EXPECT_TRUE(courier.sent().empty());
}

TEST_F(RoundLoopTest, AChangeHoldsFromTheNextRoundOn) {
  SimulatedCourier courier(clock_, [](const Ask&) { return predicts(1, 1ms); });
  options_.sample_size = 5;
  options_.interval = 600s;
  options_.num_rounds = 8;
  after_round_ = [&](RoundLoop& loop) {
    if (records_.size() != 2) return;
    loop.change({.sample_size = 3,
                 .timeout = 4s,
                 .interval = 2s,
                 .mix = {.origin_shares = {0, 0, 1}, .present_share = 0.5}});
  };
  const auto begun = clock_.monotonic();
  ASSERT_TRUE(run(courier));
  ASSERT_EQ(records_.size(), 8U);
  for (std::size_t i = 0; i < records_.size(); ++i) {
    EXPECT_EQ(records_[i].miners.size(), i < 2 ? 5U : 3U) << i;
    if (i >= 2) {
      EXPECT_EQ(records_[i].cell.origin, ImageOrigin::kImageToImage) << i;
    }
  }
  for (const Ask& ask : courier.sent()) EXPECT_EQ(ask.timeout, ask.id >> 16U <= 2 ? 9s : 4s);
  // One long pause before the change, and none after.
  EXPECT_LT(clock_.monotonic() - begun, 700s);
}

TEST_F(RoundLoopTest, AnswersOfWhoHasLeftItsSlotAreNotScored) {
  SimulatedCourier courier(clock_, [this](const Ask& ask) {
    if (ask.id >> 16U == 5) {
      auto changed = std::make_shared<NetworkView>(*view_);
      changed->metagraph.neurons[4].hotkey = made_up_hotkey(99);
      changed->neurons[4].hotkey = made_up_hotkey(99).to_ss58();
      view_ = changed;
    }
    return predicts(1, 8s);
  });
  options_.sample_size = 12;
  options_.num_rounds = 12;
  ASSERT_TRUE(run(courier));
  std::size_t num_left_out = 0;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    num_left_out += records_[i].miners.size() - steps_[i];
  }
  EXPECT_GT(num_left_out, 0U);
  EXPECT_LE(num_left_out, 4U);  // of the rounds that were under way
}

}  // namespace
}  // namespace assay::validator

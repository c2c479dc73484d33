#include "updater/update.h"

#include "cache/rescan.h"
#include "cache/testing/cache_fixture.h"
#include "files/atomic_file.h"
#include "hub/testing/fake_hub.h"
#include "json/value.h"
#include "tables/testing/memory_sources.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace assay::updater {
namespace {

namespace fs = std::filesystem;
using cache::ImportOutcome;
using cache::Item;
using cache::Label;
using cache::testing::CacheFixture;
using hub::testing::FakeHub;
using namespace std::chrono_literals;

const fs::path kTables = fs::path(ASSAY_TESTS) / "data/cache/tables";

std::string content_of(const fs::path& path) {
  return files::read_file(files::posix_file_system(), path, ByteCount(10'000'000)).value_or("none");
}

/// The member's text, or what it is instead.
std::string text(const json::Value& object, std::string_view name) {
  const json::Value* const member = object.find(name);
  if (member == nullptr) return "(absent)";
  return member->text() == nullptr ? std::string(member->kind_name()) : *member->text();
}

bool has(const json::Value& object, std::string_view name) { return object.find(name) != nullptr; }

class UpdateTest : public ::testing::Test {
 protected:
  UpdateTest() {
    for (const char* const name :
         {"data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"}) {
      fake.put(name, content_of(kTables / "roadwork" / name));
    }
    fake.put_small("README.md", "words");
    auto made = hub::HubClient::create({.transport = fake,
                                        .clock = fixture.clock,
                                        .random = fixture.random,
                                        .wait = [this](auto span, auto) -> Status {
                                          fixture.clock.advance(span);
                                          return {};
                                        }},
                                       {.endpoint = FakeHub::endpoint()});
    client = std::make_unique<hub::HubClient>(std::move(*made));
  }

  static UpdateOptions from_hub(UpdateGoal goal, std::uint64_t number) {
    return {.repo = FakeHub::repo(),
            .source = "owner/photos",
            .goal = goal,
            .number = number,
            .intake = {.source = "owner/photos", .min_free_bytes = {}},
            .download = {.min_free_bytes = {}}};
  }
  static UpdateOptions from_disk(std::string_view name, std::uint64_t count) {
    UpdateOptions options = from_hub(UpdateGoal::kCount, count);
    options.tables = {(kTables / "extract" / (std::string(name) + ".parquet")).native()};
    return options;
  }
  UpdateOutcome run(const UpdateOptions& options, UpdateTime time = UpdateTime::kWhenDue) {
    if (!store) store = fixture.open();
    return update(*store, client.get(), options, time, {}, {});
  }
  std::vector<Item> items() {
    std::vector<Item> found;
    EXPECT_TRUE(store->index().for_each([&](const Item& item) { found.push_back(item); }));
    return found;
  }
  json::Value sidecar(const Item& item) {
    const auto value = json::parse(content_of(store->sidecar_of(item)));
    EXPECT_TRUE(value);
    return value.value_or(json::Value());
  }

  CacheFixture fixture;
  FakeHub fake;
  std::unique_ptr<hub::HubClient> client;
  std::unique_ptr<cache::Store> store;
};

TEST_F(UpdateTest, FillsAStockFromTheHub) {
  const UpdateOutcome outcome = run(from_hub(UpdateGoal::kStock, 15));
  ASSERT_TRUE(outcome.status) << outcome.status.error().message;
  EXPECT_EQ(outcome.report.num_wanted, 30U);
  EXPECT_EQ(outcome.report.num_missing, 0U);
  EXPECT_EQ(outcome.report.commit, FakeHub::commit());
  EXPECT_EQ(outcome.next_due, fixture.clock.now() + 1h);
  std::uint64_t num_roadwork = 0;
  for (const Item& item : items()) {
    EXPECT_EQ(item.state, cache::ItemState::kReady);
    EXPECT_EQ(item.source, "owner/photos");
    num_roadwork += item.label == Label::kRoadwork ? 1 : 0;
    const json::Value said = sidecar(item);
    EXPECT_TRUE(text(said, "source_parquet").starts_with("data/train-0000"));
    EXPECT_EQ(text(said, "dataset"), "owner/photos");
    EXPECT_EQ(text(said, "revision"), FakeHub::commit());
    EXPECT_TRUE(has(said, "place"));
    EXPECT_FALSE(has(said, "image"));
  }
  EXPECT_EQ(items().size(), 30U);
  EXPECT_EQ(num_roadwork, 15U);
  // A scan finds nothing that is not so.
  const auto again = cache::rescan(*store, cache::ScanDepth::kFiles);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->num_new + again->num_changed + again->num_gone, 0U);
  // Stocked: nothing is asked.
  const std::size_t num_requests = fake.requests().size();
  EXPECT_EQ(run(from_hub(UpdateGoal::kStock, 18)).report.num_wanted, 0U);
  EXPECT_EQ(fake.requests().size(), num_requests);
}

/// Doubts whatever shows works.
class DoubtingJudge final : public cache::LabelJudge {
 public:
  std::string model() const override { return "doubt.bin"; }
  Result<double> roadwork_share(const images::Image&) const override { return 0.1; }
};

TEST_F(UpdateTest, AsksTheJudgeOfLabelsAndDrawsOthersInPlaceOfThoseInDoubt) {
  const DoubtingJudge judge;
  UpdateOptions options = from_hub(UpdateGoal::kCount, 10);
  options.intake.label_check = {.judge = &judge};
  const UpdateOutcome outcome = run(options);
  ASSERT_TRUE(outcome.status) << outcome.status.error().message;
  EXPECT_EQ(outcome.report.intake.count(ImportOutcome::kAdded), 10U);
  EXPECT_GT(outcome.report.intake.count(ImportOutcome::kDoubtful), 0U);
  for (const Item& item : items()) {
    EXPECT_EQ(item.label, Label::kNone);
    EXPECT_TRUE(has(sidecar(item), "label_check"));
  }
}

TEST_F(UpdateTest, TakesEachRowAndEachTableOnce) {
  std::set<std::string> names;
  for (int i = 0; i < 8; ++i) {
    const UpdateOutcome outcome = run(from_hub(UpdateGoal::kCount, 10));
    ASSERT_TRUE(outcome.status) << outcome.status.error().message;
    EXPECT_EQ(outcome.report.intake.count(ImportOutcome::kAdded), 10U);
    EXPECT_EQ(outcome.report.intake.count(ImportOutcome::kAlreadyThere), 0U);
  }
  EXPECT_EQ(items().size(), 80U);
  EXPECT_EQ(fake.bytes_sent(),
            content_of(kTables / "roadwork/data/train-00000-of-00002.parquet").size() +
                content_of(kTables / "roadwork/data/train-00001-of-00002.parquet").size());
  // Nothing is left, and tables that are used up need no room.
  const UpdateOutcome last = run(from_hub(UpdateGoal::kCount, 10));
  ASSERT_TRUE(last.status);
  EXPECT_EQ(last.report.num_missing, 10U);
  EXPECT_EQ(last.report.num_taken_before, 80U);
  EXPECT_TRUE(fixture.file_system.list(fixture.layout.tables())->empty());
}

TEST_F(UpdateTest, GivesWhatTheOldExtractionGave) {
  struct Case {
    std::string name;
    std::vector<std::string> files;
  };
  for (const Case& known :
       {Case{"struct_jpeg_png", {"__image_0.jpeg", "__image_1.png"}},
        Case{"null_metadata", {"__image_0.jpeg", "__image_1.jpeg"}},
        Case{"binary_column", {"__image_0.jpeg", "__image_1.jpeg"}},
        Case{"base64_string", {"__image_0.jpeg", "__image_1.jpeg"}},
        Case{"formats",
             {"__image_0.webp", "__image_1.gif", "__image_2.bmp", "__image_3.tiff", "__image_4.png",
              "__image_5.jpeg"}},
        Case{"fewer_than_requested", {"__image_0.jpeg", "__image_1.jpeg", "__image_2.jpeg"}}}) {
    const UpdateOutcome outcome = run(from_disk(known.name, 100));
    ASSERT_TRUE(outcome.status) << known.name << ": " << outcome.status.error().message;
    std::set<std::string> expected;
    for (const std::string& name : known.files) expected.insert(known.name + name);
    std::set<std::string> found;
    for (const Item& item : items()) {
      if (!item.name.starts_with(known.name)) continue;
      found.insert(item.name);
      const json::Value said = sidecar(item);
      EXPECT_EQ(text(said, "original_index"), item.name.substr(item.name.rfind('_') + 1, 1));
      EXPECT_TRUE(text(said, "source_parquet").ends_with(known.name + ".parquet"));
      EXPECT_EQ(text(said, "image_format"), fs::path(item.name).extension().native().substr(1));
      EXPECT_EQ(text(said, "image_mode"), item.name.ends_with("gif") ? "P" : "RGB");
      EXPECT_TRUE(has(said, "image_size"));
    }
    EXPECT_EQ(found, expected);
  }
  const auto nulls =
      store->index().find(cache::ItemFolder::kRoadworkImage, "null_metadata__image_1.jpeg");
  ASSERT_TRUE(nulls && *nulls);
  const json::Value said = sidecar(**nulls);
  EXPECT_EQ(text(said, "label"), "null");
  EXPECT_EQ(text(said, "scene_description"), "null");
  const UpdateOutcome some = run(from_disk("more_than_requested", 10));
  EXPECT_EQ(some.report.intake.count(ImportOutcome::kAdded), 10U);
  const UpdateOutcome none = run(from_disk("no_image_column", 100), UpdateTime::kNow);
  ASSERT_FALSE(none.status);
  EXPECT_EQ(none.status.error().code, ErrorCode::kInvalidInput);
}

TEST_F(UpdateTest, ABadRowCostsThatRow) {
  const UpdateOutcome outcome = run(from_disk("bad_rows", 10));
  ASSERT_TRUE(outcome.status) << outcome.status.error().message;
  EXPECT_EQ(outcome.report.intake.count(ImportOutcome::kAdded), 1U);
  EXPECT_EQ(outcome.report.intake.count(ImportOutcome::kUnknownFormat), 1U);
  EXPECT_EQ(outcome.report.intake.count(ImportOutcome::kUnreadable), 1U);
  EXPECT_EQ(outcome.report.intake.count(ImportOutcome::kTruncated), 1U);
  ASSERT_EQ(outcome.report.intake.problems.size(), 3U);
  const auto is_row_1 = [](const cache::ImportProblem& problem) {
    return problem.path.ends_with("bad_rows.parquet row 1") &&
           problem.outcome == ImportOutcome::kUnreadable;
  };
  EXPECT_EQ(std::ranges::count_if(outcome.report.intake.problems, is_row_1), 1);
}

TEST_F(UpdateTest, UsesNoByteThatIsNotTheHubs) {
  fake.faults.flips_a_bit = true;
  const UpdateOutcome outcome = run(from_hub(UpdateGoal::kCount, 10));
  ASSERT_FALSE(outcome.status);
  EXPECT_EQ(outcome.cause, "damaged");
  EXPECT_TRUE(items().empty());
  EXPECT_TRUE(fixture.file_system.list(fixture.layout.tables())->empty());
}

TEST_F(UpdateTest, NamesTheCauseAndWaitsForItsTime) {
  for (const auto& [status, cause] :
       {std::pair(401, "unauthorized"), std::pair(403, "forbidden"), std::pair(404, "not_found"),
        std::pair(429, "rate_limited"), std::pair(500, "hub_error"), std::pair(503, "hub_error")}) {
    fake.faults = {.status = status};
    const UpdateOutcome outcome = run(from_hub(UpdateGoal::kStock, 15), UpdateTime::kNow);
    ASSERT_FALSE(outcome.status);
    EXPECT_EQ(outcome.cause, cause);
  }
  // By whichever process: the state is on disk.
  fake.faults = {};
  store.reset();
  const std::size_t num_requests = fake.requests().size();
  const UpdateOutcome early = run(from_hub(UpdateGoal::kStock, 15));
  ASSERT_FALSE(early.status);
  EXPECT_EQ(fake.requests().size(), num_requests);
  EXPECT_EQ(early.cause, "hub_error");
  EXPECT_NE(early.status.error().message.find("--now"), std::string::npos);
  fixture.clock.advance(early.next_due - fixture.clock.now());
  EXPECT_TRUE(run(from_hub(UpdateGoal::kStock, 15)).status);
}

TEST_F(UpdateTest, ForgetsANameThatWasNeverFoundWhenAnotherIsAsked) {
  const auto names = [&] {
    const auto state = cache::read_update_state(fixture.file_system, fixture.layout);
    std::vector<std::string> found;
    for (const cache::UpdateSource& one : state->sources) found.push_back(one.name);
    return found;
  };
  UpdateOptions mistyped = from_hub(UpdateGoal::kCount, 1);
  mistyped.repo = {.name = "owner/phtos"};
  mistyped.source = "owner/phtos";
  fake.faults = {.status = 404};
  EXPECT_EQ(run(mistyped).cause, "not_found");
  // Till then it is told, and a loop of restarts does not ask it again and again.
  const std::size_t num_requests = fake.requests().size();
  EXPECT_FALSE(run(mistyped).status);
  EXPECT_EQ(fake.requests().size(), num_requests);
  fake.faults = {};
  UpdateOptions right = from_hub(UpdateGoal::kCount, 1);
  right.sources_in_use = {"owner/photos", "owner/phtos"};
  EXPECT_TRUE(run(right).status);
  EXPECT_EQ(names(), (std::vector<std::string>{"owner/phtos", "owner/photos"}));
  EXPECT_TRUE(run(from_hub(UpdateGoal::kCount, 1)).status);
  EXPECT_EQ(names(), std::vector<std::string>{"owner/photos"});
  // One that gave something once is no mistake.
  fake.faults = {.status = 404};
  EXPECT_EQ(run(from_hub(UpdateGoal::kCount, 1)).cause, "not_found");
  EXPECT_FALSE(run(mistyped).status);
  EXPECT_EQ(names(), (std::vector<std::string>{"owner/photos", "owner/phtos"}));
}

TEST_F(UpdateTest, AsksAHubThatSaysLaterAsOftenAsThePolicySays) {
  fake.faults = {.status = 429};
  const Timestamp end = fixture.clock.now() + 1h;
  std::uint64_t num_rounds = 0;
  while (fixture.clock.now() < end) {
    const UpdateOutcome outcome = run(from_hub(UpdateGoal::kStock, 15));
    ++num_rounds;
    ASSERT_FALSE(outcome.status);
    ASSERT_GT(outcome.next_due, fixture.clock.now());
    fixture.clock.advance(outcome.next_due - fixture.clock.now());
  }
  // Waits of 1, 2, 4, 8, 16, 32 minutes, each between its half and its whole; three tries a round.
  EXPECT_GE(num_rounds, 6U);
  EXPECT_LE(num_rounds, 8U);
  EXPECT_LE(fake.requests().size(), 3 * num_rounds);
  // What the hub asks for is the least.
  fake.faults.retry_after = "7200";
  const UpdateOutcome later = run(from_hub(UpdateGoal::kStock, 15));
  EXPECT_GE(later.next_due, fixture.clock.now() + 2h);
}

TEST_F(UpdateTest, FetchesATableAgainWhenTheHubHasAnother) {
  ASSERT_TRUE(run(from_hub(UpdateGoal::kCount, 80)).status);
  const std::uint64_t before = fake.bytes_sent();
  fake.put("data/train-00000-of-00002.parquet",
           content_of(kTables / "extract/more_than_requested.parquet"));
  const UpdateOutcome outcome = run(from_hub(UpdateGoal::kCount, 30));
  ASSERT_TRUE(outcome.status);
  EXPECT_EQ(outcome.report.intake.count(ImportOutcome::kAdded), 30U);
  EXPECT_EQ(fake.bytes_sent() - before,
            content_of(kTables / "extract/more_than_requested.parquet").size());
  // Some rows have the numbers of others: their images get names of their own.
  EXPECT_EQ(items().size(), 110U);
}

TEST_F(UpdateTest, RemembersTablesThatOneRoundDoesNotAskFor) {
  UpdateOptions mixed = from_hub(UpdateGoal::kCount, 40);
  mixed.rows_per_table = 20;
  ASSERT_TRUE(run(mixed).status);
  const std::uint64_t bytes_sent = fake.bytes_sent();
  UpdateOptions narrow = from_hub(UpdateGoal::kCount, 1);
  narrow.pattern = "data/train-00000-*";
  const UpdateOutcome some = run(narrow);
  ASSERT_TRUE(some.status) << some.status.error().message;
  EXPECT_EQ(some.report.num_tables, 1U);
  const UpdateOutcome rest = run(from_hub(UpdateGoal::kCount, 39));
  ASSERT_TRUE(rest.status) << rest.status.error().message;
  EXPECT_EQ(rest.report.intake.count(ImportOutcome::kAlreadyThere), 0U);
  EXPECT_EQ(rest.report.num_taken_before, 41U);
  EXPECT_EQ(items().size(), 80U);
  EXPECT_EQ(fake.bytes_sent(), bytes_sent) << "kept tables are kept";
  // What the hub has no more is forgotten.
  fake.put("data/train-00001-of-00002.parquet", "another");
  EXPECT_EQ(run(narrow).report.num_tables, 1U);
  EXPECT_EQ(cache::read_update_state(fixture.file_system, fixture.layout)
                ->source("owner/photos")
                .tables.size(),
            1U);
}

TEST_F(UpdateTest, ReadsATableOfAStoreAgainWhenAnotherOfItsSizeTookItsPlace) {
  const std::string address = "mem://bucket/a.parquet";
  const std::string table = content_of(kTables / "roadwork/data/train-00000-of-00002.parquet");
  tables::testing::MemorySources remote;
  remote.set(address, table);
  UpdateOptions options = from_hub(UpdateGoal::kCount, 100);
  options.tables = {address};
  options.remote = &remote;
  const std::uint64_t num_rows = run(options).report.intake.count(ImportOutcome::kAdded);
  ASSERT_GT(num_rows, 0U);
  EXPECT_EQ(run(options).report.intake.count(ImportOutcome::kAlreadyThere), 0U);
  remote.set(address, table);
  EXPECT_EQ(run(options).report.intake.count(ImportOutcome::kAlreadyThere), num_rows);
}

TEST_F(UpdateTest, FetchesAnImageOfAStoreAgainWhenAnotherTookItsPlace) {
  tables::testing::MemorySources remote;
  remote.set("mem://bucket/none/a.jpg", cache::testing::jpeg_picture(1));
  remote.set("mem://bucket/none/b.jpg", cache::testing::jpeg_picture(2));
  UpdateOptions options = from_hub(UpdateGoal::kCount, 5);
  options.folder = "mem://bucket";
  options.remote = &remote;
  EXPECT_EQ(run(options).report.intake.count(ImportOutcome::kAdded), 2U);
  EXPECT_EQ(run(options).report.intake.count(ImportOutcome::kAlreadyThere), 0U);
  remote.set("mem://bucket/none/a.jpg", cache::testing::jpeg_picture(3));
  UpdateReport report = run(options).report;
  EXPECT_EQ(report.intake.count(ImportOutcome::kAdded), 1U);
  EXPECT_EQ(report.intake.count(ImportOutcome::kAlreadyThere), 0U);

  // Others come and go before and behind those that were looked at.
  remote.set("mem://bucket/none/0.jpg", cache::testing::jpeg_picture(4));
  remote.set("mem://bucket/none/c.jpg", cache::testing::jpeg_picture(5));
  remote.set("mem://bucket/none/d.jpg", cache::testing::jpeg_picture(2));
  report = run(options).report;
  EXPECT_EQ(report.intake.count(ImportOutcome::kAdded), 2U);
  EXPECT_EQ(report.intake.count(ImportOutcome::kAlreadyThere), 1U);
  remote.remove("mem://bucket/none/0.jpg");
  EXPECT_TRUE(run(options).report.tables.empty());
  remote.remove("mem://bucket/none/c.jpg");
  EXPECT_TRUE(run(options).report.tables.empty());
}

TEST_F(UpdateTest, StopsAtItsBudgets) {
  store = std::move(*cache::Store::open(fixture.tools(), fixture.layout,
                                        {.budget = {.max_cache_bytes = ByteCount(100'000)}}));
  const UpdateOutcome outcome = run(from_hub(UpdateGoal::kCount, 80));
  ASSERT_FALSE(outcome.status);
  EXPECT_EQ(outcome.status.error().code, ErrorCode::kExhausted);
  EXPECT_EQ(outcome.cause, "over_limit");
  ByteCount held;
  for (const Item& item : items())
    held += ByteCount(item.stamp.size_bytes + item.sidecar->size_bytes);
  EXPECT_LE(held, ByteCount(100'000));
  EXPECT_FALSE(items().empty());
}

TEST_F(UpdateTest, WantsLabelsForAStock) {
  UpdateOptions options = from_disk("struct_jpeg_png", 2);
  options.goal = UpdateGoal::kStock;
  options.columns.label = "nothing";
  const UpdateOutcome outcome = run(options);
  ASSERT_FALSE(outcome.status);
  EXPECT_NE(outcome.status.error().message.find("--set-label"), std::string::npos)
      << outcome.status.error().message;
  options.label = Label::kNone;
  EXPECT_TRUE(run(options, UpdateTime::kNow).status);
  EXPECT_EQ(items().size(), 2U);
}

}  // namespace
}  // namespace assay::updater

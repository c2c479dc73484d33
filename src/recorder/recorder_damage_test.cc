#include "files/journal_damage.h"
#include "record_files/damage_notes.h"
#include "recorder/recorder.h"
#include "recorder/testing/recorder_fixture.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

// A journal that was whole once and is not any more: the miner goes on, and says what is lost.

namespace assay::recorder {
namespace {

constexpr std::string_view kFirstSegment = "00000000000000000001.journal";

class RecorderDamage : public testing::RecorderFixture {
 protected:
  static std::filesystem::path journal(std::string_view name) {
    return std::filesystem::path("/data/journal") / name;
  }
  std::vector<std::string> segments() {
    auto found = names("journal");
    std::erase_if(found, [](const std::string& name) { return !name.ends_with(".journal"); });
    return found;
  }
  void restart() {
    for (const std::string_view folder :
         {"journal", "journal/quarantine", "quarantine", "ply_files/pending", ""}) {
      for (const std::string& name : names(folder)) {
        static_cast<void>(file_system_.remove(std::filesystem::path("/data") / folder / name));
      }
      // Or a loss of power brings them back.
      static_cast<void>(file_system_.sync_folder(std::filesystem::path("/data") / folder));
    }
  }
  // Changes one byte of the event that holds `text`.
  void damage_event(std::string_view text) {
    for (const std::string& name : segments()) {
      const std::size_t at = file_system_.content(journal(name))->find(text);
      if (at == std::string::npos) continue;
      file_system_.flip_byte(journal(name), at);
      return;
    }
    FAIL() << text << " is in no segment";
  }
  // Events 1 to 6: two starts, a timing, a mark of each, and a kill.
  void record_two(const RecorderOptions& options) {
    const auto recorder = open(options);
    ASSERT_TRUE(recorder->start(text_generation("a")));
    ASSERT_TRUE(recorder->start(text_generation("b")));
    ASSERT_TRUE(recorder->log_timing("a", R"({"total_time": 1.5})"));
    ASSERT_TRUE(recorder->log_timing("b", R"({"total_time": 2.5})"));
    ASSERT_TRUE(recorder->finish("a"));
    ASSERT_TRUE(recorder->finish("b"));
    file_system_.kill();
  }
};

TEST_F(RecorderDamage, ADamagedEventCostsItselfAlone) {
  record_two(options());
  damage_event("\"total_time\": 1.5");
  {
    const auto recorder = open();
    ASSERT_NE(recorder, nullptr);
    EXPECT_EQ(recorder->recovery().lost, (std::vector<files::LostRecords>{{3, 3, 1, 1}}));
    EXPECT_EQ(recorder->recovery().to_text(),
              "5 events replayed, 2 lines completed, 1 damaged journal file salvaged and kept in "
              "journal/quarantine/, LOST: events 3");
    EXPECT_TRUE(recorder->status().is_journal_damaged);
    EXPECT_EQ(recorder->start(text_generation("c"))->sequence, 7U);
  }
  const std::string history = content("generation_history.jsonl");
  EXPECT_EQ(num_lines(history), 2U);
  EXPECT_TRUE(history.contains("2.5"));
  EXPECT_FALSE(history.contains("1.5"));
  // The checkpoint has what could be read: the damaged file is out of the way, whole.
  EXPECT_TRUE(content("journal/quarantine/00000000000000000001.journal.0").contains("ASSAYJNL"));
  const auto notes = record_files::read_damage_notes(file_system_, "/data").value();
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].path, "journal/quarantine/00000000000000000001.journal.0.json");
  EXPECT_EQ(notes[0].damage.segment, kFirstSegment);
  EXPECT_EQ(notes[0].damage.num_salvaged, 5U);
  EXPECT_EQ(notes[0].damage.lost, (std::vector<files::LostRecords>{{3, 3, 1, 1}}));
  EXPECT_TRUE(notes[0].to_text().starts_with("events 3 are lost: journal /data/journal/0000"));
  const auto recorder = open();
  EXPECT_EQ(recorder->recovery().to_text(), "");
  EXPECT_TRUE(recorder->status().is_journal_damaged);
  // Until somebody has seen to it.
  ASSERT_TRUE(file_system_.rename("/data" / notes[0].path, "/data/seen"));
  ASSERT_TRUE(recorder->flush());
  EXPECT_FALSE(recorder->status().is_journal_damaged);
}

TEST_F(RecorderDamage, WhatFollowsALostStartIsKeptAside) {
  record_two(options());
  damage_event("\"a\", \"task_type\"");
  const auto recorder = open();
  EXPECT_EQ(recorder->recovery().lost.size(), 1U);
  EXPECT_EQ(recorder->recovery().num_without_start, 2U);
  EXPECT_EQ(num_lines(content("generation_history.jsonl")), 1U);
  const std::string kept = content("quarantine/events-without-start.jsonl.0");
  EXPECT_EQ(num_lines(kept), 2U);
  EXPECT_TRUE(kept.contains("1.5"));
  // Feedback needs no start: it is in the files.
  EXPECT_EQ(recorder->log_feedback("a", score(0.5))->verdict, records::Verdict::kUnknownGeneration);
}

TEST_F(RecorderDamage, IsRefusedWhenToldTo) {
  record_two(options());
  damage_event("\"total_time\": 1.5");
  RecorderOptions strict = options();
  strict.journal.when_damaged = files::WhenDamaged::kRefuse;
  const auto refused = Recorder::open(file_system_, clock_, random_, "/data", strict);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(names("journal/quarantine").empty());
}

TEST_F(RecorderDamage, AFileMissingBehindTheCheckpointIsStated) {
  RecorderOptions small = options();
  small.journal.segment_size = ByteCount(1);
  record_two(small);
  ASSERT_TRUE(file_system_.remove(journal(kFirstSegment)));
  RecorderOptions strict = options();
  strict.journal.when_damaged = files::WhenDamaged::kRefuse;
  EXPECT_EQ(Recorder::open(file_system_, clock_, random_, "/data", strict).error().code,
            ErrorCode::kCorrupt);
  const auto recorder = open();
  EXPECT_EQ(recorder->recovery().lost, (std::vector<files::LostRecords>{{1, 1, 1, 1}}));
  EXPECT_EQ(recorder->recovery().num_without_start, 2U);
  EXPECT_EQ(names("journal/quarantine"), (std::vector<std::string>{"missing-1-1.json"}));
  EXPECT_EQ(num_lines(content("generation_history.jsonl")), 1U);
}

TEST_F(RecorderDamage, AMissingEndOfTheJournalIsStated) {
  record_two(options());
  open()->close().value();
  for (const std::string& name : segments()) ASSERT_TRUE(file_system_.remove(journal(name)));
  const auto recorder = open();
  EXPECT_TRUE(recorder->recovery().misses_end);
  EXPECT_EQ(recorder->recovery().to_text(), "LOST: the end of the journal, with all events in it");
  EXPECT_EQ(names("journal/quarantine"), (std::vector<std::string>{"missing-behind-6.json"}));
}

TEST_F(RecorderDamage, BytesThatALostEventNamedAreKept) {
  {
    const auto recorder = open();
    ASSERT_TRUE(recorder->start(text_generation("a")));
    ASSERT_TRUE(
        recorder->log_output("a", {.output = "{}", .ply = as_bytes("no ply"), .ply_file = {}}));
    ASSERT_TRUE(recorder->log_timing("a", "{}"));
    file_system_.kill();
  }
  damage_event("pending_ply_path");
  for (int opening = 0; opening < 2; ++opening) {
    ASSERT_TRUE(open()->close());
    EXPECT_EQ(names("ply_files/pending").size(), 1U);
  }
}

TEST_F(RecorderDamage, WhatIsLostAtTheEndIsSettledToo) {
  record_two(options());
  put("journal/" + std::string(kFirstSegment), std::string(300, 'j'));
  EXPECT_EQ(open()->recovery().lost, (std::vector<files::LostRecords>{{1, 3, 0, 3}}));
  EXPECT_EQ(content("journal/quarantine/" + std::string(kFirstSegment) + ".0"),
            std::string(300, 'j'));
  const auto recorder = open();
  EXPECT_EQ(recorder->recovery().to_text(), "");
  EXPECT_EQ(recorder->start(text_generation("a"))->verdict, records::Verdict::kApplied);
}

TEST_F(RecorderDamage, APowerLossWhileItIsSalvagedCostsNothingMore) {
  for (std::uint64_t operation = 1;; ++operation) {
    SCOPED_TRACE(operation);
    restart();
    record_two(options());
    damage_event("\"total_time\": 1.5");
    const std::string damaged = content("journal/" + std::string(kFirstSegment));
    file_system_.cut_power_at(file_system_.num_operations() + operation);
    bool is_done = false;
    if (auto opened = Recorder::open(file_system_, clock_, random_, "/data", options())) {
      is_done = (*opened)->close().has_value();
    }
    file_system_.crash(random_);
    ASSERT_TRUE(open()->close());
    EXPECT_EQ(open()->recovery().to_text(), "");
    const std::string history = content("generation_history.jsonl");
    EXPECT_EQ(num_lines(history), 2U) << history;
    EXPECT_TRUE(history.contains("2.5") && !history.contains("1.5")) << history;
    EXPECT_EQ(content("journal/quarantine/" + std::string(kFirstSegment) + ".0"), damaged);
    const auto notes = record_files::read_damage_notes(file_system_, "/data").value();
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(notes[0].damage.lost, (std::vector<files::LostRecords>{{3, 3, 1, 1}}));
    ASSERT_FALSE(HasFailure());
    if (is_done) break;
  }
}

// Random damage to any files of the journal: it opens, every event that is not among the lost is in
// the files, and a second opening agrees.
TEST_F(RecorderDamage, RandomDamageCostsNoMoreThanItSays) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    restart();
    RecorderOptions small = options();
    small.journal.segment_size = ByteCount(500 + random.below(4'000));
    std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> events;  // first, last
    {
      const auto recorder = open(small);
      const std::uint64_t num_generations = 1 + random.below(15);
      for (std::uint64_t i = 0; i < num_generations; ++i) {
        const std::string id = fmt::format("g{}", i);
        const std::uint64_t first = recorder->start(text_generation(id))->sequence;
        ASSERT_TRUE(recorder->log_timing(id, R"({"total_time": 1.5})"));
        events[id] = {first, recorder->finish(id)->sequence};
        if (random.below(8) == 0) {
          ASSERT_TRUE(recorder->checkpoint());
        }
      }
      file_system_.kill();
    }
    const auto files = segments();
    const std::string name = files[static_cast<std::size_t>(random.below(files.size()))];
    const std::string good = content("journal/" + name);
    // The last write has no mark yet: what happens to it cannot be told from a loss of power.
    const std::size_t size = name == files.back() ? good.rfind("\xFF\xFF\xFF\xFF") : good.size();
    if (size == 0 || size == std::string::npos) continue;
    std::string damaged = good;
    const auto start = static_cast<std::size_t>(random.below(size));
    const auto end = std::min(size, start + 1 + static_cast<std::size_t>(random.below(600)));
    const std::uint64_t kind = random.below(3);
    for (std::size_t at = start; at < end; ++at) {
      if (kind == 0 && at > start) break;
      damaged[at] = kind == 1 ? '\0' : static_cast<char>(damaged[at] ^ (1 + random.below(255)));
    }
    if (damaged == good) continue;
    put("journal/" + name, damaged);
    {
      const auto recorder = open();
      ASSERT_NE(recorder, nullptr);
      const std::string history = content("generation_history.jsonl");
      const auto is_lost = [&](std::uint64_t sequence) {
        return std::ranges::any_of(recorder->recovery().lost, [&](const files::LostRecords& lost) {
          return lost.first_sequence <= sequence && sequence <= lost.last_sequence;
        });
      };
      for (const auto& [id, range] : events) {
        bool is_whole = true;
        for (std::uint64_t at = range.first; at <= range.second; ++at) {
          is_whole = is_whole && !is_lost(at);
        }
        const bool is_there = history.contains(fmt::format("\"generation_id\": \"{}\"", id));
        EXPECT_TRUE(is_there || !is_whole) << id << ": " << recorder->recovery().to_text();
      }
      EXPECT_TRUE(recorder->status().is_journal_damaged);
      ASSERT_TRUE(recorder->close());
    }
    const std::string history = content("generation_history.jsonl");
    const auto recorder = open();
    EXPECT_EQ(recorder->recovery().to_text(), "");
    EXPECT_EQ(content("generation_history.jsonl"), history);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace assay::recorder

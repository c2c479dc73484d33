/// \file
/// A recorder at random work on a disk that fails, and what is true about it.

#pragma once

#include "core/random.h"
#include "core/testing/fake_clock.h"
#include "files/testing/simulated_file_system.h"
#include "recorder/recorder.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace assay::records {
class JsonMembers;
}

namespace assay::recorder::testing {

/// What may be in the record of a generation: one value after an acknowledgement, more after calls
/// that failed, of which nobody knows.
struct Expected {
  std::set<std::string> steps = {"(none)"};
  std::set<std::string> scores = {"null"};
  bool must_be_started = false;
  bool must_be_finished = false;
  bool may_be_finished = false;
};

/// What the files hold of a generation.
struct Found {
  std::string step;
  std::string score;
  bool is_finished = false;
};

/// Whether time passes in days, and files are rotated.
enum class Months : std::uint8_t { kStandStill, kPass };

/// All that happens follows from the seed. What a recorder acknowledged is remembered, over all
/// lives. Threads: one thread at a time.
class RecorderWorld {
 public:
  RecorderWorld(std::uint64_t seed, files::Durability durability,
                Months months = Months::kStandStill)
      : random_(seed),
        durability_(durability),
        months_(months),
        is_alone_(months == Months::kPass && random_.below(2) == 0) {}

  /// One life of the recorder: opened, which recovers from the one before, at random work, and
  /// ended by a loss of power or a kill, mostly at a random operation of the disk, else in peace.
  void live();

  /// One life in which one operation of the disk fails, counted from its beginning (none for 0),
  /// and the callers go on; ended by a kill or a loss of power. Returns how many operations it
  /// took.
  std::uint64_t live_with_fault(const Error& error, std::uint64_t operation);

  /// What was acknowledged is in the files, nothing is there twice, and the files agree.
  void check();

  /// Names of files that were seen to be there.
  int num_ply_files() const { return num_ply_files_; }
  /// Files of months that were seen to be there.
  int num_months() const { return num_months_; }

 private:
  bool is_lasting() const { return durability_ == files::Durability::kAlways; }

  std::unique_ptr<Recorder> open();
  // A refused event shows in the counters and the alert.
  static void check_told(const Recorder& recorder, const Status& outcome);

  // False once the power is off.
  bool step(Recorder& recorder);

  std::string pick(const std::vector<std::string>& from);

  bool start(Recorder& recorder);

  bool log_step(Recorder& recorder, const std::string& id);

  bool log_ply(Recorder& recorder, const std::string& id);

  bool finish(Recorder& recorder);

  bool give_feedback(Recorder& recorder);

  bool change_config(Recorder& recorder);

  void append_as_another_program();

  void rotate_as_a_command();

  // Of the open file and of every month.
  std::string history_lines();

  std::string content(std::string_view name);

  static std::vector<std::string> lines(const std::string& text);

  // What a record or a line of feedback names is there.
  void check_ply(const std::optional<std::string>& path);

  Found found_in(const records::JsonMembers& record);

  void read_files();

  void check_generation(const std::string& id, const Expected& expected);

  files::testing::SimulatedFileSystem file_system_;
  assay::testing::FakeClock clock_;
  SeededRandom random_;
  const files::Durability durability_;
  const Months months_;
  const bool is_alone_;  // No other program touches the folder: every line is a record.
  int num_months_ = 0;
  bool was_rotated_by_command_ = false;
  std::uint64_t counter_ = 0;
  std::string open_error_;
  std::map<std::string, Expected> expected_;
  std::vector<std::string> open_;
  std::vector<std::string> all_;
  std::set<std::string> foreign_;
  std::set<std::string> reasons_;
  std::map<std::string, Found> found_;
  int num_ply_files_ = 0;
  std::multiset<std::string> config_reasons_;
};

}  // namespace assay::recorder::testing

// Power is lost at every operation of an import: nothing that was here may be missing or changed,
// no record may name a file that was there and did not come, and the next import completes it.

#include "compress/stream.h"
#include "core/random.h"
#include "core/testing/fake_clock.h"
#include "core/testing/slowness.h"
#include "crypto/digest.h"
#include "files/testing/simulated_file_system.h"
#include "history/import.h"
#include "record_files/testing/crash_loop.h"
#include "record_files/testing/sample_history.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

namespace assay::history {
namespace {

using namespace record_files::testing;
using assay::testing::kSlowness;
using files::testing::SimulatedFileSystem;

constexpr int kNumImages = 6;

std::string image_content(std::uint64_t image) { return fmt::format("image {}", image); }

/// Two folders that share some records, a little different for each seed.
class CrashedImport final : public CrashScenario {
 public:
  explicit CrashedImport(std::uint64_t seed) : random_(seed) {
    for (int i = 0; i < 24; ++i) add_record(i);
    for (const auto& [path, content] : files_) put_file(file_system_, path, content);
    put_file(file_system_, "/here/archive/generation_history_2025-05.jsonl.gz",
             compress::compress(compress::Format::kGzip, record("old", 5, 0) + "\n").value());
    for (std::uint64_t image = 0; image < kNumImages; ++image) {
      put_file(file_system_, fmt::format("/there/images/{}.png", image), image_content(image));
    }
    here_ = line_set(file_system_, "/here");
    here_feedback_ = feedback_here();
    all_ = line_set(file_system_, "/there");
    all_.insert(here_.begin(), here_.end());
  }

  std::uint64_t num_operations() override { return file_system_.num_operations(); }
  bool run_once() override {
    return import_history(file_system_, "/here", "/there", clock_, {}, {}).has_value();
  }

  void crash_at(std::uint64_t operation) override {
    file_system_.cut_power_at(operation);
    static_cast<void>(run_once());
    file_system_.crash(random_);
    const auto lines = all_lines(file_system_, "/here");
    for (const std::string& line : here_) EXPECT_TRUE(lines.contains(line)) << line;
    for (const auto& [line, count] : lines) {
      EXPECT_EQ(count, 1) << line;
      EXPECT_TRUE(all_.contains(line)) << line;
      expect_image_of(line);
    }
    EXPECT_TRUE(feedback_here().starts_with(here_feedback_));
  }

  void expect_mended() override {
    ASSERT_TRUE(run_once());
    EXPECT_EQ(line_set(file_system_, "/here"), all_);
    const auto again = import_history(file_system_, "/here", "/there", clock_, {}, {});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->num_imported + again->num_feedback_imported + again->num_files_copied, 0U);
    EXPECT_EQ(again->num_not_taken(), 0U);
    const std::string feedback = file_content(file_system_, "/there/generation_feedback.jsonl");
    EXPECT_TRUE(feedback_here().ends_with(feedback));
    for (const std::string folder : {"/here", "/here/archive", "/here/images"}) {
      const auto names = file_system_.list(folder);
      ASSERT_TRUE(names);
      for (const std::string& name : *names) {
        EXPECT_EQ(name.find(".tmp"), std::string::npos) << name;
      }
    }
  }

 private:
  static std::string record(std::string_view id, unsigned month, std::uint64_t image) {
    return record_line(
        id, fmt::format("2025-{:02}-03T10:00:00Z", month),
        fmt::format(
            R"(, "task": {{"image_file_path": "images/{}.png", "base64_image_hash": "sha256:{}"}})",
            image, crypto::sha256(image_content(image)).to_hex()));
  }

  void add_record(int number) {
    const auto month = static_cast<unsigned>(5 + random_.below(7));
    const std::string id = fmt::format("id-{}", number);
    const std::string line = record(id, month, random_.below(kNumImages)) + "\n";
    const bool is_here = random_.below(4) == 0;
    if (is_here) {
      files_["/here/generation_history.jsonl"] += line;
      add_image(line);
    }
    files_["/there/generation_history.jsonl"] += line;
    if (random_.below(3) == 0) {
      files_["/there/generation_feedback.jsonl"] += feedback_line(id);
    } else if (is_here) {
      files_["/here/generation_feedback.jsonl"] += feedback_line("here-" + id);
    }
  }

  static std::string feedback_line(std::string_view id) {
    return fmt::format(R"({{"generation_id": "{}", "score": 0.5}})", id) + "\n";
  }

  static std::string image_of(const std::string& line) {
    const std::size_t at = line.find("images/");
    return line.substr(at + 7, 1);
  }
  void add_image(const std::string& line) {
    const std::string image = image_of(line);
    files_["/here/images/" + image + ".png"] = "image " + image;
  }
  void expect_image_of(const std::string& line) {
    if (here_.contains(line)) return;
    const std::string image = image_of(line);
    EXPECT_EQ(file_system_.content("/here/images/" + image + ".png"), "image " + image);
  }

  std::string feedback_here() {
    const auto found = file_system_.content("/here/generation_feedback.jsonl");
    return found.value_or("");
  }

  SimulatedFileSystem file_system_;
  SeededRandom random_;
  assay::testing::FakeClock clock_{parse_timestamp("2025-11-15T12:00:00Z").value()};
  std::map<std::string, std::string> files_;
  std::set<std::string> here_;
  std::set<std::string> all_;
  std::string here_feedback_;
};

TEST(ImportCrash, NothingIsLostOrHalfThereWhereverPowerFails) {
  const std::uint64_t num_points = crash_at_every_operation(
      [](std::uint64_t seed) { return std::make_unique<CrashedImport>(seed); });
  EXPECT_GE(num_points, kSlowness > 1 ? 75U : 300U);
}

}  // namespace
}  // namespace assay::history

/// \file
/// Two data folders on a simulated file system, for tests of the import.

#pragma once

#include "core/testing/fake_clock.h"
#include "crypto/digest.h"
#include "files/testing/simulated_file_system.h"
#include "history/import.h"
#include "record_files/testing/sample_history.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace assay::history::testing {

inline std::string line(std::string_view id, std::string_view time, std::string_view members = {}) {
  return record_files::testing::record_line(id, time, members) + "\n";
}

inline std::string hash_of(std::string_view content) {
  return "sha256:" + crypto::sha256(content).to_hex();
}

inline std::string line_with_image(std::string_view id, const std::string& path,
                                   const std::string& hash) {
  return line(id, "2025-11-03T00:00:00Z",
              R"(, "task": {"image_file_path": ")" + path + R"(", "base64_image_hash": ")" + hash +
                  R"("})");
}

/// `score` as it stands in the line.
inline std::string feedback(const std::string& id, const std::string& score,
                            const std::string& members = {}) {
  return R"({"generation_id": ")" + id + R"(", "score": )" + score + members + "}\n";
}

/// A data folder /here with one record, and others to import into it.
class ImportFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    put("here", "generation_history.jsonl", line("a", "2025-11-02T00:00:00Z"));
  }
  void put(const std::string& folder, const std::string& name, std::string_view content) {
    record_files::testing::put_file(file_system_, "/" + folder + "/" + name, content);
  }
  Result<ImportReport> run(const ImportOptions& options = {}, const std::string& from = "/there") {
    return import_history(file_system_, "/here", from, clock_, options, {});
  }
  ImportReport import(const ImportOptions& options = {}, const std::string& from = "/there") {
    auto report = run(options, from);
    EXPECT_TRUE(report) << report.error().message;
    return report ? std::move(*report) : ImportReport();
  }
  static std::uint64_t count(const ImportReport& report, NotTakenKind kind) {
    return report.counts[static_cast<std::size_t>(kind)];
  }
  std::string content(const std::string& name) {
    return record_files::testing::file_content(file_system_, "/here/" + name);
  }
  bool exists(const std::string& name) {
    return file_system_.info("/here/" + name).value().has_value();
  }

  files::testing::SimulatedFileSystem file_system_;
  assay::testing::FakeClock clock_{parse_timestamp("2025-11-15T12:00:00Z").value()};
};

}  // namespace assay::history::testing

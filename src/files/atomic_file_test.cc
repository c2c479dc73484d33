#include "files/atomic_file.h"

#include "core/random.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace assay::files {
namespace {

using testing::SimulatedFileSystem;

constexpr std::string_view kTarget = "out/report.csv";

std::string old_content() { return std::string(3'000, 'o'); }
std::string new_content() { return std::string(200'000, 'n'); }

Status write_new(FileSystem& file_system) {
  ASSIGN_OR_RETURN(auto file, AtomicFile::create(file_system, kTarget));
  const std::string content = new_content();
  for (std::size_t i = 0; i < content.size(); i += 1'000) {
    RETURN_IF_ERROR(file.write(std::string_view(content).substr(i, 1'000)));
  }
  return file.commit();
}

TEST(AtomicFile, ReplacesTheTargetOnlyAtCommit) {
  SimulatedFileSystem file_system;
  ASSERT_TRUE(write_file(file_system, kTarget, "old"));
  {
    auto file = AtomicFile::create(file_system, kTarget);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write("never published"));
    EXPECT_EQ(file_system.content(kTarget), "old");
  }
  EXPECT_EQ(file_system.content(kTarget), "old");
  EXPECT_EQ(file_system.list("out").value(), std::vector<std::string>{"report.csv"});
  ASSERT_TRUE(write_new(file_system));
  EXPECT_EQ(file_system.content(kTarget), new_content());
}

TEST(AtomicFile, TwoWritersOfOneTargetDoNotMix) {
  SimulatedFileSystem file_system;
  auto first = AtomicFile::create(file_system, kTarget);
  auto second = AtomicFile::create(file_system, kTarget);
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(first->write("first"));
  ASSERT_TRUE(second->write("second"));
  ASSERT_TRUE(second->commit());
  ASSERT_TRUE(first->commit());
  EXPECT_EQ(file_system.content(kTarget), "first");
  EXPECT_EQ(file_system.list("out").value(), std::vector<std::string>{"report.csv"});
}

TEST(AtomicFile, TakesOverWhatAKilledWriterLeft) {
  SimulatedFileSystem file_system;
  auto file = AtomicFile::create(file_system, kTarget);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->write(new_content()));
  file_system.kill();
  EXPECT_EQ(file_system.list("out").value(), std::vector<std::string>{".report.csv.tmp-0"});
  ASSERT_TRUE(write_file(file_system, kTarget, "short"));
  EXPECT_EQ(file_system.content(kTarget), "short");
  EXPECT_EQ(file_system.list("out").value(), std::vector<std::string>{"report.csv"});
}

TEST(AtomicFile, KnowsTheNamesOfItsTemporaries) {
  EXPECT_TRUE(is_temporary_name(".report.csv.tmp-0"));
  EXPECT_TRUE(is_temporary_name(".a.tmp-12"));
  EXPECT_FALSE(is_temporary_name("report.csv.tmp-0"));
  EXPECT_FALSE(is_temporary_name(".report.csv"));
  EXPECT_FALSE(is_temporary_name(".report.tmp-"));
  EXPECT_FALSE(is_temporary_name(".report.tmp-x1"));
}

TEST(AtomicFile, AFullDiskLeavesTheOldOne) {
  SimulatedFileSystem file_system;
  ASSERT_TRUE(write_file(file_system, kTarget, old_content()));
  file_system.set_capacity(ByteCount(50'000));
  const auto status = write_new(file_system);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNoSpace);
  EXPECT_NE(status.error().message.find(kTarget), std::string::npos) << status.error().message;
  EXPECT_EQ(file_system.content(kTarget), old_content());
  EXPECT_EQ(file_system.list("out").value(), std::vector<std::string>{"report.csv"});
}

TEST(AtomicFile, AfterAFailedWriteNothingIsPublished) {
  SimulatedFileSystem file_system;
  file_system.set_capacity(ByteCount(10));
  auto file = AtomicFile::create(file_system, kTarget);
  ASSERT_TRUE(file);
  ASSERT_FALSE(file->write(new_content()));
  file_system.set_capacity(ByteCount(1'000'000));
  EXPECT_FALSE(file->write("more"));
  EXPECT_FALSE(file->commit());
  EXPECT_EQ(file_system.content(kTarget), std::nullopt);
}

TEST(AtomicFile, AFailureOfAnyOperationIsReportedAndKeepsAWholeFile) {
  SimulatedFileSystem probe;
  ASSERT_TRUE(write_file(probe, kTarget, old_content()));
  const std::uint64_t first = probe.num_operations() + 1;
  ASSERT_TRUE(write_new(probe));
  for (std::uint64_t operation = first; operation <= probe.num_operations(); ++operation) {
    SimulatedFileSystem file_system;
    ASSERT_TRUE(write_file(file_system, kTarget, old_content()));
    file_system.inject({.operation = operation, .error = denied("injected"), .num_bytes_kept = 7});
    const auto status = write_new(file_system);
    ASSERT_FALSE(status) << operation;
    EXPECT_NE(status.error().message.find("injected"), std::string::npos);
    const auto content = file_system.content(kTarget);
    // Only the last operation, the sync of the folder, comes after the new file is in place.
    EXPECT_EQ(content, operation == probe.num_operations() ? new_content() : old_content());
    EXPECT_EQ(file_system.list("out").value(), std::vector<std::string>{"report.csv"}) << operation;
  }
}

TEST(AtomicFile, ACrashAtAnyOperationLeavesTheOldOrTheNewFileWhole) {
  SimulatedFileSystem probe;
  ASSERT_TRUE(write_file(probe, kTarget, old_content()));
  const std::uint64_t first = probe.num_operations() + 1;
  ASSERT_TRUE(write_new(probe));
  const std::uint64_t last = probe.num_operations() + 1;
  int num_old = 0;
  int num_new = 0;
  for (std::uint64_t operation = first; operation <= last; ++operation) {
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      SimulatedFileSystem file_system;
      ASSERT_TRUE(write_file(file_system, kTarget, old_content()));
      file_system.cut_power_at(operation);
      const bool acknowledged = write_new(file_system).has_value();
      SeededRandom random(seed);
      file_system.crash(random);
      const auto content = file_system.content(kTarget);
      ASSERT_TRUE(content == old_content() || content == new_content())
          << "operation " << operation << " seed " << seed;
      if (acknowledged) {
        ASSERT_EQ(content, new_content());
      }
      (content == old_content() ? num_old : num_new)++;
      ASSERT_TRUE(write_new(file_system));
      ASSERT_EQ(file_system.content(kTarget), new_content());
    }
  }
  EXPECT_GT(num_old, 0);
  EXPECT_GT(num_new, 40);
}

TEST(AtomicFile, RefusesAFolderAsTarget) {
  SimulatedFileSystem file_system;
  ASSERT_TRUE(file_system.create_folders("out"));
  EXPECT_EQ(AtomicFile::create(file_system, "out").error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(AtomicFile::create(file_system, "/").error().code, ErrorCode::kInvalidInput);
}

TEST(ReadFile, RefusesMoreThanItsLimit) {
  SimulatedFileSystem file_system;
  ASSERT_TRUE(write_file(file_system, "a", "12345"));
  EXPECT_EQ(read_file(file_system, "a", ByteCount(5)).value(), "12345");
  const auto refused = read_file(file_system, "a", ByteCount(4));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kExhausted);
  EXPECT_EQ(read_file(file_system, "b", ByteCount(4)).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace assay::files

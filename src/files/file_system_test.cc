#include "files/file_system.h"

#include "files/testing/file_system_conformance.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

namespace assay::files::testing {
namespace {

class PosixFixture final : public FileSystemFixture {
 public:
  FileSystem& file_system() override { return posix_file_system(); }
  std::filesystem::path folder() override { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

class SimulatedFixture final : public FileSystemFixture {
 public:
  SimulatedFixture() { EXPECT_TRUE(file_system_.create_folders(folder())); }
  FileSystem& file_system() override { return file_system_; }
  std::filesystem::path folder() override { return "/data/test"; }

 private:
  SimulatedFileSystem file_system_;
};

INSTANTIATE_TEST_SUITE_P(
    All, FileSystemConformance,
    ::testing::Values(FileSystemMaker{"Posix", [] { return std::make_unique<PosixFixture>(); }},
                      FileSystemMaker{"Simulated",
                                      [] { return std::make_unique<SimulatedFixture>(); }}),
    [](const auto& made) { return made.param.name; });

}  // namespace
}  // namespace assay::files::testing

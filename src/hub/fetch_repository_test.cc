#include "hub/fetch_repository.h"

#include "core/testing/fake_clock.h"
#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"
#include "hub/name_pattern.h"
#include "hub/testing/fake_hub.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace assay::hub {
namespace {

using testing::FakeHub;

class FetchRepositoryTest : public ::testing::Test {
 protected:
  FetchRepositoryTest() {
    hub.put("model.safetensors", std::string(5000, 'm'));
    hub.put("pytorch_model.bin", "pickled");
    hub.put("tf_model.h5", "other");
    hub.put("ov/unet.bin", "weights");
    hub.put_small("ov/unet.xml", "<net/>");
    hub.put_small("config.json", "{}");
    hub.put_small(".gitattributes", "*");
  }
  Result<FetchedRepository> fetch(FetchOptions options = {}) {
    auto client = HubClient::create({.transport = hub,
                                     .clock = clock,
                                     .random = random,
                                     .wait = [this](auto span, auto) -> Status {
                                       clock.advance(span);
                                       return {};
                                     }},
                                    {.endpoint = FakeHub::endpoint()});
    options.download.min_free_bytes = ByteCount(0);
    return fetch_repository(*client, file_system,
                            {.kind = RepoKind::kModel, .name = "owner/photos"}, target, options,
                            {});
  }
  std::string content(std::string_view path) {
    return files::read_file(file_system, target / path, ByteCount(10'000)).value_or("(absent)");
  }

  FakeHub hub;
  assay::testing::FakeClock clock;
  SeededRandom random{1};
  files::FileSystem& file_system = files::posix_file_system();
  files::testing::TemporaryFolder folder;
  std::filesystem::path target = folder.path() / "model";
};

TEST_F(FetchRepositoryTest, BringsWhatRunsAndNotesIt) {
  const auto done = fetch();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->commit, FakeHub::commit());
  std::vector<std::string> paths;
  for (const FetchedFile& file : done->files) paths.push_back(file.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"config.json", "model.safetensors", "ov/unet.bin",
                                             "ov/unet.xml"}));
  EXPECT_EQ(content("model.safetensors"), std::string(5000, 'm'));
  EXPECT_NE(content(kFetchedNote).find(crypto::sha256("{}").to_hex()), std::string::npos);
  // Again: nothing comes.
  const std::uint64_t before = hub.bytes_sent();
  const auto again = fetch();
  ASSERT_TRUE(again);
  EXPECT_TRUE(std::ranges::all_of(again->files, &FetchedFile::was_there));
  EXPECT_EQ(hub.bytes_sent(), before);
}

TEST_F(FetchRepositoryTest, StaysWithItsCommit) {
  ASSERT_TRUE(fetch());
  hub.move_to("fedcba9876543210fedcba9876543210fedcba98");
  EXPECT_EQ(fetch()->commit, FakeHub::commit());
  EXPECT_EQ(fetch({.pin = Pin::kMove})->commit, "fedcba9876543210fedcba9876543210fedcba98");
}

TEST_F(FetchRepositoryTest, DoesNotBelieveAHubThatContradictsItself) {
  ASSERT_TRUE(fetch());
  hub.put("model.safetensors", std::string(5000, 'x'));
  const auto done = fetch();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(content("model.safetensors"), std::string(5000, 'm'));
}

TEST_F(FetchRepositoryTest, TakesPatterns) {
  const auto done = fetch({.patterns = {"*.h5", "config.*"}});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->files.size(), 2U);
  const auto none = fetch({.patterns = {"*.zip"}});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
}

TEST(MatchesPattern, AsPeopleExpect) {
  EXPECT_TRUE(matches_pattern("data/a.parquet", "*.parquet"));
  EXPECT_TRUE(matches_pattern("data/train-00001.parquet", "data/*0?.parquet"));
  EXPECT_TRUE(matches_pattern("abcabd", "*abd"));
  EXPECT_TRUE(matches_pattern("", "**"));
  EXPECT_FALSE(matches_pattern("a.parquet.tmp", "*.parquet"));
  EXPECT_FALSE(matches_pattern("", "?"));
}

}  // namespace
}  // namespace assay::hub

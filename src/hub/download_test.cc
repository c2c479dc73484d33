#include "hub/download.h"

#include "core/testing/fake_clock.h"
#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"
#include "hub/testing/fake_hub.h"

#include <gtest/gtest.h>

#include <fstream>

namespace assay::hub {
namespace {

using testing::FakeHub;

class DownloadTest : public ::testing::Test {
 protected:
  DownloadTest() {
    for (std::size_t i = 0; i < 3'000'000; ++i)
      bytes += static_cast<char>(i * 2'654'435'761U >> 13U);
    hub.put("data/a.parquet", bytes);
  }

  Result<Downloaded> get(DownloadOptions options = {}, std::string_view path = "data/a.parquet") {
    auto client = HubClient::create({.transport = hub,
                                     .clock = clock,
                                     .random = random,
                                     .wait = [this](auto span, auto) -> Status {
                                       clock.advance(span);
                                       return {};
                                     }},
                                    {.endpoint = FakeHub::endpoint()});
    const auto files = client->list(FakeHub::repo(), {});
    if (!files) return files.error();
    options.min_free_bytes = ByteCount(0);
    for (const HubFile& file : *files) {
      if (file.path == path)
        return download(*client, file_system, FakeHub::repo(), file, target, options, {});
    }
    return not_found("no such file");
  }
  std::string content() {
    return files::read_file(file_system, target, ByteCount(10'000'000)).value_or("(absent)");
  }
  std::vector<std::string> names() { return file_system.list(target.parent_path()).value(); }

  FakeHub hub;
  assay::testing::FakeClock clock;
  SeededRandom random{1};
  files::FileSystem& file_system = files::posix_file_system();
  files::testing::TemporaryFolder folder;
  std::filesystem::path target = folder.path() / "sources" / "a.parquet";
  std::string bytes;
};

TEST_F(DownloadTest, BringsAFileWhole) {
  const auto done = get();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(content(), bytes);
  EXPECT_EQ(done->content, crypto::sha256(bytes));
  EXPECT_EQ(done->commit, FakeHub::commit());
  EXPECT_EQ(names(), std::vector<std::string>{"a.parquet"});
  // A second time nothing is fetched.
  const std::uint64_t before = hub.bytes_sent();
  ASSERT_TRUE(get());
  EXPECT_EQ(hub.bytes_sent(), before);
}

TEST_F(DownloadTest, GoesOnAfterEachBreak) {
  hub.faults.breaks_after = 700'000;
  const auto done = get();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(content(), bytes);
  EXPECT_EQ(hub.bytes_sent(), bytes.size());  // no byte came twice
}

TEST_F(DownloadTest, GoesOnInTheNextCall) {
  hub.faults.breaks_after = 700'000;
  const auto first = get({.max_idle_tries = 1});
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(content(), "(absent)");
  hub.faults = {};
  const auto second = get();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->resumed_from, ByteCount(700'000));
  EXPECT_EQ(content(), bytes);
  EXPECT_EQ(names().size(), 1U);
}

TEST_F(DownloadTest, BeginsAgainWhereThereAreNoRanges) {
  hub.faults.breaks_after = 700'000;
  ASSERT_FALSE(get({.max_idle_tries = 1}));
  hub.faults = {.has_ranges = false};
  ASSERT_TRUE(get());
  EXPECT_EQ(content(), bytes);
}

TEST_F(DownloadTest, NoticesAnEarlyEnd) {
  hub.faults.breaks_after = 700'000;
  hub.faults.ends_early = true;
  ASSERT_TRUE(get());
  EXPECT_EQ(content(), bytes);
  hub.put("data/a.parquet", bytes.substr(1));
  hub.faults.breaks_after = 0;
  const auto nothing = get();
  ASSERT_FALSE(nothing);
  EXPECT_NE(nothing.error().message.find("0 of 2999999 bytes came"), std::string::npos)
      << nothing.error().message;
}

TEST_F(DownloadTest, RefusesOneBitThatIsAnother) {
  hub.faults.flips_a_bit = true;
  const auto done = get();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(done.error().message.find(crypto::sha256(bytes).to_hex()), std::string::npos);
  EXPECT_TRUE(names().empty());
  // Small files have git's digest.
  hub.put_small("config.json", "{}");
  ASSERT_FALSE(get({}, "config.json"));
  hub.faults = {};
  ASSERT_TRUE(get({}, "config.json"));
  EXPECT_EQ(content(), "{}");
}

TEST_F(DownloadTest, DoesNotMixTwoContents) {
  hub.faults.breaks_after = 700'000;
  ASSERT_FALSE(get({.max_idle_tries = 1}));
  std::string other = bytes;
  other[0] ^= 1;
  hub.put("data/a.parquet", other);
  hub.faults = {};
  ASSERT_TRUE(get());
  EXPECT_EQ(content(), other);
  EXPECT_EQ(names().size(), 1U);
}

TEST_F(DownloadTest, KeepsToItsTotal) {
  hub.faults = {.breaks_after = 0};
  const auto done = get({.total = std::chrono::seconds(20), .max_idle_tries = 1000});
  ASSERT_FALSE(done);
  EXPECT_LT(hub.requests().size(), 60U);
}

TEST_F(DownloadTest, LeavesTheReserveFree) {
  auto client = HubClient::create({.transport = hub, .clock = clock, .random = random},
                                  {.endpoint = FakeHub::endpoint()});
  const auto files = client->list(FakeHub::repo(), {}).value();
  const auto done = download(*client, file_system, FakeHub::repo(), files.front(), target,
                             {.min_free_bytes = ByteCount(1ULL << 60)}, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(hub.bytes_sent(), 0U);
}

}  // namespace
}  // namespace assay::hub

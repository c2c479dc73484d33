#include "files/path.h"

#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace assay::files {
namespace {

TEST(NormalForm, IsThatOfPathlib) {
  EXPECT_EQ(normal_form(".//./x"), "x");
  EXPECT_EQ(normal_form("a//b/"), "a/b");
  EXPECT_EQ(normal_form(""), ".");
  EXPECT_EQ(normal_form("."), ".");
  EXPECT_EQ(normal_form("./"), ".");
  EXPECT_EQ(normal_form(".."), "..");
  EXPECT_EQ(normal_form("a/../b"), "a/../b");
  EXPECT_EQ(normal_form("/"), "/");
  EXPECT_EQ(normal_form("//"), "//");
  EXPECT_EQ(normal_form("///"), "/");
  EXPECT_EQ(normal_form("//a/b"), "//a/b");
  EXPECT_EQ(normal_form("///a//b"), "/a/b");
  EXPECT_EQ(normal_form("/./a/."), "/a");
  EXPECT_EQ(normal_form("a b/ c"), "a b/ c");
}

class Glob : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const auto* path :
         {"data/a.parquet", "data/b.parquet", "data/.hidden.parquet", "data/x/c.parquet",
          "data/x/y/d.parquet", "data/[1].csv", "data/1.csv", "data/.git/e.parquet"}) {
      ASSERT_TRUE(write_file(file_system_, path, ""));
    }
  }

  std::vector<std::string> find(std::string_view pattern) {
    std::vector<std::string> found;
    const auto paths = glob(file_system_, pattern);
    if (!paths) return {"error: " + paths.error().message};
    for (const auto& path : *paths) found.push_back(path.native());
    // By name alone the same are found.
    for (const char* path :
         {"data", "data/x", "data/x/y", "data/.git", "data/a.parquet", "data/b.parquet",
          "data/.hidden.parquet", "data/x/c.parquet", "data/x/y/d.parquet", "data/[1].csv",
          "data/1.csv", "data/.git/e.parquet", "/data/a.parquet"}) {
      EXPECT_EQ(matches_glob(pattern, path), std::ranges::find(found, path) != found.end())
          << pattern << " " << path;
    }
    return found;
  }

  using Names = std::vector<std::string>;
  testing::SimulatedFileSystem file_system_;
};

TEST_F(Glob, MatchesWithinOnePart) {
  EXPECT_EQ(find("data/*.parquet"), (Names{"data/a.parquet", "data/b.parquet"}));
  EXPECT_EQ(find("data/?.parquet"), (Names{"data/a.parquet", "data/b.parquet"}));
  EXPECT_EQ(find("data/[!a].parquet"), Names{"data/b.parquet"});
  EXPECT_EQ(find("data/[a-b].par*t"), (Names{"data/a.parquet", "data/b.parquet"}));
  EXPECT_EQ(find("data/[[]1].csv"), Names{"data/[1].csv"});
  EXPECT_EQ(find("data/.*.parquet"), Names{"data/.hidden.parquet"});
  EXPECT_EQ(find("data/*/c.parquet"), Names{"data/x/c.parquet"});
  EXPECT_EQ(find("/data/a.*"), Names{"/data/a.parquet"});
  EXPECT_EQ(find("data/[1.csv"), Names{});
  EXPECT_EQ(find("data/*a*a*"), (Names{"data/a.parquet"}));
  EXPECT_EQ(find("absent/*"), Names{});
  EXPECT_EQ(find("data/a.parquet/*"), Names{});
}

TEST_F(Glob, TwoStarsCrossFolders) {
  EXPECT_EQ(find("data/**/*.parquet"),
            (Names{"data/a.parquet", "data/b.parquet", "data/x/c.parquet", "data/x/y/d.parquet"}));
  EXPECT_EQ(find("**/d.parquet"), Names{"data/x/y/d.parquet"});
  EXPECT_EQ(find("data/**/x/**/d.parquet"), Names{"data/x/y/d.parquet"});
  EXPECT_EQ(find("data/x/**"), (Names{"data/x/c.parquet", "data/x/y", "data/x/y/d.parquet"}));
}

TEST(GlobOnDisk, ACircleOfLinksEnds) {
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(write_file(posix_file_system(), folder.path() / "a/f", ""));
  std::filesystem::create_directory_symlink("..", folder.path() / "a/up");
  const auto found = glob(posix_file_system(), folder.path().native() + "/**/f");
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(*found, std::vector{folder.path() / "a/f"});
}

TEST(IsGlob, LooksForItsThreeCharacters) {
  EXPECT_TRUE(is_glob("a*"));
  EXPECT_TRUE(is_glob("a?"));
  EXPECT_TRUE(is_glob("[a]"));
  EXPECT_FALSE(is_glob("plain/path.parquet"));
}

}  // namespace
}  // namespace assay::files

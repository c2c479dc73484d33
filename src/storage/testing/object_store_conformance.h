/// \file
/// What every ObjectStore does, as one suite. A test file includes this header once and
/// instantiates ObjectStoreConformance with a maker.

#pragma once

#include "core/testing/stopped_token.h"
#include "storage/object_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace assay::storage::testing {

class ObjectStoreFixture {
 public:
  virtual ~ObjectStoreFixture() = default;
  virtual ObjectStore& store() = 0;
  /// What the test may write below; ends in a slash or is empty.
  virtual std::string prefix() = 0;
};

struct ObjectStoreMaker {
  std::string name;
  /// Null where its server is absent.
  std::function<std::unique_ptr<ObjectStoreFixture>()> make;
  /// More than one page of a listing, where that takes seconds at most.
  int num_many_objects = 1200;
};

/// What a failed test prints instead of the maker's bytes.
inline void PrintTo(const ObjectStoreMaker& maker, std::ostream* stream) { *stream << maker.name; }

class ObjectStoreConformance : public ::testing::TestWithParam<ObjectStoreMaker> {
 protected:
  void SetUp() override {
    fixture_ = GetParam().make();
    if (fixture_ == nullptr) {
      GTEST_SKIP() << "no server for " << GetParam().name << "; see tests/servers/with_servers.py";
    }
  }

  ObjectStore& store() { return fixture_->store(); }
  std::string key(std::string_view name) { return fixture_->prefix().append(name); }

  void put(std::string_view name, std::string_view content) {
    const auto status = store().put(key(name), as_bytes(content));
    ASSERT_TRUE(status) << status.error().message;
  }

  std::string content_of(std::string_view name) {
    const auto source = store().open(key(name));
    if (!source) return "error: " + source.error().message;
    std::string content(static_cast<std::size_t>((*source)->size().count()), ' ');
    const auto got = (*source)->read_at(0, std::as_writable_bytes(std::span(content)));
    if (!got) return "error: " + got.error().message;
    content.resize(*got);
    return content;
  }

  /// Sorted, without the fixture's prefix.
  std::vector<std::string> keys_below(std::string_view prefix) {
    std::vector<std::string> keys;
    const auto status = store().list(key(prefix),
                                     [&](std::span<const ObjectInfo> page) -> Status {
                                       for (const ObjectInfo& info : page) {
                                         keys.push_back(info.key.substr(fixture_->prefix().size()));
                                       }
                                       return {};
                                     },
                                     {});
    if (!status) keys.push_back("error: " + status.error().message);
    std::ranges::sort(keys);
    return keys;
  }

 private:
  std::unique_ptr<ObjectStoreFixture> fixture_;
};

using Keys = std::vector<std::string>;

TEST_P(ObjectStoreConformance, GivesBackWhatWasPut) {
  put("a/b.bin", "0123456789");
  const auto source = store().open(key("a/b.bin"));
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->size(), ByteCount(10));
  EXPECT_TRUE((*source)->name().ends_with("a/b.bin"));
  std::string text(4, ' ');
  const auto bytes = std::as_writable_bytes(std::span(text));
  EXPECT_EQ((*source)->read_at(3, bytes).value(), 4U);
  EXPECT_EQ(text, "3456");
  EXPECT_EQ((*source)->read_at(8, bytes).value(), 2U);
  EXPECT_EQ(text.substr(0, 2), "89");
  EXPECT_EQ((*source)->read_at(10, bytes).value(), 0U);
  EXPECT_EQ((*source)->read_at(1'000'000'000'000, bytes).value(), 0U);
}

TEST_P(ObjectStoreConformance, ReplacesWholeObjects) {
  put("a", "a long first content");
  put("a", "short");
  EXPECT_EQ(content_of("a"), "short");
}

TEST_P(ObjectStoreConformance, HoldsEmptyAndLargeObjects) {
  put("empty", "");
  EXPECT_EQ(content_of("empty"), "");
  std::string large(11'000'000, ' ');
  for (std::size_t i = 0; i < large.size(); ++i)
    large[i] = static_cast<char>(i * 2'654'435'761U >> 13);
  put("large", large);
  const std::string got = content_of("large");
  EXPECT_TRUE(got == large) << got.size() << " bytes: " << (got.size() < 1000 ? got : "");
}

TEST_P(ObjectStoreConformance, TellsSizeAndAbsence) {
  put("a/b", "12345");
  const auto info = store().info(key("a/b"));
  ASSERT_TRUE(info && *info);
  EXPECT_EQ((*info)->key, key("a/b"));
  EXPECT_EQ((*info)->size, ByteCount(5));
  EXPECT_EQ(store().info(key("absent")).value(), std::nullopt);
  EXPECT_EQ(store().info(key("a")).value(), std::nullopt) << "a prefix is no object";
}

TEST_P(ObjectStoreConformance, OpeningWhatIsAbsentIsNotFound) {
  put("a/b", "12345");
  for (const auto* name : {"absent", "a", "a/b/c"}) {
    const auto source = store().open(key(name));
    ASSERT_FALSE(source) << name;
    EXPECT_EQ(source.error().code, ErrorCode::kNotFound) << source.error().message;
    EXPECT_NE(source.error().message.find(name), std::string::npos) << source.error().message;
  }
}

TEST_P(ObjectStoreConformance, ListsByPrefixOfTheText) {
  for (const auto* name : {"x/fo", "x/foo1", "x/foo2/bar", "x/foo2/deep/er", "x/fp", "y"})
    put(name, "1");
  EXPECT_EQ(keys_below("x/foo"), (Keys{"x/foo1", "x/foo2/bar", "x/foo2/deep/er"}));
  EXPECT_EQ(keys_below("x/foo2"), (Keys{"x/foo2/bar", "x/foo2/deep/er"}));
  EXPECT_EQ(keys_below("x/foo2/"), (Keys{"x/foo2/bar", "x/foo2/deep/er"}));
  EXPECT_EQ(keys_below("x/fo").size(), 4U);
  EXPECT_EQ(keys_below("x/foo1/"), Keys{});
  EXPECT_EQ(keys_below("absent/"), Keys{});
  EXPECT_EQ(keys_below("absent"), Keys{});
  EXPECT_EQ(keys_below("").size(), 6U);
}

TEST_P(ObjectStoreConformance, ListsEveryObjectOnce) {
  Keys expected;
  for (int i = 0; i < GetParam().num_many_objects; ++i) {
    expected.push_back("many/" + std::to_string(i % 7) + "/" + std::to_string(i));
    put(expected.back(), "");
  }
  std::ranges::sort(expected);
  EXPECT_EQ(keys_below("many/"), expected);
}

TEST_P(ObjectStoreConformance, HoldsKeysWithUnusualCharacters) {
  const Keys names = {"odd/a b",          "odd/\xC3\xBC",  "odd/100%25", "odd/a+b",
                      "odd/q?x=1&y",      "odd/#f",        "odd/~'()!*", "odd/.hidden",
                      "odd/a:b@c,d;e=f$", "odd/\"quoted\""};
  for (const std::string& name : names) put(name, name);
  for (const std::string& name : names) {
    EXPECT_EQ(content_of(name), name);
    EXPECT_TRUE(store().info(key(name)).value()) << name;
  }
  Keys sorted = names;
  std::ranges::sort(sorted);
  EXPECT_EQ(keys_below("odd/"), sorted);
}

TEST_P(ObjectStoreConformance, RemovesAndRemovesAgain) {
  put("a/b", "1");
  put("a/c", "1");
  for (int i = 0; i < 2; ++i) {
    const auto removed = store().remove(key("a/b"));
    ASSERT_TRUE(removed) << removed.error().message;
  }
  EXPECT_EQ(store().info(key("a/b")).value(), std::nullopt);
  EXPECT_EQ(keys_below("a/"), Keys{"a/c"});
  ASSERT_TRUE(store().remove(key("a/c")));
  EXPECT_EQ(keys_below(""), Keys{});
}

TEST_P(ObjectStoreConformance, RefusesKeysThatCannotBe) {
  for (const std::string& bad :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"),
        std::string("a/../b"), std::string("."), std::string("a\nb"), std::string(1025, 'x')}) {
    EXPECT_EQ(store().put(bad, {}).error().code, ErrorCode::kInvalidInput) << bad;
    EXPECT_EQ(store().open(bad).error().code, ErrorCode::kInvalidInput) << bad;
    EXPECT_EQ(store().info(bad).error().code, ErrorCode::kInvalidInput) << bad;
    EXPECT_EQ(store().remove(bad).error().code, ErrorCode::kInvalidInput) << bad;
  }
}

TEST_P(ObjectStoreConformance, AListingEndsWhenTheReaderFailsOrAStopIsAskedFor) {
  put("a", "1");
  const auto refused = store().list(
      key(""), [](std::span<const ObjectInfo>) -> Status { return exhausted("enough"); }, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "enough");
  const auto stopped = store().list(
      key(""), [](std::span<const ObjectInfo>) -> Status { return {}; },
      assay::testing::stopped_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
}

TEST_P(ObjectStoreConformance, SourcesAreReadFromManyThreads) {
  std::string content;
  for (int i = 0; i < 10'000; ++i) content += static_cast<char>('a' + i % 26);
  put("shared", content);
  const auto source = store().open(key("shared"));
  ASSERT_TRUE(source);
  std::atomic<int> num_right = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::size_t i = 0; i < 20; ++i) {
          const std::size_t offset = t * 2000 + i * 90;
          std::string text(90, ' ');
          const auto got = (*source)->read_at(offset, std::as_writable_bytes(std::span(text)));
          if (got && text == content.substr(offset, 90)) ++num_right;
        }
      });
    }
  }
  EXPECT_EQ(num_right, 80);
}

}  // namespace assay::storage::testing

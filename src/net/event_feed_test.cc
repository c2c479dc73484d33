#include "net/event_feed.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace assay::net {
namespace {

std::string event(std::uint64_t id, const std::string& data) {
  return "id: " + std::to_string(id) + "\nevent: record\ndata: " + data + "\n\n";
}

constexpr auto kIgnored = [] {};

TEST(EventFeed, AClientGetsWhatComesAfterIt) {
  EventFeed feed;
  feed.publish(1, "record", "before");
  const auto client = feed.connect({}, kIgnored);
  EXPECT_EQ(client->read().text, "");
  feed.publish(4, "record", "a");
  feed.publish(7, "record", "b");
  EXPECT_EQ(client->read().text, event(4, "a") + event(7, "b"));
  EXPECT_EQ(client->read().text, "");
}

TEST(EventFeed, AClientMayBeginWithTheNewest) {
  EventFeed feed;
  for (std::uint64_t id = 1; id <= 3; ++id) feed.publish(id, "record", "x");
  EXPECT_EQ(feed.connect({.num_recent = 2}, kIgnored)->read().text, event(2, "x") + event(3, "x"));
  EXPECT_EQ(feed.connect({.num_recent = 9}, kIgnored)->read().text,
            event(1, "x") + event(2, "x") + event(3, "x"));
}

TEST(EventFeed, AClientThatComesBackMissesNothing) {
  EventFeed feed({.max_events = 2});
  for (std::uint64_t id = 1; id <= 4; ++id) feed.publish(id, "record", "x");
  EXPECT_EQ(feed.connect({.after_id = 3}, kIgnored)->read().text, event(4, "x"));
  EXPECT_EQ(feed.connect({.after_id = 4}, kIgnored)->read().text, "");
  // Kept no more itself, but all that came after it is.
  EXPECT_EQ(feed.connect({.after_id = 2}, kIgnored)->read().text, event(3, "x") + event(4, "x"));
}

TEST(EventFeed, AClientThatComesBackTooLateIsTold) {
  EventFeed feed({.max_events = 2});
  const std::string gap = "event: gap\ndata: {\"after\":1}\n\n";
  EXPECT_EQ(feed.connect({.after_id = 1}, kIgnored)->read().text, gap) << "a feed begun anew";
  for (std::uint64_t id = 1; id <= 4; ++id) feed.publish(id, "record", "x");
  EXPECT_EQ(feed.connect({.after_id = 1}, kIgnored)->read().text,
            gap + event(3, "x") + event(4, "x"));
  EXPECT_EQ(feed.connect({.after_id = 9}, kIgnored)->read().text,
            "event: gap\ndata: {\"after\":9}\n\n")
      << "of another feed";
}

TEST(EventFeed, ASlowClientIsToldAndDropped) {
  EventFeed feed({.max_events = 2});
  const auto client = feed.connect({}, kIgnored);
  for (std::uint64_t id = 1; id <= 3; ++id) feed.publish(id, "record", "x");
  const FeedClient::Text text = client->read();
  EXPECT_TRUE(text.is_last);
  EXPECT_TRUE(text.text.starts_with("event: dropped\ndata: {\"missed\":1,")) << text.text;
}

TEST(EventFeed, KeepsBytesWithinItsBoundAndTheNewestAlways) {
  EventFeed feed({.max_kept = ByteCount(100)});
  const std::string large(1000, 'y');
  feed.publish(1, "record", "x");
  feed.publish(2, "record", large);
  EXPECT_EQ(feed.connect({.num_recent = 9}, kIgnored)->read().text, event(2, large));
  feed.publish(3, "record", "z");
  EXPECT_EQ(feed.connect({.num_recent = 9}, kIgnored)->read().text, event(3, "z"));
}

TEST(EventFeed, OneReadIsBounded) {
  EventFeed feed;
  for (std::uint64_t id = 1; id <= 100; ++id) feed.publish(id, "record", std::string(2000, 'x'));
  const auto client = feed.connect({.num_recent = 100}, kIgnored);
  std::string all;
  std::size_t num_reads = 0;
  for (std::string text = client->read().text; !text.empty(); text = client->read().text) {
    EXPECT_LE(text.size(), 64U << 10);
    all += text;
    ++num_reads;
  }
  EXPECT_GE(num_reads, 3U);
  EXPECT_TRUE(all.ends_with(event(100, std::string(2000, 'x'))));
}

TEST(EventFeed, WakesOnceForEachTimeThatNothingWasThere) {
  EventFeed feed;
  int num_wakes = 0;
  const auto client = feed.connect({}, [&] { ++num_wakes; });
  feed.publish(1, "record", "x");
  EXPECT_EQ(num_wakes, 0) << "nobody has asked";
  EXPECT_NE(client->read().text, "");
  EXPECT_EQ(client->read().text, "");
  feed.publish(2, "record", "x");
  feed.publish(3, "record", "x");
  EXPECT_EQ(num_wakes, 1);
}

TEST(EventFeed, TakesNoMoreClientsThanItsBound) {
  EventFeed feed({.max_clients = 1});
  auto client = feed.connect({}, kIgnored);
  EXPECT_EQ(feed.connect({}, kIgnored), nullptr);
  client.reset();
  EXPECT_EQ(feed.num_clients(), 0U);
  EXPECT_NE(feed.connect({}, kIgnored), nullptr);
}

TEST(EventFeed, ALineBreakInDataEndsNoEvent) {
  EventFeed feed;
  feed.publish(1, "record", "a\nb\r\nid: 9\rc");
  EXPECT_EQ(feed.connect({.num_recent = 1}, kIgnored)->read().text,
            "id: 1\nevent: record\ndata: a\ndata: b\ndata: id: 9\ndata: c\n\n");
}

TEST(EventFeed, ManyThreadsPublishWhileClientsComeAndGo) {
  EventFeed feed({.max_events = 64});
  std::atomic<bool> is_over = false;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!is_over) {
        const auto client = feed.connect({.num_recent = 10}, kIgnored);
        for (int reads = 0; reads < 5; ++reads) {
          if (client->read().is_last) break;
        }
      }
    });
  }
  for (std::uint64_t id = 1; id <= 2000; ++id) feed.publish(id, "record", "x");
  is_over = true;
  readers.clear();
  EXPECT_EQ(feed.num_clients(), 0U);
  EXPECT_EQ(feed.connect({.after_id = 1999}, kIgnored)->read().text, event(2000, "x"));
}

}  // namespace
}  // namespace assay::net

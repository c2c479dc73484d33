#include "organic/admission.h"

#include "core/bytes.h"
#include "core/testing/fake_clock.h"
#include "crypto/digest.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::organic {
namespace {

using namespace std::chrono_literals;
using assay::testing::FakeClock;

Sha256 image(int number) { return crypto::sha256(fmt::format("image {}", number)); }

TEST(ClientRates, LetsABurstThroughAndThenOneAtATime) {
  FakeClock clock;
  ClientRates rates({.per_minute = 60, .burst = 5});
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(rates.take("a", clock.monotonic())) << i;
  const auto wait = rates.take("a", clock.monotonic());
  ASSERT_TRUE(wait);
  EXPECT_EQ(*wait, 1000ms);
  EXPECT_FALSE(rates.take("b", clock.monotonic())) << "nobody pays for another";
  clock.advance(999ms);
  EXPECT_TRUE(rates.take("a", clock.monotonic()));
  clock.advance(2ms);
  EXPECT_FALSE(rates.take("a", clock.monotonic()));
  EXPECT_TRUE(rates.take("a", clock.monotonic()));
}

TEST(ClientRates, WhoIsNewWaitsWhenAllAreNeeded) {
  FakeClock clock;
  ClientRates rates({.per_minute = 60, .burst = 2, .max_clients = 3});
  for (const char* name : {"a", "b", "c"}) EXPECT_FALSE(rates.take(name, clock.monotonic()));
  EXPECT_TRUE(rates.take("d", clock.monotonic()));
  EXPECT_FALSE(rates.take("a", clock.monotonic())) << "who is known goes on";
  clock.advance(2s);
  EXPECT_FALSE(rates.take("d", clock.monotonic())) << "full buckets are forgotten";
  EXPECT_LE(rates.num_clients(), 3U);
}

TEST(Admission, TakesAnImageOnceInItsWindow) {
  FakeClock clock;
  Admission admission({});
  {
    auto entry = admission.enter(image(1), clock.monotonic());
    ASSERT_TRUE(entry.place);
    auto second = admission.enter(image(1), clock.monotonic());
    EXPECT_FALSE(second.place) << "while it is worked on";
    EXPECT_TRUE(second.is_repeated);
    entry.place->answered();
  }
  clock.advance(299s);
  const auto repeated = admission.enter(image(1), clock.monotonic());
  EXPECT_FALSE(repeated.place);
  EXPECT_TRUE(repeated.is_repeated);
  EXPECT_EQ(repeated.retry_after, 1000ms);
  clock.advance(1s);
  EXPECT_TRUE(admission.enter(image(1), clock.monotonic()).place);
}

TEST(Admission, AnImageThatWasNotAnsweredMayComeAgain) {
  FakeClock clock;
  Admission admission({});
  {
    const auto entry = admission.enter(image(1), clock.monotonic());
  }
  EXPECT_TRUE(admission.enter(image(1), clock.monotonic()).place);
}

TEST(Admission, HasSoManyPlaces) {
  FakeClock clock;
  Admission admission({});
  std::vector<Admission::Entry> entries;
  for (int i = 0; i < 10; ++i) {
    entries.push_back(admission.enter(image(i), clock.monotonic()));
    ASSERT_TRUE(entries.back().place) << i;
  }
  const auto refused = admission.enter(image(10), clock.monotonic());
  EXPECT_FALSE(refused.place);
  EXPECT_FALSE(refused.is_repeated);
  EXPECT_GT(refused.retry_after, 0ms);
  EXPECT_TRUE(admission.enter(image(3), clock.monotonic()).is_repeated)
      << "a repetition is told as such even then";
  entries.pop_back();
  EXPECT_TRUE(admission.enter(image(10), clock.monotonic()).place)
      << "who was refused is not held to have come";
}

// A million clients with an image each, within twenty minutes; then as many images of one client,
// of which half are never answered.
TEST(Admission, AMillionRequestsFillNoTableBeyondItsBound) {
  FakeClock clock;
  const AdmissionOptions options{.rates = {.per_minute = 60, .burst = 20, .max_clients = 1'000},
                                 .images = {.window = 300s, .max_images = 5'000}};
  Admission admission(options);
  std::size_t most_entries = 0;
  std::size_t most_images = 0;
  std::uint64_t num_places = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    clock.advance(1200us);
    const std::string client = i < 500'000 ? fmt::format("client-{}", i) : "one";
    const auto wait = admission.charge(client, clock.monotonic());
    // Somebody without a limit: what is new at every request is the image.
    if (wait && client != "one") continue;
    auto entry = admission.enter(image(i), clock.monotonic());
    if (entry.place && i % 2 == 0) entry.place->answered();
    if (entry.place) ++num_places;
    const Admission::Sizes sizes = admission.sizes();
    most_entries = std::max(most_entries, sizes.num_entries);
    most_images = std::max(most_images, sizes.num_images);
    ASSERT_LE(sizes.num_clients, options.rates.max_clients);
    ASSERT_LE(sizes.num_entries, options.images.max_images);
  }
  EXPECT_GT(num_places, 500'000U);
  EXPECT_EQ(most_entries, options.images.max_images) << "the bound was reached";
  EXPECT_LE(most_images, options.images.max_images);
  EXPECT_EQ(admission.sizes().num_active, 0U);
}

}  // namespace
}  // namespace assay::organic

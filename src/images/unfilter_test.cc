#include "core/random.h"
#include "images/unfilter_internal.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace assay::images {
namespace {

constexpr std::size_t kSlack = 4;

struct Sample {
  std::vector<std::uint8_t> stored;
  std::vector<std::uint8_t> above;
  FilteredRows rows;
};

// Filters above 4 are not PNG's; damaged files have them.
Sample random_rows(RandomSource& random) {
  Sample sample;
  FilteredRows& rows = sample.rows;
  rows.pixel_size = 1 + random.below(4);
  rows.row_size = rows.pixel_size * (1 + random.below(20));
  rows.num_rows = 1 + random.below(13);
  sample.stored.resize(((rows.row_size + 1) * rows.num_rows) + kSlack);
  for (std::uint8_t& byte : sample.stored) byte = static_cast<std::uint8_t>(random.next());
  const std::uint64_t num_filters = random.below(4) == 0 ? 1 : 6;
  const std::uint64_t first_filter = num_filters == 1 ? random.below(5) : 0;
  for (std::size_t y = 0; y < rows.num_rows; ++y) {
    sample.stored[y * (rows.row_size + 1)] =
        static_cast<std::uint8_t>(first_filter + random.below(num_filters));
  }
  rows.stored = sample.stored.data();
  sample.above.resize(rows.row_size + kSlack);
  for (std::uint8_t& byte : sample.above) byte = static_cast<std::uint8_t>(random.next());
  if (random.below(2) == 0) rows.above = sample.above.data();
  return sample;
}

TEST(Unfilter, FastIsEqualToPlainOnRandomRows) {
  SeededRandom random(4);
  for (int i = 0; i < 20'000; ++i) {
    const Sample sample = random_rows(random);
    const std::size_t size = sample.rows.row_size * sample.rows.num_rows;
    std::vector<std::uint8_t> plain(size + kSlack, 0xaa);
    std::vector<std::uint8_t> fast(size + kSlack, 0xaa);
    unfilter_plainly(sample.rows, plain.data());
    unfilter(sample.rows, fast.data());
    ASSERT_EQ(fast, plain) << "sample " << i << ": " << sample.rows.num_rows << " rows of "
                           << sample.rows.row_size << " bytes, " << sample.rows.pixel_size
                           << " a pixel";
  }
}

// Worked out by hand: left 10, above 20, diagonal 12 guess 18, which is nearest to above.
TEST(Unfilter, PaethTakesTheNearestNeighbour) {
  const std::vector<std::uint8_t> stored{0, 12, 20, 4, static_cast<std::uint8_t>(10 - 12), 1};
  std::vector<std::uint8_t> out(4);
  unfilter_plainly({.stored = stored.data(), .row_size = 2, .num_rows = 2, .pixel_size = 1},
                   out.data());
  EXPECT_EQ(out, (std::vector<std::uint8_t>{12, 20, 10, 21}));
}

}  // namespace
}  // namespace assay::images

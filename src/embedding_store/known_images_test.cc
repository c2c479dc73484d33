#include "embedding_store/known_images.h"

#include "core/random.h"
#include "crypto/digest.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::embedding_store {
namespace {

using files::testing::SimulatedFileSystem;

constexpr KnownImagesOptions kTableOptions = {.lock_patience = std::chrono::milliseconds(0)};

KnownImage image_of(int number) {
  return {.content = crypto::sha256(std::to_string(number)),
          .width = static_cast<std::uint32_t>(number),
          .height = 7};
}

ImagePlace place_of(std::string_view archive, std::string_view entry, std::uint32_t crc32 = 1) {
  return {.archive = crypto::sha256(archive), .entry = entry, .crc32 = crc32};
}

TEST(KnownImages, ArchiveEntryAndChecksumTogetherNameAnImage) {
  SimulatedFileSystem file_system;
  SeededRandom random(1);
  auto table = KnownImages::open(file_system, "store", random, kTableOptions);
  ASSERT_TRUE(table) << table.error().message;
  const std::vector<NewKnownImage> images = {{place_of("a.zip", "x/1.png"), image_of(1)},
                                             {place_of("a.zip", "x/2.png"), image_of(2)}};
  ASSERT_TRUE((*table)->add(images));
  ASSERT_TRUE((*table)->add(images));
  table->reset();
  table = KnownImages::open(file_system, "store", random, kTableOptions);
  ASSERT_TRUE(table);
  EXPECT_EQ((*table)->size(), 2U);
  EXPECT_EQ((*table)->find(place_of("a.zip", "x/2.png")), image_of(2));
  EXPECT_EQ((*table)->find(place_of("a.zip", "x/3.png")), std::nullopt);
  EXPECT_EQ((*table)->find(place_of("b.zip", "x/2.png")), std::nullopt);
  EXPECT_EQ((*table)->find(place_of("a.zip", "x/2.png", 2)), std::nullopt);
}

TEST(KnownImages, AnImageThatIsTurnedHasASizeOfItsOwn) {
  SimulatedFileSystem file_system;
  SeededRandom random(1);
  auto table = KnownImages::open(file_system, "store", random, kTableOptions);
  ASSERT_TRUE(table);
  const ImagePlace plain = place_of("a.zip", "1");
  ImagePlace turned = plain;
  turned.is_turned = true;
  ASSERT_TRUE((*table)->add(std::vector<NewKnownImage>{{plain, image_of(1)}}));
  EXPECT_EQ((*table)->find(turned), std::nullopt);
  ASSERT_TRUE((*table)->add(std::vector<NewKnownImage>{{turned, image_of(2)}}));
  EXPECT_EQ((*table)->find(turned), image_of(2));
  EXPECT_EQ((*table)->find(plain), image_of(1));
}

TEST(KnownImages, GcForgetsWhatIsNotKept) {
  SimulatedFileSystem file_system;
  SeededRandom random(1);
  auto table = KnownImages::open(file_system, "store", random, kTableOptions);
  ASSERT_TRUE(table);
  const std::vector<NewKnownImage> images = {{place_of("a.zip", "1"), image_of(1)},
                                             {place_of("a.zip", "2"), image_of(2)}};
  ASSERT_TRUE((*table)->add(images));
  const auto left =
      (*table)->gc([](const Sha256& content) { return content == image_of(2).content; });
  ASSERT_TRUE(left) << left.error().message;
  EXPECT_EQ(*left, 1U);
  EXPECT_EQ((*table)->find(place_of("a.zip", "1")), std::nullopt);
  EXPECT_EQ((*table)->find(place_of("a.zip", "2")), image_of(2));
}

TEST(KnownImages, APowerCutAtAnyOperationLosesNothingAcknowledged) {
  for (std::uint64_t operation = 1; operation < 40; ++operation) {
    SimulatedFileSystem file_system;
    SeededRandom random(operation);
    file_system.cut_power_at(operation);
    int num_acknowledged = 0;
    if (auto table = KnownImages::open(file_system, "store", random, kTableOptions)) {
      for (int i = 0; i < 4; ++i) {
        const std::string name = std::to_string(i);
        const NewKnownImage image{place_of("a.zip", name), image_of(i)};
        if (!(*table)->add(std::span(&image, 1))) break;
        ++num_acknowledged;
      }
    }
    file_system.crash(random);
    const auto table = KnownImages::open(file_system, "store", random, kTableOptions);
    ASSERT_TRUE(table) << table.error().message;
    for (int i = 0; i < 4; ++i) {
      const auto found = (*table)->find(place_of("a.zip", std::to_string(i)));
      EXPECT_TRUE(found || i >= num_acknowledged) << operation;
      EXPECT_EQ(found.value_or(image_of(i)), image_of(i)) << operation;
    }
  }
}

}  // namespace
}  // namespace assay::embedding_store

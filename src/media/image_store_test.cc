#include "media/image_store.h"

#include "core/random.h"
#include "crypto/base64.h"
#include "files/testing/simulated_file_system.h"
#include "media/testing/sample_images.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::media {
namespace {

using files::testing::SimulatedFileSystem;

PromptImage png() {
  const auto samples = testing::sample_images();
  return *read_prompt(crypto::base64_encode(as_bytes(samples.front().bytes))).image;
}

std::unique_ptr<ImageStore> open_image_store(SimulatedFileSystem& disk) {
  auto store = ImageStore::open(disk, "/data");
  EXPECT_TRUE(store) << store.error().message;
  return std::move(*store);
}

TEST(ImageStore, StoresAnImageOnce) {
  SimulatedFileSystem disk;
  const auto store = open_image_store(disk);
  const PromptImage image = png();
  const auto path = store->store(image);
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(*path, image.file_path());
  EXPECT_EQ(disk.content("/data" / *path), as_text(image.bytes));
  EXPECT_EQ(store->store(image).value(), *path);
  EXPECT_EQ(store->size(), ByteCount(image.bytes.size()));
  EXPECT_EQ(disk.list("/data/images")->size(), 1);
  EXPECT_EQ(open_image_store(disk)->size(), ByteCount(image.bytes.size()));
}

TEST(ImageStore, IsOnDiskWhenTheCallReturns) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SimulatedFileSystem disk;
    SeededRandom random(seed);
    const PromptImage image = png();
    const auto path = open_image_store(disk)->store(image);
    ASSERT_TRUE(path);
    disk.crash(random);
    EXPECT_EQ(disk.content("/data" / *path), as_text(image.bytes));
  }
}

TEST(ImageStore, ReplacesADamagedFile) {
  SimulatedFileSystem disk;
  const PromptImage image = png();
  ASSERT_TRUE(open_image_store(disk)->store(image));
  disk.flip_byte("/data/" + image.file_path(), 40);
  const auto store = open_image_store(disk);
  EXPECT_EQ(store->store(image).value(), image.file_path());
  EXPECT_EQ(disk.content("/data/" + image.file_path()), as_text(image.bytes));
  EXPECT_EQ(store->size(), ByteCount(image.bytes.size()));
}

TEST(ImageStore, AnotherImageOfThatNameStays) {
  SimulatedFileSystem disk;
  const auto store = open_image_store(disk);
  PromptImage image = png();
  ASSERT_TRUE(store->store(image));
  // As if its hash began with the same digits.
  const PromptImage first = image;
  image.bytes.push_back(std::byte{0});
  const auto path = store->store(image);
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(*path, "images/" + image.hash.to_hex() + ".png");
  EXPECT_EQ(disk.content("/data/" + first.file_path()), as_text(first.bytes));
}

TEST(ImageStore, AFullDiskLeavesNothingBehind) {
  SimulatedFileSystem disk;
  const auto store = open_image_store(disk);
  disk.set_capacity(ByteCount(10));
  const auto path = store->store(png());
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(disk.list("/data/images")->size(), 0);
  EXPECT_EQ(store->size(), ByteCount(0));
}

}  // namespace
}  // namespace assay::media

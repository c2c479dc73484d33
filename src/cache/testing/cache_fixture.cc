#include "cache/testing/cache_fixture.h"

#include "core/check.h"
#include "files/atomic_file.h"
#include "images/encode.h"
#include "images/resize.h"

#include <fstream>

namespace assay::cache::testing {
namespace {

images::Image picture(std::uint64_t seed, std::uint32_t width, std::uint32_t height) {
  SeededRandom random(seed);
  images::Image coarse = images::Image::with_size({.width = 12, .height = 9});
  for (std::uint8_t& sample : coarse.pixels()) {
    sample = static_cast<std::uint8_t>(random.below(256));
  }
  return images::resize(coarse, {.width = width, .height = height});
}

std::string encode(const images::Image& image, int quality) {
  const auto bytes = images::encode_jpeg(image, {.quality = quality});
  CHECK(bytes.has_value(), "a picture of a test cannot be encoded");
  return std::string(as_text(*bytes));
}

}  // namespace

std::string jpeg_picture(std::uint64_t seed, std::uint32_t width, std::uint32_t height) {
  return encode(picture(seed, width, height), 85);
}

std::string jpeg_again(std::uint64_t seed) { return encode(picture(seed, 64, 48), 70); }

std::string content_of(const std::filesystem::path& path) {
  return files::read_file(files::posix_file_system(), path, ByteCount(1 << 20)).value_or("none");
}

std::unique_ptr<Store> CacheFixture::open(Access access) {
  auto store = Store::open(tools(), layout, {.access = access});
  CHECK(store.has_value(), "the cache of a test cannot be opened");
  return std::move(*store);
}

std::filesystem::path CacheFixture::put(std::string_view path, std::string_view content) const {
  const std::filesystem::path target = folder.path() / path;
  std::filesystem::create_directories(target.parent_path());
  std::ofstream(target, std::ios::binary) << content;
  return target;
}

std::filesystem::path CacheFixture::drop(std::string_view path, std::string_view content) const {
  return put("cache/" + std::string(path), content);
}

}  // namespace assay::cache::testing

#include "cache/layout.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay::cache {
namespace {

std::string lower_case(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  return result;
}

std::string extension_of(std::string_view name) {
  return lower_case(std::filesystem::path(name).extension().native());
}

}  // namespace

std::string_view to_string(CacheKind kind) {
  constexpr std::array<std::string_view, 3> kNames = {"real", "t2i", "i2i"};
  return kNames[static_cast<std::size_t>(kind)];
}

Result<CacheKind> parse_cache_kind(std::string_view text) {
  for (const CacheKind kind : kCacheKinds) {
    if (text == to_string(kind)) return kind;
  }
  return invalid_input(fmt::format("no cache is called '{}'; there are real, t2i and i2i", text));
}

std::string_view to_string(Label label) { return label == Label::kRoadwork ? "roadwork" : "none"; }

Result<Label> parse_label(std::string_view text) {
  const std::string name = lower_case(text);
  if (name == "roadwork" || name == "1") return Label::kRoadwork;
  if (name == "none" || name == "0") return Label::kNone;
  return invalid_input(
      fmt::format("no label is called '{}'; there are roadwork (1) and none (0)", text));
}

CacheKind kind_of(ItemFolder folder) {
  switch (folder) {
    case ItemFolder::kRoadworkImage:
    case ItemFolder::kRoadworkImages:
      return CacheKind::kReal;
    case ItemFolder::kSyntheticT2i:
      return CacheKind::kTextToImage;
    case ItemFolder::kSyntheticI2i:
      break;
  }
  return CacheKind::kImageToImage;
}

ItemFolder folder_of(CacheKind kind) {
  constexpr std::array<ItemFolder, 3> kFolders = {
      ItemFolder::kRoadworkImage, ItemFolder::kSyntheticT2i, ItemFolder::kSyntheticI2i};
  return kFolders[static_cast<std::size_t>(kind)];
}

std::string_view path_of(ItemFolder folder) {
  constexpr std::array<std::string_view, 4> kPaths = {"Roadwork/image", "Roadwork/images",
                                                      "Synthetic/t2i", "Synthetic/i2i"};
  return kPaths[static_cast<std::size_t>(folder)];
}

std::filesystem::path CacheLayout::served(std::uint64_t epoch) const {
  return state() / fmt::format("served-{:016x}.map", epoch);
}

bool is_image_name(std::string_view name) {
  constexpr std::array<std::string_view, 11> kExtensions = {
      ".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif"};
  return !name.starts_with('.') &&
         std::ranges::find(kExtensions, extension_of(name)) != kExtensions.end();
}

bool is_seen_by_others(std::string_view name) {
  constexpr std::array<std::string_view, 3> kExtensions = {".jpg", ".jpeg", ".png"};
  return std::ranges::find(kExtensions, extension_of(name)) != kExtensions.end();
}

std::string sidecar_name(std::string_view image_name) {
  return std::filesystem::path(image_name).replace_extension(".json").native();
}

std::filesystem::path CacheLayout::work_lock(Work work) const {
  constexpr std::array<std::string_view, 3> kNames = {"update.lock", "generate-t2i.lock",
                                                      "generate-i2i.lock"};
  return state() / kNames.at(static_cast<std::size_t>(work));
}

}  // namespace assay::cache

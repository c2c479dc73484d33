/// \file
/// Where a cache keeps what: the folders that other programs read, and our own beside them.

#pragma once

#include "core/result.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace assay::cache {

enum class CacheKind : std::uint8_t {
  kReal,          ///< Photos.
  kTextToImage,   ///< Drawn from a text.
  kImageToImage,  ///< Photos that were changed.
};
inline constexpr std::array<CacheKind, 3> kCacheKinds = {CacheKind::kReal, CacheKind::kTextToImage,
                                                         CacheKind::kImageToImage};

/// `real`, `t2i` or `i2i`.
std::string_view to_string(CacheKind kind);
/// Errors: kInvalidInput, which names the three.
Result<CacheKind> parse_cache_kind(std::string_view text);

/// What a picture shows. Sidecars hold the numbers.
enum class Label : std::uint8_t { kNone = 0, kRoadwork = 1 };

/// `none` or `roadwork`.
std::string_view to_string(Label label);
/// Read `roadwork`, `none`, or the numbers 1 and 0. Errors: kInvalidInput, which names them.
Result<Label> parse_label(std::string_view text);

/// The folders of items, by their number in the index: do not change the values. Two names of the
/// photos' folder are in use; both are read, and what is new goes to the first.
enum class ItemFolder : std::uint8_t {
  kRoadworkImage = 0,
  kRoadworkImages = 1,
  kSyntheticT2i = 2,
  kSyntheticI2i = 3,
};
inline constexpr std::array<ItemFolder, 4> kItemFolders = {
    ItemFolder::kRoadworkImage, ItemFolder::kRoadworkImages, ItemFolder::kSyntheticT2i,
    ItemFolder::kSyntheticI2i};

CacheKind kind_of(ItemFolder folder);
/// Where new items of `kind` go.
ItemFolder folder_of(CacheKind kind);
/// Below the cache's folder: `Roadwork/image`.
std::string_view path_of(ItemFolder folder);

/// What one process at a time does.
enum class Work : std::uint8_t { kUpdate, kGenerateT2i, kGenerateI2i };

/// The paths of one cache folder.
class CacheLayout {
 public:
  explicit CacheLayout(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path folder(ItemFolder folder) const { return root_ / path_of(folder); }
  /// Images that could not be taken in, each with a `.reason.txt`.
  std::filesystem::path quarantine() const { return root_ / "quarantine"; }
  /// The index and what processes share.
  std::filesystem::path state() const { return root_ / ".assay"; }
  std::filesystem::path index() const { return state() / "index.db"; }
  std::filesystem::path write_lock() const { return state() / "write.lock"; }
  /// Held by the one process that does this work; says in words who that is.
  std::filesystem::path work_lock(Work work) const;
  std::filesystem::path generate_failure() const { return state() / "generate_failure.txt"; }
  std::filesystem::path update_state() const { return state() / "update.json"; }
  /// Tables of data sets, as they came.
  std::filesystem::path tables() const { return state() / "tables"; }
  /// Of one index: another index counts anew.
  std::filesystem::path served(std::uint64_t epoch) const;

 private:
  std::filesystem::path root_;
};

/// Whether the name is that of an image that is looked at: a known extension of either case, and no
/// dot in front.
bool is_image_name(std::string_view name);
/// Whether the program that these folders were made for reads it too: `.jpg`, `.jpeg`, `.png`.
bool is_seen_by_others(std::string_view name);
/// `a.b.json` of `a.b.jpg`.
std::string sidecar_name(std::string_view image_name);

}  // namespace assay::cache

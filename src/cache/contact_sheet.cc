#include "cache/contact_sheet.h"

#include "files/atomic_file.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/resize.h"
#include "report/number_text.h"
#include "report/page.h"
#include "report/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace assay::cache {
namespace {

using report::Html;

/// What is shown together.
struct Cell {
  CacheKind kind;
  int label;  // -1: none that can be told
  std::string source;
  auto operator<=>(const Cell&) const = default;
};

/// Some of its items, each with the same chance.
struct Chosen {
  std::vector<Item> items;
  std::uint64_t num_images = 0;
};
using Cells = std::map<Cell, Chosen>;

/// Reservoir sampling (algorithm R). Errors: as Store.
Result<Cells> choose(Store& store, const ContactSheetOptions& options) {
  Cells cells;
  RETURN_IF_ERROR(store.index().for_each([&](const Item& item) {
    if (options.cache && kind_of(item.folder) != *options.cache) return;
    Chosen& chosen = cells[{.kind = kind_of(item.folder),
                            .label = item.label ? static_cast<int>(*item.label) : -1,
                            .source = item.source}];
    ++chosen.num_images;
    if (chosen.items.size() < options.max_images_each) {
      chosen.items.push_back(item);
      return;
    }
    const std::uint64_t place = store.tools().random.below(chosen.num_images);
    if (place < chosen.items.size()) chosen.items[place] = item;
  }));
  return cells;
}

images::ImageSize shrunken(images::ImageSize size, std::uint32_t max_side) {
  const std::uint32_t longer = std::max(size.width, size.height);
  if (longer <= max_side) return size;
  const auto side = [&](std::uint32_t length) {
    return static_cast<std::uint32_t>(
        std::max<std::uint64_t>(1, std::uint64_t{length} * max_side / longer));
  };
  return {.width = side(size.width), .height = side(size.height)};
}

report::Picture picture_of(const Store& store, const Item& item, std::uint32_t max_side) {
  report::Picture picture{
      .width = 4,
      .height = 3,
      .description = item.name,
      .caption = Html::text(item.name),
      .tone = item.state == ItemState::kReady ? report::Tone::kNeutral : report::Tone::kWarning};
  const auto bytes = files::read_file(store.tools().file_system, store.path_of(item),
                                      store.options().limits.max_size_bytes);
  if (!bytes) {
    picture.missing = "cannot be read";
    return picture;
  }
  auto decoded =
      images::Decoder().decode(as_bytes(*bytes), {.max_pixels = store.options().limits.max_pixels,
                                                  .orientation = images::ExifOrientation::kHonour});
  if (!decoded) {
    picture.missing = decoded.error().reason;
    return picture;
  }
  const images::ImageSize size = shrunken(decoded->image.size(), max_side);
  auto jpeg = images::encode_jpeg(images::resize(decoded->image, size), {.quality = 72});
  picture.width = size.width;
  picture.height = size.height;
  if (jpeg) picture.jpeg = std::move(*jpeg);
  return picture;
}

std::string_view label_words(int label) {
  if (label < 0) return "without a label";
  return label == 1 ? "roadwork" : "no roadwork";
}

}  // namespace

Result<ContactSheetReport> write_contact_sheet(Store& store, const ContactSheetOptions& options,
                                               const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const Cells cells, choose(store, options));
  ContactSheetReport result;
  report::Page page({.title = "Contact sheet",
                     .subtitle = store.layout().root().native(),
                     .footer = options.made_by,
                     .embedded_pictures = report::EmbeddedPictures::kAllowed});
  if (cells.empty()) page.add(report::paragraph(Html::text("The cache holds no image.")));
  std::string section;
  for (const auto& [cell, chosen] : cells) {
    std::string title = fmt::format("{}: {}", to_string(cell.kind), label_words(cell.label));
    if (title != section) page.begin_section(title);
    section = std::move(title);
    std::vector<report::Picture> pictures(chosen.items.size());
    RETURN_IF_ERROR(parallel_for(
        store.tools().pool, pictures.size(),
        [&](std::size_t i) -> Status {
          pictures[i] = picture_of(store, chosen.items[i], options.max_side);
          return {};
        },
        stop));
    const std::string heading = fmt::format(
        "{}: {} of {}", cell.source.empty() ? "no source" : cell.source,
        report::count_text(pictures.size()), report::counted(chosen.num_images, "image", "images"));
    page.add(report::card(Html::text(heading), report::render(pictures), report::CardFlag::kNone));
    result.num_shown += pictures.size();
    result.num_images += chosen.num_images;
  }
  RETURN_IF_ERROR(files::write_file(store.tools().file_system, options.target, page.render()));
  return result;
}

}  // namespace assay::cache

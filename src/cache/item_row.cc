#include "cache/item_row_internal.h"

#include <cstring>
#include <string>

namespace assay::cache {
namespace {

std::optional<ImageFacts> facts_of(const db::Statement& row) {
  const auto content = row.blob(9);
  Sha256::Bytes bytes{};
  if (content.size() != bytes.size()) return std::nullopt;
  std::memcpy(bytes.data(), content.data(), bytes.size());
  return ImageFacts{.size_bytes = static_cast<std::uint64_t>(row.integer(3)),
                    .content = Sha256(bytes),
                    .look = static_cast<std::uint64_t>(row.integer(10)),
                    .format = std::string(row.text(11)),
                    .size = {.width = static_cast<std::uint32_t>(row.integer(12)),
                             .height = static_cast<std::uint32_t>(row.integer(13))}};
}

}  // namespace

FileStamp stamp_at(const db::Statement& row, int column) {
  return {.size_bytes = static_cast<std::uint64_t>(row.integer(column)),
          .modified = to_instant(row.integer(column + 1))};
}

std::optional<Item> item_of(const db::Statement& row) {
  const std::int64_t folder = row.integer(1);
  const std::int64_t state = row.integer(7);
  if (folder < 0 || folder >= std::int64_t{kItemFolders.size()} || state < 0 ||
      state >= std::int64_t{kNumItemStates}) {
    return std::nullopt;
  }
  Item item{.id = static_cast<std::uint64_t>(row.integer(0)),
            .folder = static_cast<ItemFolder>(folder),
            .name = std::string(row.text(2)),
            .stamp = stamp_at(row, 3),
            .state = static_cast<ItemState>(state),
            .facts = facts_of(row),
            .source = std::string(row.text(14)),
            .added = to_instant(row.integer(15)),
            .problem = std::string(row.text(16))};
  if (!row.is_null(5)) item.sidecar = stamp_at(row, 5);
  if (!row.is_null(8)) item.label = row.integer(8) == 1 ? Label::kRoadwork : Label::kNone;
  return item;
}

void bind_item(db::Statement& insert, const Item& item, std::uint64_t source) {
  insert.bind_integer(1, static_cast<std::int64_t>(item.folder));
  insert.bind_text(2, item.name);
  insert.bind_integer(3, to_stored(item.stamp.size_bytes));
  insert.bind_integer(4, to_stored(item.stamp.modified));
  if (item.sidecar) {
    insert.bind_integer(5, to_stored(item.sidecar->size_bytes));
    insert.bind_integer(6, to_stored(item.sidecar->modified));
  }
  insert.bind_integer(7, static_cast<std::int64_t>(item.state));
  if (item.label) insert.bind_integer(8, static_cast<std::int64_t>(*item.label));
  if (item.facts) {
    insert.bind_blob(9, item.facts->content.bytes());
    insert.bind_integer(10, to_stored(item.facts->look));
    insert.bind_text(11, item.facts->format);
    insert.bind_integer(12, item.facts->size.width);
    insert.bind_integer(13, item.facts->size.height);
  }
  insert.bind_integer(14, to_stored(source));
  insert.bind_integer(15, to_stored(item.added));
  insert.bind_text(16, item.problem);
}

}  // namespace assay::cache

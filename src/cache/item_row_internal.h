/// \file
/// An item as a row of the index.

#pragma once

#include "cache/item_index.h"
#include "db/statement.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace assay::cache {

/// What item_of() reads, without a condition; items are `i`.
inline constexpr std::string_view kSelectItems =
    "SELECT i.id, i.folder, i.name, i.size, i.modified, i.sidecar_size, i.sidecar_modified,"
    " i.state, i.label, i.content, i.look, i.format, i.width, i.height, s.name, i.added, i.problem"
    " FROM items i JOIN sources s ON s.id = i.source ";

inline std::int64_t to_stored(Timestamp instant) { return instant.time_since_epoch().count(); }
inline std::int64_t to_stored(std::uint64_t number) { return static_cast<std::int64_t>(number); }
inline Timestamp to_instant(std::int64_t stored) {
  return Timestamp(std::chrono::microseconds(stored));
}

/// Of two columns: size and time.
FileStamp stamp_at(const db::Statement& row, int column);

/// Nothing when the row holds what no version of ours writes: it is found anew by the next scan.
std::optional<Item> item_of(const db::Statement& row);

/// As the columns behind the id, in the order of the table.
void bind_item(db::Statement& insert, const Item& item, std::uint64_t source);

}  // namespace assay::cache

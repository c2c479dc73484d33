#include "crypto/digest.h"
#include "history/stored_part_internal.h"

#include <fmt/format.h>

#include <vector>

namespace assay::history {
namespace {

constexpr std::size_t kBlockSize = std::size_t{4} << 20;

}  // namespace

Status read_stored_part(const BackupPlace& place, const BackupPart& part,
                        const std::function<Status(std::span<const std::byte>)>& on_bytes,
                        const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto source, place.store->open(key_in(place, part.key)));
  if (source->size() != part.size) {
    return corrupt(fmt::format("{} has {} bytes in place of {}", source->name(),
                               source->size().count(), part.size.count()));
  }
  crypto::Sha256Hasher hasher;
  std::vector<std::byte> block(std::min(kBlockSize, static_cast<std::size_t>(part.size.count())));
  for (std::uint64_t offset = 0; offset < part.size.count();) {
    if (stop.stop_requested()) return cancelled("stopped in " + source->name());
    ASSIGN_OR_RETURN(const std::size_t got, source->read_at(offset, block));
    if (got == 0) return corrupt(source->name() + " ends too early");
    const auto bytes = std::span<const std::byte>(block).first(got);
    hasher.update(bytes);
    RETURN_IF_ERROR(on_bytes(bytes));
    offset += got;
  }
  if (hasher.finish() != part.hash) {
    return corrupt(source->name() + " has other bytes than were backed up");
  }
  return {};
}

Status check_stored_part(const BackupPlace& place, const BackupPart& part,
                         const std::stop_token& stop) {
  return read_stored_part(place, part, [](std::span<const std::byte>) { return Status(); }, stop);
}

}  // namespace assay::history

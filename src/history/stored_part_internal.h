/// \file
/// Reads parts of a backup, and trusts none.

#pragma once

#include "core/result.h"
#include "history/backup_manifest_internal.h"

#include <cstddef>
#include <functional>
#include <span>
#include <stop_token>

namespace assay::history {

/// Hand out the bytes of a part, piece by piece, and compare them with its hash at the end.
/// Errors: kNotFound, kCorrupt (other bytes), kCancelled, those of ObjectStore and of `on_bytes`.
Status read_stored_part(const BackupPlace& place, const BackupPart& part,
                        const std::function<Status(std::span<const std::byte>)>& on_bytes,
                        const std::stop_token& stop);

/// Only compare. Errors: as read_stored_part().
Status check_stored_part(const BackupPlace& place, const BackupPart& part,
                         const std::stop_token& stop);

}  // namespace assay::history

/// \file
/// A file of a hub comes onto the disk, whole and checked, or not at all.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/sha256.h"
#include "files/file_system.h"
#include "hub/hub_client.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

namespace assay::hub {

struct DownloadOptions {
  /// What stays free on the disk.
  ByteCount min_free_bytes{1U << 30};
  /// From the first byte to the last, waits included: no try begins after it.
  std::chrono::milliseconds total = std::chrono::hours(2);
  /// A connection that gives nothing for so long is given up, and another one made.
  std::chrono::milliseconds stall_timeout = std::chrono::seconds(60);
  /// Tries in a row that bring no byte.
  unsigned max_idle_tries = 5;
  std::function<void(ByteCount done, ByteCount total)> on_progress = {};
};

struct Downloaded {
  ByteCount size = {};
  Sha256 content;
  std::string etag = {};
  std::string commit = {};
  /// What an earlier call had left; all of it when the file was there.
  ByteCount resumed_from = {};
};

/// Bring `file` to `target`. What comes is kept beside it under a hidden name until all is there
/// and size and digest are those that the hub names (SHA-256, or git's own of small files); then it
/// gets its name. After a kill or a failure the same call goes on where that stopped, unless the
/// file became another one at the hub. A target that is there and right is left alone.
///
/// Errors: those of HubClient; kCorrupt (what came is not what the hub names: it is removed; or the
///         hub names no digest), kUnavailable (also: the file changed at the hub, or another
///         process downloads it), kNoSpace, kTimeout (the total), kCancelled, and those of
///         FileSystem.
Result<Downloaded> download(HubClient& client, files::FileSystem& file_system,
                            const RepoAddress& repo, const HubFile& file,
                            const std::filesystem::path& target, const DownloadOptions& options,
                            const std::stop_token& stop);

/// Whether the name is one that download() uses on the way to `target_name`.
bool is_partial_name(std::string_view name);

}  // namespace assay::hub

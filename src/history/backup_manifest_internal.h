/// \file
/// The manifest of a backup: which file had which content, and in which objects that lies.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/sha256.h"
#include "core/timestamp.h"
#include "history/backup.h"

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::history {

struct BackupPart {
  std::string key;  ///< Relative to the place.
  ByteCount size;
  Sha256 hash;
};

struct BackupEntry {
  std::string path;
  ByteCount size;
  Timestamp modified;
  Sha256 hash;
  std::vector<BackupPart> parts;  ///< In order; none for an empty file.
};

struct BackupManifest {
  Timestamp created;
  std::vector<BackupEntry> entries;
};

/// Text of JSON lines. Order: entries by path.
std::string encode_manifest(const BackupManifest& manifest);
/// Errors: kCorrupt (also paths that lead out of the folder), kInvalidInput (a later version).
Result<BackupManifest> decode_manifest(std::string_view text);

/// Whether a file, by its path in the data folder, is of the recorder's journal.
inline bool is_journal(std::string_view path) { return path.starts_with("journal/"); }

/// A manifest's id is its time; ids sort as their times do.
std::string id_of(Timestamp created);

/// What a killed backup has sent. It has the form of a manifest, whose entries are all good.
inline constexpr std::string_view kPartialId = "partial";

/// `prefix/name`.
std::string key_in(const BackupPlace& place, std::string_view name);
std::string manifest_key(const BackupPlace& place, std::string_view id);

/// Nothing when there is none of this id. Errors: those of ObjectStore, decode_manifest().
Result<std::optional<BackupManifest>> load_manifest(const BackupPlace& place, std::string_view id);

}  // namespace assay::history

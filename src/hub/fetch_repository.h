/// \file
/// The files of a repository come into a folder, all of one commit, with a note of what came.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/sha256.h"
#include "files/file_system.h"
#include "hub/download.h"
#include "hub/hub_client.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::hub {

/// What a branch or a tag stands for when the folder holds a commit of it already.
enum class Pin : std::uint8_t {
  kKeep,  ///< The commit that is there, whatever the hub has by now.
  kMove,  ///< What the hub has now.
};

struct FetchOptions {
  /// Files by their paths; none: all that a program runs, see is_wanted_by_default().
  std::vector<std::string> patterns = {};
  Pin pin = Pin::kKeep;
  DownloadOptions download = {};
  std::function<void(std::string_view path, ByteCount done, ByteCount size)> on_progress = {};
};

struct FetchedFile {
  std::string path = {};
  ByteCount size = {};
  Sha256 content;
  bool was_there = false;
};

struct FetchedRepository {
  std::string commit = {};
  std::vector<FetchedFile> files = {};  ///< Those that were wanted. Order: of the listing.
};

/// The note in the folder: repository, revision, commit, and size and SHA-256 of each file.
inline constexpr std::string_view kFetchedNote = "fetched.json";

/// Bring the files of `asked` into `folder`, each by download(): a second call fetches what is
/// missing, and takes nothing from another commit. What the note knows of a commit holds: a hub
/// that names another digest for it is not believed.
/// Errors: as download() and HubClient; kNotFound also when no file fits; kCorrupt also when the
///         hub contradicts the note; kInvalidInput (the folder is another repository's).
Result<FetchedRepository> fetch_repository(HubClient& client, files::FileSystem& file_system,
                                           const RepoAddress& asked,
                                           const std::filesystem::path& folder,
                                           const FetchOptions& options,
                                           const std::stop_token& stop);

/// Whether a file belongs to what runs: not the hub's own hidden files, not weights of other
/// frameworks, and not pickled weights where the same folder has safetensors.
bool is_wanted_by_default(std::string_view path, std::span<const HubFile> all);

}  // namespace assay::hub

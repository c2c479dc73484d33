#include "hub/fetch_repository.h"

#include "files/atomic_file.h"
#include "hub/name_pattern.h"
#include "json/value.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

namespace assay::hub {
namespace {

namespace fs = std::filesystem;

constexpr ByteCount kMaxNoteSize{16U << 20};

struct NotedFile {
  std::uint64_t size = 0;
  std::string content;
};

/// What an earlier call wrote.
struct Note {
  std::string repository = {};
  std::string revision = {};  ///< As it was asked for.
  std::string commit = {};
  std::map<std::string, NotedFile, std::less<>> files = {};
};

Result<Note> parse_note(std::string_view text) {
  ASSIGN_OR_RETURN(const json::Value value, json::parse(text, {.max_size = kMaxNoteSize}));
  Note note;
  ASSIGN_OR_RETURN(note.repository, value.require_text("repository"));
  ASSIGN_OR_RETURN(note.revision, value.require_text("revision"));
  ASSIGN_OR_RETURN(note.commit, value.require_text("commit"));
  const json::Value* const files = value.find("files");
  if (files == nullptr || files->list() == nullptr) return invalid_input("no list of files");
  for (const json::Value& entry : *files->list()) {
    ASSIGN_OR_RETURN(const std::string path, entry.require_text("path"));
    ASSIGN_OR_RETURN(const std::int64_t size, entry.require_integer("size"));
    ASSIGN_OR_RETURN(std::string content, entry.require_text("sha256"));
    note.files[path] = {.size = static_cast<std::uint64_t>(size), .content = std::move(content)};
  }
  return note;
}

/// None: there is no note. Errors: kCorrupt (no note of ours), and those of FileSystem.
Result<std::optional<Note>> read_note(files::FileSystem& file_system, const fs::path& path) {
  auto text = files::read_file(file_system, path, kMaxNoteSize);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::optional<Note>();
  if (!text) return text.error();
  auto note = parse_note(*text);
  if (note) return std::optional(std::move(*note));
  return corrupt(fmt::format("{}: no note of what was fetched ({}); remove it to fetch anew",
                             path.native(), note.error().message));
}

std::string note_text(const Note& note) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("repository").text(note.repository);
  writer.name("revision").text(note.revision);
  writer.name("commit").text(note.commit);
  writer.name("files").begin_list();
  for (const auto& [path, file] : note.files) {
    writer.begin_object();
    writer.name("path").text(path);
    writer.name("size").unsigned_integer(file.size);
    writer.name("sha256").text(file.content);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

/// The commit that the revision stands for, if the hub says so. Errors: as HubClient.
Result<std::string> find_commit(HubClient& client, const RepoAddress& repo,
                                const std::vector<HubFile>& files, const std::stop_token& stop) {
  if (files.empty()) return std::string();
  ASSIGN_OR_RETURN(const ResolvedFile resolved, client.resolve(repo, files.front().path, stop));
  return resolved.commit;
}

bool is_wanted(const HubFile& file, const FetchOptions& options, std::span<const HubFile> all) {
  if (options.patterns.empty()) return is_wanted_by_default(file.path, all);
  return std::ranges::any_of(options.patterns, [&](const std::string& pattern) {
    return matches_pattern(file.path, pattern);
  });
}

/// The files of one commit. Errors: as fetch_repository().
Result<std::vector<HubFile>> list_commit(HubClient& client, RepoAddress& repo,
                                         const std::stop_token& stop) {
  ASSIGN_OR_RETURN(std::vector<HubFile> files, client.list(repo, stop));
  ASSIGN_OR_RETURN(const std::string commit, find_commit(client, repo, files, stop));
  if (commit.empty() || commit == repo.revision) return files;
  // A branch may move between two questions; a commit does not.
  repo.revision = commit;
  return client.list(repo, stop);
}

}  // namespace

bool is_wanted_by_default(std::string_view path, std::span<const HubFile> all) {
  const fs::path file(path);
  constexpr std::array<std::string_view, 4> kOthers = {".h5", ".msgpack", ".ot", ".tflite"};
  constexpr std::array<std::string_view, 4> kPickled = {".bin", ".pt", ".pth", ".ckpt"};
  const std::string extension = file.extension().native();
  if (path.starts_with('.') || path.contains("/.")) return false;
  if (std::ranges::find(kOthers, extension) != kOthers.end()) return false;
  if (std::ranges::find(kPickled, extension) == kPickled.end()) return true;
  // Of the IR form the weights are called so too, beside an .xml of the same name.
  const std::string beside = fs::path(path).replace_extension(".xml").native();
  return std::ranges::any_of(all, [&](const HubFile& other) { return other.path == beside; }) ||
         std::ranges::none_of(all, [&](const HubFile& other) {
           const fs::path candidate(other.path);
           return candidate.extension() == ".safetensors" &&
                  candidate.parent_path() == file.parent_path();
         });
}

Result<FetchedRepository> fetch_repository(HubClient& client, files::FileSystem& file_system,
                                           const RepoAddress& asked, const fs::path& folder,
                                           const FetchOptions& options,
                                           const std::stop_token& stop) {
  const fs::path note_path = folder / kFetchedNote;
  ASSIGN_OR_RETURN(std::optional<Note> known, read_note(file_system, note_path));
  if (known && known->repository != asked.name) {
    return invalid_input(fmt::format("{} holds files of {}: name another folder (--to)",
                                     folder.native(), known->repository));
  }
  RepoAddress repo = asked;
  if (known && options.pin == Pin::kKeep && known->revision == asked.revision) {
    repo.revision = known->commit;
  }
  ASSIGN_OR_RETURN(const std::vector<HubFile> all, list_commit(client, repo, stop));
  Note note{.repository = asked.name, .revision = asked.revision, .commit = repo.revision};
  if (known && known->commit == repo.revision) note.files = std::move(known->files);
  FetchedRepository fetched{.commit = repo.revision};
  for (const HubFile& file : all) {
    if (!is_wanted(file, options, all)) continue;
    const auto noted = note.files.find(file.path);
    const bool is_contradicted =
        noted != note.files.end() &&
        (noted->second.size != file.size.count() ||
         (file.content && noted->second.content != file.content->to_hex()));
    if (is_contradicted) {
      return corrupt(fmt::format(
          "{}: {}: the hub names another content than {} notes for commit {}: do not trust it",
          to_string(asked), file.path, note_path.native(), repo.revision));
    }
    DownloadOptions download_options = options.download;
    if (options.on_progress) {
      download_options.on_progress = [&](ByteCount done, ByteCount size) {
        options.on_progress(file.path, done, size);
      };
    }
    ASSIGN_OR_RETURN(const Downloaded done, download(client, file_system, repo, file,
                                                     folder / file.path, download_options, stop));
    fetched.files.push_back({.path = file.path,
                             .size = done.size,
                             .content = done.content,
                             .was_there = done.resumed_from == done.size});
    // After each: what came is known also when the next does not come.
    note.files[file.path] = {.size = done.size.count(), .content = done.content.to_hex()};
    RETURN_IF_ERROR(files::write_file(file_system, note_path, note_text(note)));
  }
  if (fetched.files.empty()) {
    return not_found(
        fmt::format("{}: none of its {} files fits (--files)", to_string(asked), all.size()));
  }
  return fetched;
}

}  // namespace assay::hub

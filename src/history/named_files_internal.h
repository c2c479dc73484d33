/// \file
/// Files that are named elsewhere than in records (late feedback, open generations), and whether
/// the bytes of a file are those that it is named with.

#pragma once

#include "core/result.h"
#include "core/sha256.h"
#include "core/timestamp.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace assay::history {

inline constexpr std::string_view kFeedbackFile = "generation_feedback.jsonl";
inline constexpr std::string_view kPendingFile = "pending_generations.json";
inline constexpr std::string_view kPrunedFile = "pruned_history.jsonl";

struct NamedFile {
  std::string path;
  std::string hash;  ///< Perhaps empty.
  std::string id;    ///< Of the generation.
  std::optional<Timestamp> time;
};
using OnNamedFile = std::function<void(const NamedFile&)>;

/// Feedback that came after the record says where the PLY file went. Lines that are no JSON name
/// nothing. Errors: those of read_lines(); no file is no error.
Status read_late_feedback(files::FileSystem& file_system, const std::filesystem::path& folder,
                          const OnNamedFile& on_file, const std::stop_token& stop);

/// Images, PLY files and kept samples of generations that have no record yet. A damaged file names
/// nothing.
/// Errors: kDenied, kUnavailable.
Status read_open_generations(files::FileSystem& file_system, const std::filesystem::path& folder,
                             const OnNamedFile& on_file);

/// Files that prune deleted. Errors: those of read_lines(); no file is no error.
Status read_pruned_files(files::FileSystem& file_system, const std::filesystem::path& folder,
                         const std::function<void(const std::string& path)>& on_path,
                         const std::stop_token& stop);

/// Whether bytes are those that a record speaks of.
enum class ContentMatch : std::uint8_t {
  kSame,
  kOther,
  kUnknown,  ///< The record has no `sha256:` of them.
};
ContentMatch match_hash(const Sha256& found, std::string_view hash);
/// The same of a file, which is not read when there is nothing to compare.
/// Errors: those of read_blocks().
Result<ContentMatch> match_content(files::FileSystem& file_system,
                                   const std::filesystem::path& path, std::string_view hash,
                                   const std::stop_token& stop);

}  // namespace assay::history

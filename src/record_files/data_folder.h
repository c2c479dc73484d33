/// \file
/// Where the files of a data folder lie, and the lock of the one who may rewrite them.

#pragma once

#include "compress/stream.h"
#include "core/result.h"
#include "files/file_system.h"

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::record_files {

inline constexpr std::string_view kCurrentFile = "generation_history.jsonl";
inline constexpr std::string_view kArchiveFolder = "archive";
/// Ends the names of files that are being made: no reader takes them, no backup keeps them, and
/// whoever holds the lock may remove them.
inline constexpr std::string_view kStagingSuffix = ".rotating.tmp";

using Month = std::chrono::year_month;

Month month_of(Timestamp instant);
/// `2025-11`, and back: nothing for any other text.
std::string to_text(Month month);
std::optional<Month> month_of_text(std::string_view text);

/// `generation_history_2025-11.jsonl`, perhaps with `.gz` or `.zst`.
std::string month_file_name(Month month, std::optional<compress::Format> format);
/// The month of a file of that name; nothing for any other name.
std::optional<Month> month_of_file_name(std::string_view name);

/// The files of each month, relative to `folder`: in its archive and in it, compressed or not, in
/// the order of readers.
/// Errors: kNotFound (no such folder), kDenied, kUnavailable.
Result<std::map<Month, std::vector<std::filesystem::path>>> find_month_files(
    files::FileSystem& file_system, const std::filesystem::path& folder);

/// The lock that a recorder holds as long as it runs.
/// Errors: kUnavailable (a recorder or another command has it; the message says what to do),
///         kDenied, kNoSpace.
Result<std::unique_ptr<files::FileLock>> lock_data_folder(files::FileSystem& file_system,
                                                          const std::filesystem::path& folder);

/// Fail in words when `folder` is none, or holds nothing that a recorder, or the program before,
/// writes: it is another folder. Errors: as require_folder().
Status require_history(files::FileSystem& file_system, const std::filesystem::path& folder);

/// Fail in words when `path`, which a command is about to write, leads to a file that a recorder,
/// or the program before, writes in `folder`, or into one of its folders. What cannot be looked at
/// passes: writing there says why. Errors: kInvalidInput.
Status refuse_own_file(files::FileSystem& file_system, const std::filesystem::path& folder,
                       const std::filesystem::path& path);

/// Fail in words when there is no such folder. Errors: kNotFound, kInvalidInput (a file), kDenied.
Status require_folder(files::FileSystem& file_system, const std::filesystem::path& folder);

}  // namespace assay::record_files

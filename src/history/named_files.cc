#include "core/limits.h"
#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "history/named_files_internal.h"
#include "json/value.h"
#include "record_files/line_reader.h"
#include "records/record_time.h"

#include <initializer_list>

namespace assay::history {
namespace {

using record_files::read_blocks;
using record_files::read_lines;

namespace fs = std::filesystem;

constexpr std::string_view kHashPrefix = "sha256:";

/// The text at a path of members; empty when there is none.
std::string text_at(const json::Value& value, std::initializer_list<std::string_view> path) {
  const json::Value* found = &value;
  for (const std::string_view name : path) {
    found = found->find(name);
    if (found == nullptr) return {};
  }
  return found->text() == nullptr ? std::string() : *found->text();
}

std::optional<Timestamp> time_at(const json::Value& value,
                                 std::initializer_list<std::string_view> path) {
  const auto time = records::parse_record_time(text_at(value, path));
  return time ? std::optional(time->instant) : std::nullopt;
}

void hand_out(const NamedFile& file, const OnNamedFile& on_file) {
  if (!file.path.empty()) on_file(file);
}

/// Each line that is JSON.
Status read_values(files::FileSystem& file_system, const fs::path& path,
                   const std::function<void(const json::Value&)>& on_value,
                   const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return {};
  const auto read = read_lines(
      file_system, path,
      [&](std::string_view line) -> Status {
        if (const auto value = json::parse(line)) on_value(*value);
        return {};
      },
      stop);
  return read ? Status() : Status(read.error());
}

}  // namespace

ContentMatch match_hash(const Sha256& found, std::string_view hash) {
  if (!hash.starts_with(kHashPrefix)) return ContentMatch::kUnknown;
  const auto expected = Sha256::parse(hash.substr(kHashPrefix.size()));
  return expected && *expected == found ? ContentMatch::kSame : ContentMatch::kOther;
}

Result<ContentMatch> match_content(files::FileSystem& file_system, const fs::path& path,
                                   std::string_view hash, const std::stop_token& stop) {
  if (!hash.starts_with(kHashPrefix)) return ContentMatch::kUnknown;
  crypto::Sha256Hasher hasher;
  const auto read = read_blocks(
      file_system, path,
      [&](std::span<const std::byte> block) -> Status {
        hasher.update(block);
        return {};
      },
      stop);
  if (!read) return Error(read.error());
  return match_hash(hasher.finish(), hash);
}

Status read_late_feedback(files::FileSystem& file_system, const fs::path& folder,
                          const OnNamedFile& on_file, const std::stop_token& stop) {
  return read_values(
      file_system, folder / kFeedbackFile,
      [&](const json::Value& feedback) {
        const std::string id = text_at(feedback, {"generation_id"});
        const auto time = time_at(feedback, {"feedback_time"});
        hand_out({.path = text_at(feedback, {"ply_file_path"}),
                  .hash = text_at(feedback, {"ply_file_hash"}),
                  .id = id,
                  .time = time},
                 on_file);
        hand_out({.path = text_at(feedback, {"rejected_sample_path"}),
                  .hash = text_at(feedback, {"rejected_sample_hash"}),
                  .id = id,
                  .time = time},
                 on_file);
      },
      stop);
}

Status read_open_generations(files::FileSystem& file_system, const fs::path& folder,
                             const OnNamedFile& on_file) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(folder / kPendingFile));
  if (!info) return {};
  const auto text = files::read_file(file_system, folder / kPendingFile, kMaxJsonSize);
  if (!text) return text.error().code == ErrorCode::kExhausted ? Status() : Status(text.error());
  const auto pending = json::parse(*text);
  if (!pending || pending->object() == nullptr) return {};
  for (const auto& [id, record] : *pending->object()) {
    hand_out({.path = text_at(record, {"task", "image_file_path"}),
              .hash = text_at(record, {"task", "base64_image_hash"}),
              .id = id,
              .time = {}},
             on_file);
    hand_out({.path = text_at(record, {"generation", "output", "ply_file_path"}),
              .hash = text_at(record, {"generation", "output", "ply_file_hash"}),
              .id = id,
              .time = {}},
             on_file);
    // Feedback may come before the finish.
    hand_out({.path = text_at(record, {"generation", "output", "rejected_sample_path"}),
              .hash = text_at(record, {"generation", "output", "rejected_sample_hash"}),
              .id = id,
              .time = {}},
             on_file);
  }
  return {};
}

Status read_pruned_files(files::FileSystem& file_system, const fs::path& folder,
                         const std::function<void(const std::string& path)>& on_path,
                         const std::stop_token& stop) {
  return read_values(
      file_system, folder / kPrunedFile,
      [&](const json::Value& line) {
        const std::string path = text_at(line, {"file"});
        if (!path.empty()) on_path(path);
      },
      stop);
}

}  // namespace assay::history

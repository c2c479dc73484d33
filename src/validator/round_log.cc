#include "validator/round_log.h"

#include "core/bytes.h"
#include "files/atomic_file.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace assay::validator {
namespace {

/// Twice the size at which a file is begun anew.
constexpr ByteCount kMaxFileSize{std::uint64_t{256} << 20};

/// Call `on_line` with each whole line.
template <typename OnLine>
void for_each_line(std::string_view text, const OnLine& on_line) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return;
    on_line(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
}

/// The last bytes of a file.
Result<std::string> read_end(const files::File& file, ByteCount max_size) {
  ASSIGN_OR_RETURN(const ByteCount size, file.size());
  std::string text(std::min(size.count(), max_size.count()), '\0');
  ASSIGN_OR_RETURN(
      const std::size_t num_read,
      file.read_at(size.count() - text.size(), std::as_writable_bytes(std::span(text))));
  text.resize(num_read);
  return text;
}

}  // namespace

Result<RoundLog> RoundLog::open(files::FileSystem& file_system, const std::filesystem::path& folder,
                                const RoundLogOptions& options, const OnRecord& on_record) {
  RETURN_IF_ERROR(file_system.create_folders(folder));
  RoundLog log(file_system, folder, options);
  ASSIGN_OR_RETURN(const auto older, file_system.info(folder / kOlderRoundLogFile));
  if (older) {
    ASSIGN_OR_RETURN(const auto file,
                     file_system.open(folder / kOlderRoundLogFile, files::OpenMode::kRead));
    ASSIGN_OR_RETURN(const std::string end, read_end(*file, options.max_read));
    log.read_lines(end, on_record);
  }
  ASSIGN_OR_RETURN(log.file_, file_system.open(folder / kRoundLogFile, files::OpenMode::kAppend));
  ASSIGN_OR_RETURN(const std::string end, read_end(*log.file_, options.max_read));
  ASSIGN_OR_RETURN(const ByteCount size, log.file_->size());
  const std::size_t torn = end.size() - (end.rfind('\n') + 1);
  log.size_ = size.count() - torn;
  if (torn > 0) RETURN_IF_ERROR(log.file_->truncate(ByteCount(log.size_)));
  log.read_lines(end, on_record);
  return log;
}

void RoundLog::read_lines(std::string_view text, const OnRecord& on_record) {
  // Where the text begins within a line, that one is no JSON and costs itself.
  for_each_line(text, [&](std::string_view line) {
    const auto record = parse_round_record(line);
    if (!record) return;
    next_challenge_ = std::max(next_challenge_, record->challenge + 1);
    on_record(*record);
  });
}

Status RoundLog::append(const RoundRecord& record) {
  if (size_ >= options_.max_size.count()) RETURN_IF_ERROR(begin_anew());
  const std::string line = to_json(record) + "\n";
  RETURN_IF_ERROR(file_->append(as_bytes(line)));
  size_ += line.size();
  next_challenge_ = std::max(next_challenge_, record.challenge + 1);
  return {};
}

Status RoundLog::begin_anew() {
  RETURN_IF_ERROR(file_->sync());
  file_.reset();
  RETURN_IF_ERROR(file_system_->rename(folder_ / kRoundLogFile, folder_ / kOlderRoundLogFile));
  ASSIGN_OR_RETURN(file_, file_system_->open(folder_ / kRoundLogFile, files::OpenMode::kAppend));
  RETURN_IF_ERROR(file_system_->sync_folder(folder_));
  size_ = 0;
  return {};
}

Result<std::optional<RoundRecord>> find_round(files::FileSystem& file_system,
                                              const std::filesystem::path& folder,
                                              std::uint64_t challenge) {
  std::optional<RoundRecord> found;
  for (const std::string_view name : {kOlderRoundLogFile, kRoundLogFile}) {
    ASSIGN_OR_RETURN(const auto info, file_system.info(folder / name));
    if (!info) continue;
    ASSIGN_OR_RETURN(const std::string text,
                     files::read_file(file_system, folder / name, kMaxFileSize));
    const std::string begin = "{\"challenge\":" + std::to_string(challenge) + ",";
    for_each_line(text, [&](std::string_view line) {
      if (!line.starts_with(begin)) return;
      if (auto record = parse_round_record(line)) found = std::move(*record);
    });
  }
  return found;
}

}  // namespace assay::validator

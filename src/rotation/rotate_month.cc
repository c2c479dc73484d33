#include "rotation/rotate_month.h"

#include "core/check.h"
#include "record_files/data_folder.h"
#include "record_files/line_reader.h"
#include "record_files/record_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::rotation {
namespace {

using record_files::hash_of_line;
using record_files::LineHash;

namespace fs = std::filesystem;

constexpr std::size_t kBufferSize = std::size_t{256} << 10;

}  // namespace

StagedLines::StagedLines(files::FileSystem& file_system, fs::path target, fs::path staging,
                         std::unique_ptr<files::File> file)
    : file_system_(&file_system),
      target_(std::move(target)),
      staging_(std::move(staging)),
      file_(std::move(file)) {
  if (const auto format = compress::format_of_name(target_.native())) compressor_.emplace(*format);
}

Result<StagedLines> StagedLines::create(files::FileSystem& file_system, fs::path target) {
  RETURN_IF_ERROR(file_system.create_folders(target.parent_path()));
  fs::path staging = target.parent_path() / ("." + target.filename().native());
  staging += record_files::kStagingSuffix;
  ASSIGN_OR_RETURN(auto file, file_system.open(staging, files::OpenMode::kAppend));
  RETURN_IF_ERROR(file->truncate(ByteCount(0)));
  return StagedLines(file_system, std::move(target), std::move(staging), std::move(file));
}

Status StagedLines::write_out() {
  hasher_.update(buffer_);
  Status written;
  if (compressor_) {
    written = compressor_->write(
        as_bytes(buffer_), [&](std::span<const std::byte> bytes) { return file_->append(bytes); });
  } else {
    written = file_->append(as_bytes(buffer_));
  }
  buffer_.clear();
  return with_context(std::move(written), "cannot write " + target_.native());
}

Status StagedLines::add(std::string_view line) {
  buffer_ += line;
  buffer_ += '\n';
  ++num_lines_;
  return buffer_.size() < kBufferSize ? Status() : write_out();
}

Status StagedLines::verify(const std::stop_token& stop) {
  RETURN_IF_ERROR(write_out());
  if (compressor_) {
    RETURN_IF_ERROR(compressor_->finish(
        [&](std::span<const std::byte> bytes) { return file_->append(bytes); }));
  }
  RETURN_IF_ERROR(file_->sync());
  crypto::Sha256Hasher back;
  std::optional<compress::Decompressor> decompressor;
  if (const auto format = compress::format_of_name(target_.native())) decompressor.emplace(*format);
  const compress::OnBytes hash = [&](std::span<const std::byte> bytes) -> Status {
    back.update(bytes);
    return {};
  };
  auto read = record_files::read_blocks(
      *file_system_, staging_,
      [&](std::span<const std::byte> block) {
        return decompressor ? decompressor->write(block, hash) : hash(block);
      },
      stop);
  Status verified;
  if (!read) verified = std::move(read.error());
  if (verified && decompressor) verified = decompressor->finish();
  if (verified && back.finish() != hasher_.finish()) {
    verified = corrupt("other bytes came back than were written; is the disk failing?");
  }
  return with_context(std::move(verified), "read back " + staging_.native());
}

StagedLines::~StagedLines() {
  // What cannot be removed is removed by the next rotate.
  if (file_ != nullptr) static_cast<void>(file_system_->remove(staging_));
}

Status StagedLines::publish() {
  RETURN_IF_ERROR(file_system_->rename(staging_, target_));
  file_.reset();
  return file_system_->sync_folder(target_.parent_path());
}

MonthMerge::MonthMerge(files::FileSystem& file_system, fs::path folder, fs::path target,
                       std::vector<fs::path> sources)
    : file_system_(&file_system),
      folder_(std::move(folder)),
      target_(std::move(target)),
      sources_(std::move(sources)) {}

Status MonthMerge::begin(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(auto staged, StagedLines::create(*file_system_, folder_ / target_));
  staged_ = std::make_unique<StagedLines>(std::move(staged));
  record_files::RecordScan scan;
  for (const fs::path& source : sources_) {
    auto read = record_files::read_lines(
        *file_system_, folder_ / source,
        [&](std::string_view line) -> Status {
          if (!repeats(line, scan.scan(line).id)) return staged_->add(line);
          ++num_duplicate_;
          has_duplicates_ = true;
          return {};
        },
        stop);
    if (!read) return std::move(read.error());
  }
  return {};
}

bool MonthMerge::repeats(std::string_view line, std::string_view id) {
  const LineHash hash = hash_of_line(line);
  if (id.empty()) return !lines_.insert(hash).second;
  const auto [last, is_new] = last_lines_.try_emplace(hash_of_line(id), hash);
  return !is_new && std::exchange(last->second, hash) == hash;
}

Status MonthMerge::add(std::string_view line, std::string_view id) {
  CHECK(staged_ != nullptr, "a line came before begin()");
  if (repeats(line, id)) {
    ++num_duplicate_;
    return {};
  }
  ++num_moved_;
  return staged_->add(line);
}

std::vector<fs::path> MonthMerge::replaced() const {
  std::vector<fs::path> result;
  std::ranges::copy_if(sources_, std::back_inserter(result),
                       [&](const fs::path& source) { return source != target_; });
  return result;
}

Status MonthMerge::commit(const std::stop_token& stop) {
  CHECK(staged_ != nullptr, "a month was committed before begin()");
  RETURN_IF_ERROR(staged_->verify(stop));
  RETURN_IF_ERROR(staged_->publish());
  for (const fs::path& source : replaced()) {
    RETURN_IF_ERROR(file_system_->remove(folder_ / source));
    RETURN_IF_ERROR(file_system_->sync_folder((folder_ / source).parent_path()));
  }
  return {};
}

}  // namespace assay::rotation

#include "core/bytes.h"
#include "core/crc32c.h"
#include "files/atomic_file.h"
#include "protocol/replay_log_internal.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::protocol {
namespace {

// Persisted: never changed.
constexpr std::string_view kMagic = "assayRP1";
constexpr std::size_t kKeySize = 16;
constexpr std::size_t kSenderSize = 32;
constexpr std::size_t kChecksumSize = 4;
constexpr std::size_t kRecordSize = kKeySize + kSenderSize + 8 + 8 + kChecksumSize;
/// Some 60,000 marks, or twice those that are good.
constexpr std::uint64_t kMinRewrite = std::uint64_t{4} << 20;
/// Twice the largest store.
constexpr ByteCount kMaxSize{std::uint64_t{128} << 20};

void put_number(std::string& text, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(value >> (8 * i) & 0xFFU);
}

std::uint64_t number_at(std::string_view text, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(text[offset + i])} << (8 * i);
  }
  return value;
}

std::string record_of(const LoggedMark& logged) {
  std::string record(kKeySize + kSenderSize, '\0');
  std::memcpy(record.data(), logged.mark.key.data(), kKeySize);
  std::memcpy(record.data() + kKeySize, logged.sender.account().data(), kSenderSize);
  put_number(record, logged.mark.number, 8);
  put_number(record, static_cast<std::uint64_t>(logged.expires.time_since_epoch().count()), 8);
  put_number(record, crc32c(as_bytes(record)), kChecksumSize);
  return record;
}

/// Nothing when it does not check.
std::optional<LoggedMark> parse(std::string_view record) {
  const std::string_view checked = record.substr(0, kRecordSize - kChecksumSize);
  if (number_at(record, checked.size(), kChecksumSize) != crc32c(as_bytes(checked))) {
    return std::nullopt;
  }
  keys::AccountId account{};
  std::memcpy(account.data(), record.data() + kKeySize, kSenderSize);
  constexpr std::size_t kNumberAt = kKeySize + kSenderSize;
  const auto expires = static_cast<std::int64_t>(number_at(record, kNumberAt + 8, 8));
  LoggedMark logged{.mark = {.number = number_at(record, kNumberAt, 8)},
                    .sender = keys::Hotkey(account),
                    .expires = Instant(std::chrono::nanoseconds(expires))};
  std::memcpy(logged.mark.key.data(), record.data(), kKeySize);
  return logged;
}

std::vector<LoggedMark> live_marks(std::string_view text, Instant now) {
  std::vector<LoggedMark> live;
  if (!text.starts_with(kMagic)) return live;
  for (std::string_view rest = text.substr(kMagic.size()); rest.size() >= kRecordSize;
       rest.remove_prefix(kRecordSize)) {
    const auto logged = parse(rest.substr(0, kRecordSize));
    // What follows a torn record was never written.
    if (!logged) break;
    if (logged->expires >= now) live.push_back(*logged);
  }
  return live;
}

}  // namespace

Result<ReplayLog> ReplayLog::open(files::FileSystem& file_system, const std::filesystem::path& path,
                                  Instant now, const OnMark& on_mark) {
  RETURN_IF_ERROR(file_system.create_folders(path.parent_path()));
  // Not on the file itself, which is replaced.
  ASSIGN_OR_RETURN(auto lock, with_context(file_system.lock(path.native() + ".lock"),
                                           "another process answers for this hotkey"));
  ReplayLog log(file_system, path, std::move(lock));
  ASSIGN_OR_RETURN(const auto there, file_system.info(path));
  std::vector<LoggedMark> live;
  if (there) {
    ASSIGN_OR_RETURN(const std::string text, files::read_file(file_system, path, kMaxSize));
    live = live_marks(text, now);
  }
  for (const LoggedMark& mark : live) on_mark(mark);
  RETURN_IF_ERROR(log.begin_anew(live));
  return log;
}

Status ReplayLog::append(std::span<const LoggedMark> marks) {
  std::string records;
  for (const LoggedMark& mark : marks) records += record_of(mark);
  RETURN_IF_ERROR(file_->append(as_bytes(records)));
  size_ += records.size();
  return {};
}

Status ReplayLog::begin_anew(std::span<const LoggedMark> live) {
  std::string text(kMagic);
  for (const LoggedMark& mark : live) text += record_of(mark);
  RETURN_IF_ERROR(files::write_file(*file_system_, path_, text));
  ASSIGN_OR_RETURN(file_, file_system_->open(path_, files::OpenMode::kAppend));
  size_ = text.size();
  next_rewrite_ = std::max(kMinRewrite, 2 * size_);
  return {};
}

}  // namespace assay::protocol

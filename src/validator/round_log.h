/// \file
/// The challenges of the last days, a line of JSON each: to look at, to send again, and to tell who
/// copies. Scores do not hang on it: they have a state of their own.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "files/file_system.h"
#include "validator/round_record.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

namespace assay::validator {

inline constexpr std::string_view kRoundLogFile = "rounds.jsonl";
/// What was in it before it began anew.
inline constexpr std::string_view kOlderRoundLogFile = "rounds.older.jsonl";

struct RoundLogOptions {
  /// When it is larger, it becomes the older one, and that one goes: both hold some 100,000
  /// answers.
  ByteCount max_size{std::uint64_t{32} << 20};
  /// As much of the end is read when it is opened.
  ByteCount max_read{std::uint64_t{8} << 20};
};

/// A line is there when append() has returned, whatever becomes of the process; a loss of power may
/// cost the last ones.
/// Threads: one thread at a time.
/// Errors: kNoSpace, kDenied, kUnavailable.
class RoundLog {
 public:
  using OnRecord = std::function<void(const RoundRecord&)>;

  /// Hands the last challenges to `on_record` in their order. A line that a power cut has torn is
  /// taken off; one that cannot be read costs itself.
  static Result<RoundLog> open(files::FileSystem& file_system, const std::filesystem::path& folder,
                               const RoundLogOptions& options, const OnRecord& on_record);

  /// Larger than the number of every challenge that is known.
  std::uint64_t next_challenge() const { return next_challenge_; }
  Status append(const RoundRecord& record);

 private:
  RoundLog(files::FileSystem& file_system, std::filesystem::path folder,
           const RoundLogOptions& options)
      : file_system_(&file_system), folder_(std::move(folder)), options_(options) {}
  void read_lines(std::string_view text, const OnRecord& on_record);
  Status begin_anew();

  files::FileSystem* file_system_;
  std::filesystem::path folder_;
  RoundLogOptions options_;
  std::unique_ptr<files::File> file_;
  std::uint64_t size_ = 0;
  std::uint64_t next_challenge_ = 1;
};

/// Look for a challenge; of several with one number the last is meant. Nothing when it is not
/// there, or not any more. Nothing is locked: a validator may be running. Errors: those of
/// FileSystem.
Result<std::optional<RoundRecord>> find_round(files::FileSystem& file_system,
                                              const std::filesystem::path& folder,
                                              std::uint64_t challenge);

}  // namespace assay::validator

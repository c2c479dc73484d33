/// \file
/// Recorded answers: one JSON object a line, in the order in which they were given. Format:
/// docs/formats/answer-history.md.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "scoring/answer_window.h"
#include "scoring/neuron.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::scoring {

/// One line.
struct RecordedAnswer {
  std::uint64_t line = 0;
  Uid uid = 0;
  std::string hotkey = {};
  Answer answer = {};
  /// Names the challenge, so that answers of several miners to one can be told. Empty when unsaid.
  std::string challenge = {};
};

/// Reads one line after the other. Threads: one thread at a time.
class AnswerLineReader {
 public:
  AnswerLineReader();
  AnswerLineReader(AnswerLineReader&&) noexcept;
  ~AnswerLineReader();

  /// Errors: kInvalidInput: says which field, and what was expected.
  Result<RecordedAnswer> read(std::string_view line);
  /// Also takes a line of a validator's own record, a challenge with all its answers: see
  /// docs/formats/validator-rounds.md. Those that were not awaited are none.
  /// Errors: as read().
  Result<std::vector<RecordedAnswer>> read_all(std::string_view line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct AnswerHistoryCounts {
  std::uint64_t num_answers = 0;
  std::uint64_t num_bad_lines = 0;
};

using OnAnswer = std::function<Status(const RecordedAnswer&)>;
/// Called with what is wrong with a line, in words for a person.
using OnBadLine = std::function<void(std::string_view problem)>;

/// Read a file, compressed or not. A line that cannot be read costs itself; blank lines are
/// nothing. Errors: as records::read_lines(), and what `on_answer` returns.
Result<AnswerHistoryCounts> read_answer_history(files::FileSystem& file_system,
                                                const std::filesystem::path& path,
                                                const OnAnswer& on_answer,
                                                const OnBadLine& on_bad_line,
                                                const std::stop_token& stop);

}  // namespace assay::scoring

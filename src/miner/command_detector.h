/// \file
/// A detector that is another program, asked by lines.

#pragma once

#include "miner/detector.h"
#include "process/child_process.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace assay::miner {

struct CommandDetectorOptions {
  /// For one answer, from when the program is asked.
  std::chrono::milliseconds timeout = std::chrono::seconds(8);
  /// Images that wait for the program; more are refused.
  std::size_t max_waiting = 64;
  /// After a failure the program is started again, at first after this long, then twice as long.
  std::chrono::milliseconds first_pause = std::chrono::milliseconds(500);
  std::chrono::milliseconds longest_pause = std::chrono::seconds(30);
};

/// Starts the program once and asks it about one image after the other. A question is a line
/// `{"id": 7, "image": "BASE64"}` on its input, the answer a line `{"id": 7, "prediction": 0.9}` on
/// its output; what it writes to its errors goes to ours. One that ends, answers out of turn or too
/// late is ended and started again.
///
/// It sees PATH, HOME, LANG, LD_LIBRARY_PATH, CUDA_VISIBLE_DEVICES and nothing else of our
/// environment.
class CommandDetector final : public Detector {
 public:
  /// Starts the program, found by $PATH when it has no slash.
  /// Errors: kNotFound, kDenied, kInvalidInput, kUnavailable, as process::ChildProcess.
  static Result<std::unique_ptr<CommandDetector>> start(std::vector<std::string> command,
                                                        CommandDetectorOptions options = {});
  ~CommandDetector() override;

  std::string name() const override;
  /// Errors: as Detector; also kExhausted (too many images wait).
  Result<double> judge(const DetectorInput& input, std::stop_token stop) override;

 private:
  struct Question;
  CommandDetector(process::ChildOptions child, CommandDetectorOptions options);
  void work(const std::stop_token& stop);
  Status start_child();
  Result<double> ask(const std::string& image, const std::stop_token& stop);
  void rest(const std::stop_token& stop);

  process::ChildOptions child_options_;
  CommandDetectorOptions options_;
  std::mutex mutex_;  // guards questions_
  std::condition_variable_any asked_;
  std::deque<std::shared_ptr<Question>> questions_;
  // Of the thread alone, which the child needs as its parent.
  std::unique_ptr<process::ChildProcess> child_;
  std::uint64_t next_id_ = 1;
  std::chrono::milliseconds pause_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace assay::miner

/// \file
/// Several processes on one data folder: one has the journal, the others hand their calls to it
/// over a local socket, and one of them takes its place when it is gone.

#pragma once

#include "process/local_socket.h"
#include "recorder/recorder.h"
#include "records/json_members.h"
#include "rotation/rotate.h"

#include <unistd.h>

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace assay::recorder {

/// Where the one who has the journal listens.
std::filesystem::path hand_over_path(const std::filesystem::path& folder);

/// Where a process that hands over puts the bytes of a PLY file, locked while it waits.
std::filesystem::path incoming_folder(const std::filesystem::path& folder);

/// Remove what processes left there that were killed; what is locked is on its way. What cannot be
/// removed stays: the next opening tries again. Pre: the caller holds the lock of the folder.
void discard_abandoned(files::FileSystem& file_system, const std::filesystem::path& folder);

/// Carry out a call that is written as JSON; the answer is JSON too, also that it failed. Bytes of
/// any content are answered.
std::string carry_out(Recorder& recorder, std::string_view request);

/// Ask the recorder that has `folder` to rotate it, and wait until it has.
/// Errors: kNotFound (nobody takes calls there), kCancelled, kUnavailable (it is gone, or closing),
///         and those of Recorder::rotate() there.
Result<rotation::RotateReport> ask_to_rotate(const std::filesystem::path& folder, Timestamp now,
                                             const rotation::RotateOptions& options,
                                             const std::stop_token& stop);

inline constexpr std::string_view kRotateCall = "rotate";
/// The request for it, and what carry_out() answers to one. The answer says what was done.
std::string rotate_request(Timestamp now, const rotation::RotateOptions& options);
Result<rotation::RotateReport> rotate_report_of(
    std::string_view answer);  ///< Errors: kCorrupt, and its own.
records::JsonMembers rotate_answer(Recorder& recorder, const records::JsonMembers& request);

/// An answer that says what failed; the error in an answer, if it is one.
records::JsonMembers error_answer(const Error& error);
std::optional<Error> error_of(const records::JsonMembers& answer);

/// Serves the calls of other processes until destroyed.
class HandOverServer {
 public:
  /// Pre: the caller holds the lock of the folder. Errors: as process::LocalListener::listen().
  static Result<std::unique_ptr<HandOverServer>> start(Recorder& recorder,
                                                       const std::filesystem::path& path);
  ~HandOverServer();
  HandOverServer(const HandOverServer&) = delete;
  HandOverServer& operator=(const HandOverServer&) = delete;

 private:
  struct Guest {
    explicit Guest(process::LocalConnection accepted) : connection(std::move(accepted)) {}
    process::LocalConnection connection;
    std::atomic<bool> is_gone = false;
    std::jthread thread;
  };

  HandOverServer(Recorder& recorder, process::LocalListener listener)
      : recorder_(&recorder), listener_(std::move(listener)) {}
  void accept_all(const std::stop_token& stop);
  void serve(Guest& guest, const std::stop_token& stop);

  Recorder* recorder_;
  process::LocalListener listener_;
  std::list<Guest> guests_;  // of thread_
  std::jthread thread_;
};

/// A recorder whose calls another process carries out, or this one once that is gone. Every call
/// has a key, so that one whose answer was lost is asked again without being recorded twice.
class HandedOverRecorder final : public Recorder {
 public:
  HandedOverRecorder(files::FileSystem& file_system, Clock& clock, RandomSource& random,
                     std::filesystem::path folder, RecorderOptions options)
      : file_system_(&file_system),
        clock_(&clock),
        random_(&random),
        folder_(std::move(folder)),
        options_(std::move(options)),
        process_(::getpid()) {}

  /// Errors: as process::LocalConnection::connect().
  Status connect();

  Result<Receipt> start(const NewGeneration& generation, std::string_view key) override;
  Result<Receipt> log_prompt(std::string_view generation_id, const records::EnhancedPrompt& prompt,
                             std::string_view key) override;
  Result<Receipt> log_timing(std::string_view generation_id, std::string_view timing,
                             std::string_view key) override;
  Result<Receipt> log_output(std::string_view generation_id, const NewOutput& output,
                             std::string_view key) override;
  Result<Receipt> log_submission(std::string_view generation_id,
                                 const std::optional<std::string>& rejection_reason,
                                 std::string_view key) override;
  Result<Receipt> log_feedback(std::string_view generation_id,
                               const records::FeedbackReceived& feedback,
                               std::string_view key) override;
  Result<Receipt> log_failure(std::string_view generation_id, const records::Failed& failure,
                              std::string_view key) override;
  Result<Receipt> finish(std::string_view generation_id, std::string_view key) override;
  Result<Receipt> log_config_change(std::string_view changes, std::string_view reason,
                                    std::string_view key) override;
  Result<rotation::RotateReport> rotate(Timestamp now,
                                        const rotation::RotateOptions& options) override;
  Status flush() override;
  Status checkpoint() override;
  Status close() override;
  const RecorderRecovery& recovery() const override { return recovery_; }
  RecorderStatus status() const override;

 private:
  using Connection = std::unique_ptr<process::LocalConnection>;

  Result<Receipt> ask(records::JsonMembers request, std::string_view key);
  Result<Receipt> ask_once(const std::string& request);
  Result<std::string> answer_of_other(const std::string& request);
  std::shared_ptr<Recorder> local() const;
  void take_over();
  Status append_to(const std::filesystem::path& path, std::span<const std::byte> bytes);
  std::string new_key();

  files::FileSystem* file_system_;
  Clock* clock_;
  RandomSource* random_;
  const std::filesystem::path folder_;
  const RecorderOptions options_;
  const RecorderRecovery recovery_;
  const std::int64_t process_;

  mutable std::mutex mutex_;  // guards what follows
  bool is_closed_ = false;
  std::vector<Connection> idle_;
  std::shared_ptr<Recorder> local_;  // once this process has taken the other's place
};

}  // namespace assay::recorder

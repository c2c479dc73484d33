// Several recorders on one data folder, as several processes have them: flock and the socket do
// not care that they are in one.

#include "core/testing/fake_clock.h"
#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"
#include "process/local_socket.h"
#include "recorder/recorder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace assay::recorder {
namespace {

class HandOverTest : public ::testing::Test {
 protected:
  std::unique_ptr<Recorder> open(
      RecorderOptions options = {},
      std::chrono::milliseconds derive_interval = std::chrono::milliseconds(5)) {
    options.derive_interval = derive_interval;
    auto recorder = Recorder::open(files::posix_file_system(), system_clock(), system_random(),
                                   folder_.path() / "data", options);
    if (recorder) return std::move(*recorder);
    ADD_FAILURE() << recorder.error().message;
    return nullptr;
  }
  static NewGeneration chair(std::string id) {
    NewGeneration generation;
    generation.generation_id = std::move(id);
    generation.prompt = "chair";
    return generation;
  }
  std::string content(std::string_view name) {
    auto file =
        files::posix_file_system().open(folder_.path() / "data" / name, files::OpenMode::kRead);
    if (!file) return file.error().message;
    std::string text(static_cast<std::size_t>((*file)->size()->count()), ' ');
    EXPECT_TRUE((*file)->read_at(0, std::as_writable_bytes(std::span(text))));
    return text;
  }

  files::testing::TemporaryFolder folder_;
};

TEST_F(HandOverTest, TheSecondGetsTheSameReceipts) {
  const auto first = open();
  const auto second = open();
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->status().is_handed_over);
  EXPECT_EQ(second->start(chair("a"))->verdict, records::Verdict::kApplied);
  EXPECT_EQ(first->log_timing("a", R"({"t": 1.5})")->verdict, records::Verdict::kApplied);
  EXPECT_EQ(second->log_prompt("a", {.enhanced_prompt = "a chair", .negative_prompt = {}})->verdict,
            records::Verdict::kApplied);
  EXPECT_EQ(second->log_submission("a", std::nullopt)->verdict, records::Verdict::kApplied);
  EXPECT_EQ(second->finish("a")->verdict, records::Verdict::kApplied);
  EXPECT_EQ(second->finish("a")->verdict, records::Verdict::kAlreadyFinished);
  const auto feedback =
      second->log_feedback("a", {.validator_uid = 57, .validator_hotkey = {}, .score = 0.65});
  EXPECT_EQ(feedback->verdict, records::Verdict::kLate);
  EXPECT_GT(feedback->sequence, 0U);
  const auto refused = second->log_timing("a", "no object");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  ASSERT_TRUE(second->flush());
  EXPECT_TRUE(content("generation_history.jsonl").contains(R"("enhanced_prompt": "a chair")"));
  EXPECT_TRUE(content("generation_feedback.jsonl").contains(R"("validator_uid": 57)"));
}

/// As a fault of the process would: what listened for other processes is another file.
void break_listening_sockets() {
  for (int descriptor = 0; descriptor < 4096; ++descriptor) {
    int answer = 0;
    socklen_t size = sizeof answer;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &answer, &size) != 0 || answer != AF_UNIX ||
        ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &answer, &size) != 0 || answer == 0) {
      continue;
    }
    const int other = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(other, descriptor);
    ::close(other);
  }
}

TEST_F(HandOverTest, ASocketThatListensNoMoreIsToldOnceAndCostsNothing) {
  ::testing::internal::CaptureStderr();
  {
    const auto recorder = open();
    ASSERT_TRUE(recorder);
    break_listening_sockets();
    // Whoever waits at the old one is woken; else nobody is there any more.
    const auto woken =
        process::LocalConnection::connect(folder_.path() / "data" / "journal" / "socket");
    const std::clock_t begun = std::clock();
    std::this_thread::sleep_for(std::chrono::milliseconds(1'000));
    EXPECT_LT(std::clock() - begun, CLOCKS_PER_SEC / 2) << "it tries again without a pause";
    EXPECT_EQ(recorder->start(chair("a"))->verdict, records::Verdict::kApplied);
    EXPECT_TRUE(recorder->close());
  }
  const std::string logged = ::testing::internal::GetCapturedStderr();
  const std::size_t first = logged.find("cannot hand their generations over");
  EXPECT_NE(first, std::string::npos) << logged;
  EXPECT_EQ(logged.find("cannot hand their generations over", first + 1), std::string::npos);
}

TEST_F(HandOverTest, TheRecordSaysWhichMinerHandedItOver) {
  RecorderOptions options;
  options.miner_uid = 1;
  options.miner_version = "old";
  auto first = open(options);
  options.miner_uid = 2;
  options.miner_version = "new";
  options.network = "testnet";
  const auto second = open(options);
  ASSERT_TRUE(second->status().is_handed_over);
  for (const std::string id : {"handed_over", "taken_over"}) {
    ASSERT_TRUE(second->start(chair(id)));
    ASSERT_TRUE(second->finish(id));
    ASSERT_TRUE(second->flush());
    EXPECT_TRUE(content("generation_history.jsonl")
                    .contains(R"("miner_uid": 2, "miner_version": "new", )"));
    EXPECT_TRUE(content("generation_history.jsonl").contains(R"("network": "testnet")"));
    EXPECT_FALSE(content("generation_history.jsonl").contains(R"("miner_version": "old")"));
    first.reset();
  }
}

// One that the program before does not send.
TEST_F(HandOverTest, AnOlderProgramCountsAsTheFirstMiner) {
  RecorderOptions options;
  options.miner_version = "first";
  const auto first = open(options);
  auto connection =
      process::LocalConnection::connect(folder_.path() / "data" / "journal" / "socket");
  ASSERT_TRUE(connection);
  ASSERT_TRUE(connection->send(
      as_bytes(R"({"call": "start", "generation_id": "a", "miner_config": "{}", "key": "k"})")));
  ASSERT_TRUE(connection->receive());
  ASSERT_TRUE(first->finish("a"));
  ASSERT_TRUE(first->flush());
  EXPECT_TRUE(content("generation_history.jsonl").contains(R"("miner_version": "first")"));
}

// It has the folder, and took the call: nobody knows what became of that.
TEST_F(HandOverTest, SaysThatTheOutcomeIsNotKnownWhenNoAnswerComes) {
  auto& file_system = files::posix_file_system();
  const auto journal = folder_.path() / "data" / "journal";
  ASSERT_TRUE(file_system.create_folders(journal));
  const auto lock = file_system.lock(journal / "lock");
  ASSERT_TRUE(lock);
  auto listener = process::LocalListener::listen(journal / "socket");
  ASSERT_TRUE(listener);
  assay::testing::FakeClock clock;
  const std::jthread silent([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      auto guest = listener->accept({.timeout = std::chrono::hours(1), .stop = stop});
      if (!guest) continue;
      if (guest->receive({.timeout = std::chrono::seconds(1), .stop = stop})) {
        clock.advance(std::chrono::seconds(15));
      }
    }
  });
  const auto recorder =
      Recorder::open(file_system, clock, system_random(), folder_.path() / "data", {});
  ASSERT_TRUE(recorder) << recorder.error().message;
  const auto started = (*recorder)->start(chair("a"));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(started.error().message.contains("is not known")) << started.error().message;
  EXPECT_TRUE(started.error().message.contains("is safe")) << started.error().message;
}

TEST_F(HandOverTest, PlyBytesGoTheSameWay) {
  const auto first = open();
  const auto second = open();
  ASSERT_TRUE(second->start(chair("a")));
  ASSERT_TRUE(second->log_output("a", {.output = "{}", .ply = as_bytes("bytes"), .ply_file = {}}));
  ASSERT_TRUE(
      second->log_feedback("a", {.validator_uid = {}, .validator_hotkey = {}, .score = 1.0}));
  ASSERT_TRUE(second->finish("a"));
  ASSERT_TRUE(second->flush());
  EXPECT_TRUE(content("generation_history.jsonl").contains(R"("ply_file_path": "ply_files/a_)"));
  EXPECT_TRUE(files::posix_file_system().list(folder_.path() / "data/incoming")->empty());
}

TEST_F(HandOverTest, OpeningRemovesTheBytesOfAKilledProcessAndNoOthers) {
  auto& file_system = files::posix_file_system();
  const auto incoming = folder_.path() / "data" / "incoming";
  ASSERT_TRUE(files::write_file(file_system, incoming / "abandoned.ply", "bytes"));
  ASSERT_TRUE(files::write_file(file_system, incoming / "on_its_way.ply", "bytes"));
  const auto lock = file_system.lock(incoming / "on_its_way.ply");
  ASSERT_TRUE(lock);
  ASSERT_TRUE(open());
  EXPECT_EQ(file_system.list(incoming).value(), (std::vector<std::string>{"on_its_way.ply"}));
}

TEST_F(HandOverTest, AnotherTakesThePlaceOfTheFirst) {
  auto first = open();
  const auto second = open();
  const auto third = open();
  ASSERT_TRUE(second->start(chair("a")));
  first.reset();
  EXPECT_EQ(second->finish("a")->verdict, records::Verdict::kApplied);
  EXPECT_FALSE(second->status().is_handed_over);
  EXPECT_EQ(third->start(chair("b"))->verdict, records::Verdict::kApplied);
  EXPECT_TRUE(third->status().is_handed_over);
  ASSERT_TRUE(third->flush());
  EXPECT_TRUE(content("generation_history.jsonl").contains(R"("generation_id": "a")"));
}

// The one that has the folder gives the time, whoever calls.
TEST_F(HandOverTest, ClocksOfProcessesMayBeHoursApart) {
  assay::testing::FakeClock fast;
  assay::testing::FakeClock slow(fast.now() - std::chrono::hours(7));
  const auto open_with = [&](Clock& clock) {
    return std::move(Recorder::open(files::posix_file_system(), clock, system_random(),
                                    folder_.path() / "data", {})
                         .value());
  };
  auto first = open_with(fast);
  const auto second = open_with(slow);
  ASSERT_TRUE(second->start(chair("a")));
  ASSERT_TRUE(second->log_submission("a", std::nullopt));
  first.reset();
  EXPECT_EQ(second->log_feedback("a", {.validator_uid = {}, .validator_hotkey = {}, .score = 1.0})
                ->verdict,
            records::Verdict::kApplied);
  EXPECT_EQ(second->finish("a")->verdict, records::Verdict::kApplied);
  ASSERT_TRUE(second->flush());
  const std::string history = content("generation_history.jsonl");
  EXPECT_TRUE(history.contains(R"("timestamp": "2025-10-27T00:00:00+00:00")")) << history;
  EXPECT_TRUE(history.contains(R"("feedback_time": "2025-10-26T17:00:00+00:00")")) << history;
  EXPECT_TRUE(history.contains(R"("feedback_delay_seconds": 0.0)")) << history;
}

TEST_F(HandOverTest, NothingIsLostOrDoneTwiceWhileTheFirstGoes) {
  constexpr int kNumThreads = 8;
  constexpr int kNumEach = 20;
  std::vector<std::unique_ptr<Recorder>> recorders;
  for (int i = 0; i < 3; ++i) recorders.push_back(open());
  std::atomic<int> num_finished = 0;
  std::vector<std::jthread> threads;
  threads.reserve(kNumThreads);
  for (int thread = 0; thread < kNumThreads; ++thread) {
    Recorder& recorder = *recorders[1 + static_cast<std::size_t>(thread) % 2];
    threads.emplace_back([&recorder, &num_finished, thread] {
      for (int i = 0; i < kNumEach; ++i) {
        const std::string id = fmt::format("{}-{}", thread, i);
        const auto started = recorder.start(chair(id));
        ASSERT_TRUE(started) << started.error().message;
        EXPECT_EQ(started->verdict, records::Verdict::kApplied);
        const auto finished = recorder.finish(id);
        ASSERT_TRUE(finished) << finished.error().message;
        EXPECT_EQ(finished->verdict, records::Verdict::kApplied);
        ++num_finished;
        num_finished.notify_one();
      }
    });
  }
  // In the middle of it.
  for (int seen = 0; seen < kNumThreads * kNumEach / 4; seen = num_finished)
    num_finished.wait(seen);
  recorders[0].reset();
  threads.clear();
  recorders.clear();
  const std::string history = content("generation_history.jsonl");
  EXPECT_EQ(std::ranges::count(history, '\n'), kNumThreads * kNumEach);
}

/// Whether a thread of this process but the one that asks is running or ready to.
bool others_run() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    if (entry.path().filename() == std::to_string(::gettid())) continue;
    std::string text;
    std::getline(std::ifstream(entry.path() / "stat"), text);
    // PID (NAME) STATE: see proc(5). A thread that ended meanwhile has no file.
    const std::size_t state = text.rfind(") ");
    if (state != std::string::npos && text[state + 2] != 'S') return true;
  }
  return false;
}

// What a child does: its exit status says whether all went as expected.
template <typename Work>
int status_of_child(const Work& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work() ? 0 : 1);
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

TEST_F(HandOverTest, AForkedProcessOpensAgainAndHandsOver) {
  auto first = open({}, std::chrono::milliseconds(0));
  ASSERT_TRUE(first->start(chair("a")));
  // The allocator of the address sanitizer, unlike glibc's, stays locked in the child for ever when
  // another thread is at it.
  while (others_run()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(status_of_child([&] {
              const auto refused = first->start(chair("b"));
              if (refused || refused.error().code != ErrorCode::kUnavailable) return false;
              first.reset();
              const auto again = open();
              return again != nullptr && again->status().is_handed_over &&
                     again->finish("a").has_value();
            }),
            0);
  EXPECT_EQ(first->finish("a")->verdict, records::Verdict::kAlreadyFinished);
  EXPECT_EQ(first->finish("b")->verdict, records::Verdict::kUnknownGeneration);
}

TEST_F(HandOverTest, AKilledProcessLosesNothing) {
  EXPECT_NE(status_of_child([&] {
              const auto recorder = open();
              if (!recorder->start(chair("a")) || !recorder->finish("a")) return false;
              return ::kill(::getpid(), SIGKILL) == 0;
            }),
            0);
  const auto recorder = open();
  EXPECT_FALSE(recorder->status().is_handed_over);
  EXPECT_EQ(recorder->finish("a")->verdict, records::Verdict::kAlreadyFinished);
  EXPECT_EQ(std::ranges::count(content("generation_history.jsonl"), '\n'), 1);
}

}  // namespace
}  // namespace assay::recorder

#include "process/local_socket.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace assay::process {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class LocalSocket : public ::testing::Test {
 protected:
  LocalSocket() {
    std::string name = (fs::temp_directory_path() / "assay-socket-XXXXXX").native();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  ~LocalSocket() override { fs::remove_all(folder_); }

  fs::path folder_;
};

std::string text_of(Result<std::optional<std::vector<std::byte>>> message) {
  if (!message) return "error: " + message.error().message;
  return *message ? std::string(as_text(**message)) : "closed";
}

TEST_F(LocalSocket, CarriesMessagesBothWays) {
  auto listener = LocalListener::listen(folder_ / "s").value();
  std::jthread server([&] {
    auto peer = listener.accept().value();
    while (auto message = peer.receive().value()) EXPECT_TRUE(peer.send(*message));
  });
  auto connection = LocalConnection::connect(folder_ / "s").value();
  for (const std::string& text :
       {std::string("hello"), std::string(), std::string(3'000'000, 'x')}) {
    ASSERT_TRUE(connection.send(as_bytes(text)));
    EXPECT_EQ(text_of(connection.receive()), text);
  }
}

TEST_F(LocalSocket, WorksBelowAFolderOfAnyDepth) {
  const fs::path deep = folder_ / std::string(100, 'a') / std::string(100, 'b');
  fs::create_directories(deep);
  auto listener = LocalListener::listen(deep / "s").value();
  auto connection = LocalConnection::connect(deep / "s");
  ASSERT_TRUE(connection) << connection.error().message;
  auto peer = listener.accept().value();
  ASSERT_TRUE(connection->send(as_bytes("deep")));
  EXPECT_EQ(text_of(peer.receive()), "deep");
}

TEST_F(LocalSocket, IsForThisUserAlone) {
  const auto listener = LocalListener::listen(folder_ / "s").value();
  struct stat found{};
  ASSERT_EQ(stat((folder_ / "s").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(LocalSocket, TurnsAnotherUserAway) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  auto listener = LocalListener::listen(folder_ / "s").value();
  fs::permissions(folder_, fs::perms::all);
  fs::permissions(folder_ / "s", fs::perms::all);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    if (setuid(65534) != 0) _exit(1);
    const auto connection = LocalConnection::connect(folder_ / "s");
    _exit(!connection && connection.error().code == ErrorCode::kDenied ? 42 : 2);
  }
  EXPECT_EQ(listener.accept({.timeout = milliseconds(300)}).error().code, ErrorCode::kTimeout);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST_F(LocalSocket, IsRemovedAtTheEndAndThenNobodyListens) {
  {
    const auto listener = LocalListener::listen(folder_ / "s").value();
  }
  EXPECT_FALSE(fs::exists(folder_ / "s"));
  EXPECT_EQ(LocalConnection::connect(folder_ / "s").error().code, ErrorCode::kNotFound);
}

TEST_F(LocalSocket, TakesThePlaceOfADeadProcessButNotOfALivingOne) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    const auto listener = LocalListener::listen(folder_ / "s");
    static_cast<void>(!write(ready[1], "x", 1));
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(LocalListener::listen(folder_ / "s").error().code, ErrorCode::kUnavailable);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
  ASSERT_TRUE(fs::is_socket(folder_ / "s"));
  EXPECT_EQ(LocalConnection::connect(folder_ / "s").error().code, ErrorCode::kNotFound);
  const auto listener = LocalListener::listen(folder_ / "s");
  ASSERT_TRUE(listener) << listener.error().message;
  EXPECT_TRUE(LocalConnection::connect(folder_ / "s"));
}

TEST_F(LocalSocket, LeavesAnotherFileAlone) {
  std::ofstream(folder_ / "s") << "mine";
  EXPECT_EQ(LocalListener::listen(folder_ / "s").error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(fs::is_regular_file(folder_ / "s"));
}

TEST_F(LocalSocket, RefusesNamesItCannotUse) {
  for (const fs::path& path : {folder_ / std::string(81, 'x'), folder_ / ""}) {
    EXPECT_EQ(LocalListener::listen(path).error().code, ErrorCode::kInvalidInput);
  }
  EXPECT_EQ(LocalListener::listen(folder_ / "absent/s").error().code, ErrorCode::kNotFound);
}

TEST_F(LocalSocket, WaitsNoLongerThanAsked) {
  auto listener = LocalListener::listen(folder_ / "s").value();
  EXPECT_EQ(listener.accept({.timeout = milliseconds(10)}).error().code, ErrorCode::kTimeout);
  auto connection = LocalConnection::connect(folder_ / "s").value();
  EXPECT_EQ(connection.receive({.timeout = milliseconds(10)}).error().code, ErrorCode::kTimeout);
  auto peer = listener.accept().value();
  ASSERT_TRUE(peer.send(as_bytes("later")));
  EXPECT_EQ(text_of(connection.receive()), "later");
  // Nobody reads: the buffers fill up.
  const std::string big(8'000'000, 'x');
  EXPECT_EQ(connection.send(as_bytes(big), {.timeout = milliseconds(10)}).error().code,
            ErrorCode::kTimeout);
  EXPECT_EQ(connection.send(as_bytes("x")).error().code, ErrorCode::kUnavailable);
}

TEST_F(LocalSocket, StopsWhenAsked) {
  auto listener = LocalListener::listen(folder_ / "s").value();
  std::stop_source stop;
  std::jthread stopper([&] {
    // Nothing says that accept() waits. Mostly it does by now, and the outcome is the same when it
    // does not yet.
    std::this_thread::sleep_for(milliseconds(20));
    stop.request_stop();
  });
  EXPECT_EQ(listener.accept({.stop = stop.get_token()}).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(listener.accept({.stop = stop.get_token()}).error().code, ErrorCode::kCancelled);
}

TEST_F(LocalSocket, RefusesAMessageOverTheLimitOnBothSides) {
  auto listener = LocalListener::listen(folder_ / "s").value();
  auto connection = LocalConnection::connect(folder_ / "s").value();
  auto peer = listener.accept().value();
  const std::vector<std::byte> big(kMaxLocalMessage.count() + 1);
  EXPECT_EQ(connection.send(big).error().code, ErrorCode::kInvalidInput);
  ASSERT_TRUE(connection.send(as_bytes("small")));
  EXPECT_EQ(text_of(peer.receive()), "small");

  // Another program, which writes a length of 4 GiB less one.
  const int raw = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  (folder_ / "s").native().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::connect(raw, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(write(raw, "\xFF\xFF\xFF\xFF", 4), 4);
  auto other = listener.accept().value();
  EXPECT_EQ(other.receive().error().code, ErrorCode::kCorrupt);
  close(raw);
}

TEST_F(LocalSocket, AProcessThatEndsWithinAMessageIsAnError) {
  auto listener = LocalListener::listen(folder_ / "s").value();
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    auto connection = LocalConnection::connect(folder_ / "s");
    const std::string big(8'000'000, 'x');
    if (connection) {
      static_cast<void>(connection->send(as_bytes(big), {.timeout = milliseconds(10)}));
    }
    _exit(0);
  }
  auto peer = listener.accept().value();
  waitpid(child, nullptr, 0);
  EXPECT_EQ(peer.receive().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(text_of(peer.receive()), "closed");
}

TEST_F(LocalSocket, ManyMayConnectAtOnce) {
  auto listener = LocalListener::listen(folder_ / "s").value();
  constexpr int kNumPeers = 300;  // more than the queue of the listener holds
  std::jthread server([&] {
    for (int i = 0; i < kNumPeers; ++i) {
      auto peer = listener.accept().value();
      EXPECT_EQ(text_of(peer.receive()), "hello");
    }
  });
  std::vector<std::jthread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&] {
      for (int i = 0; i < kNumPeers / 4; ++i) {
        auto connection = LocalConnection::connect(folder_ / "s");
        ASSERT_TRUE(connection) << connection.error().message;
        EXPECT_TRUE(connection->send(as_bytes("hello")));
      }
    });
  }
}

}  // namespace
}  // namespace assay::process

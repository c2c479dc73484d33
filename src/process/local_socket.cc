#include "process/local_socket.h"

#include "process/descriptor_internal.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

// The address of a socket has room for 107 bytes. So the folder is opened, and the socket named
// through it, as /proc/self/fd/N/name: short whatever the folder's own path.

namespace assay::process {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::size_t kMaxName = 80;
constexpr std::size_t kLengthSize = 4;
constexpr int kBacklog = 128;
constexpr milliseconds kRetryEvery{5};  // to connect, while the listener's queue is full

Error path_error(int number, std::string_view action, const fs::path& path) {
  std::string message = fmt::format("cannot {} {}: {}", action, path.native(),
                                    std::generic_category().message(number));
  switch (number) {
    case EACCES:
    case EPERM:
    case EROFS:
      return denied(message + "; check the owner and the permissions");
    case ENOSPC:
    case EDQUOT:
      return no_space(message + "; free some space and run again");
    case ENOENT:
      return not_found(std::move(message));
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
      return invalid_input(std::move(message));
    default:
      return unavailable(std::move(message));
  }
}

Error other_side_is_gone() { return unavailable("the process at the other end is gone"); }

struct NamedPlace {
  LocalDescriptor folder;
  sockaddr_un address{};
};

Result<NamedPlace> place_of(const fs::path& path) {
  const std::string name = path.filename().native();
  if (name.empty() || name.size() > kMaxName) {
    return invalid_input(
        fmt::format("cannot use {} for a socket: the last part of the path must "
                    "have 1 to {} bytes",
                    path.native(), kMaxName));
  }
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  LocalDescriptor folder(
      uninterrupted([&] { return open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }));
  if (folder.get() < 0) return path_error(errno, "open the folder", parent);
  NamedPlace place{.folder = std::move(folder)};
  const std::string short_path = fmt::format("/proc/self/fd/{}/{}", place.folder.get(), name);
  place.address.sun_family = AF_UNIX;
  short_path.copy(place.address.sun_path, sizeof place.address.sun_path - 1);
  return place;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Result<LocalDescriptor> make_socket() {
  LocalDescriptor made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (made.get() < 0)
    return unavailable(fmt::format("cannot make a socket: {}", std::strerror(errno)));
  return made;
}

bool is_of_this_user(int descriptor) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
         peer.uid == geteuid();
}

// Removes the socket that a dead process left at `path`; fine when nothing is there.
Status remove_stale(const fs::path& path, const NamedPlace& place) {
  const std::string name = path.filename().native();
  struct stat found{};
  if (fstatat(place.folder.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return path_error(errno, "look at", path);
  }
  if (!S_ISSOCK(found.st_mode)) {
    return invalid_input(
        fmt::format("cannot listen at {}: another file is there; move it away", path.native()));
  }
  ASSIGN_OR_RETURN(const LocalDescriptor probe, make_socket());
  const int connected = uninterrupted(
      [&] { return connect(probe.get(), generic(place.address), sizeof place.address); });
  // A full queue (EAGAIN) is that of somebody alive.
  if (connected == 0 || errno != ECONNREFUSED) {
    return unavailable(fmt::format("{} is in use by another process; stop it", path.native()));
  }
  if (unlinkat(place.folder.get(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  return path_error(errno, "remove", path);
}

// Closes for both sides: what follows half a message means nothing.
Error close_after(int descriptor, Error error) {
  shutdown(descriptor, SHUT_RDWR);
  return error;
}

Status send_all(int descriptor, std::span<const std::byte> bytes, const LocalWait& wait) {
  while (!bytes.empty()) {
    const ssize_t sent =
        uninterrupted([&] { return send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      RETURN_IF_ERROR(wait_for(descriptor, POLLOUT, wait));
    } else {
      return other_side_is_gone();
    }
  }
  return {};
}

// Reads until `into` is full or the other side has closed; says how much came by `num_read`, also
// when it fails.
Status receive_all(int descriptor, std::span<std::byte> into, const LocalWait& wait,
                   std::size_t& num_read) {
  num_read = 0;
  while (num_read < into.size()) {
    const ssize_t got = uninterrupted(
        [&] { return recv(descriptor, into.data() + num_read, into.size() - num_read, 0); });
    if (got > 0) {
      num_read += static_cast<std::size_t>(got);
    } else if (got == 0) {
      return {};
    } else if (errno == EAGAIN) {
      RETURN_IF_ERROR(wait_for(descriptor, POLLIN, wait));
    } else {
      return other_side_is_gone();
    }
  }
  return {};
}

}  // namespace

Result<LocalConnection> LocalConnection::connect(const fs::path& path, const LocalWait& wait) {
  ASSIGN_OR_RETURN(const NamedPlace place, place_of(path));
  ASSIGN_OR_RETURN(LocalDescriptor socket, make_socket());
  milliseconds waited{0};
  while (uninterrupted([&] {
           return ::connect(socket.get(), generic(place.address), sizeof place.address);
         }) != 0) {
    if (errno == ECONNREFUSED) {
      return not_found(fmt::format("nobody listens at {}", path.native()));
    }
    if (errno != EAGAIN) return path_error(errno, "connect to", path);
    const auto retry = wait_for(-1, 0, {.timeout = kRetryEvery, .stop = wait.stop});
    waited += kRetryEvery;
    if (!retry && (retry.error().code != ErrorCode::kTimeout || waited >= wait.timeout)) {
      return with_context(retry, "connect to " + path.native()).error();
    }
  }
  if (!is_of_this_user(socket.get())) {
    return denied(fmt::format("the process that listens at {} is another user's", path.native()));
  }
  return LocalConnection(std::move(socket));
}

Status LocalConnection::send(std::span<const std::byte> message, const LocalWait& wait) {
  if (message.size() > kMaxLocalMessage.count()) {
    return invalid_input(fmt::format("a message of {}, but the most is {}",
                                     to_string(ByteCount(message.size())),
                                     to_string(kMaxLocalMessage)));
  }
  std::array<std::byte, kLengthSize> length{};
  for (std::size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<std::byte>((message.size() >> (8 * i)) & 0xFFU);
  }
  for (const std::span<const std::byte> part : {std::span<const std::byte>(length), message}) {
    auto sent = send_all(socket_.get(), part, wait);
    if (!sent) return close_after(socket_.get(), std::move(sent.error()));
  }
  return {};
}

Result<std::optional<std::vector<std::byte>>> LocalConnection::receive(const LocalWait& wait) {
  std::array<std::byte, kLengthSize> length{};
  std::size_t num_read = 0;
  auto received = receive_all(socket_.get(), length, wait, num_read);
  if (!received && num_read == 0) return received.error();
  if (!received) return close_after(socket_.get(), std::move(received.error()));
  if (num_read == 0) return std::optional<std::vector<std::byte>>();
  if (num_read < length.size()) return close_after(socket_.get(), other_side_is_gone());
  std::size_t size = 0;
  for (std::size_t i = 0; i < length.size(); ++i) {
    size |= std::to_integer<std::size_t>(length[i]) << (8 * i);
  }
  if (size > kMaxLocalMessage.count()) {
    return close_after(
        socket_.get(),
        corrupt(fmt::format("a message says that it has {}, but the most is {}",
                            to_string(ByteCount(size)), to_string(kMaxLocalMessage))));
  }
  std::vector<std::byte> message(size);
  received = receive_all(socket_.get(), message, wait, num_read);
  if (!received) return close_after(socket_.get(), std::move(received.error()));
  if (num_read < size) return close_after(socket_.get(), other_side_is_gone());
  return std::optional(std::move(message));
}

Result<LocalListener> LocalListener::listen(const fs::path& path) {
  ASSIGN_OR_RETURN(NamedPlace place, place_of(path));
  RETURN_IF_ERROR(remove_stale(path, place));
  ASSIGN_OR_RETURN(LocalDescriptor socket, make_socket());
  // The file gets the mode that the socket has.
  if (fchmod(socket.get(), S_IRUSR | S_IWUSR) != 0 ||
      bind(socket.get(), generic(place.address), sizeof place.address) != 0) {
    return path_error(errno, "make the socket", path);
  }
  struct stat made{};
  if (fstatat(place.folder.get(), path.filename().c_str(), &made, AT_SYMLINK_NOFOLLOW) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    return path_error(errno, "listen at", path);
  }
  return LocalListener(std::move(socket), std::move(place.folder), path, made.st_ino);
}

LocalListener::~LocalListener() {
  if (socket_.get() < 0) return;
  const std::string name = path_.filename().native();
  struct stat found{};
  if (fstatat(folder_.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISSOCK(found.st_mode) && found.st_ino == inode_) {
    unlinkat(folder_.get(), name.c_str(), 0);
  }
}

Result<LocalConnection> LocalListener::accept(const LocalWait& wait) {
  while (true) {
    RETURN_IF_ERROR(wait_for(socket_.get(), POLLIN, wait));
    LocalDescriptor peer(uninterrupted(
        [&] { return accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); }));
    if (peer.get() >= 0 && is_of_this_user(peer.get())) return LocalConnection(std::move(peer));
    // Else it was another user, or has gone again.
    if (peer.get() < 0 && errno != EAGAIN && errno != ECONNABORTED) {
      return path_error(errno, "take a connection at", path_);
    }
  }
}

}  // namespace assay::process

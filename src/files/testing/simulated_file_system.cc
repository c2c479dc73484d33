#include "files/testing/simulated_file_system.h"

#include "core/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace assay::files::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlockSize = 512;

// The key of a path: absolute, without `.`, `..` and a last slash.
std::string key_of(const fs::path& path) {
  std::string key = (fs::path("/") / path).lexically_normal().native();
  while (key.size() > 1 && key.ends_with('/')) key.pop_back();
  return key;
}

std::string folder_of(const std::string& key) {
  const std::size_t slash = key.rfind('/');
  return slash == 0 ? "/" : key.substr(0, slash);
}

Error power_is_off() { return unavailable("the power is off"); }

}  // namespace

// A file apart from its names.
struct SimulatedFileSystem::Node {
  std::string content;
  std::string synced;         // as of the last sync
  std::size_t intact = 0;     // of `synced`, what no later cut has touched
  std::string uncut;          // before the last cut since then, if that took unsynced bytes away
  std::int64_t modified = 0;  // by State::num_writes
  bool is_locked = false;
};

// A change of names that a crash keeps or loses as a whole.
struct SimulatedFileSystem::NameChange {
  std::string from;            // loses its name; empty for a creation
  std::string to;              // gets it; empty for a removal
  std::shared_ptr<Node> node;  // what `to` then names
  std::set<std::string> unsynced_folders;
};

struct SimulatedFileSystem::State {
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  mutable std::mutex mutex;  // guards all below
  Names names;
  Names synced_names;
  std::vector<NameChange> changes;  // since; in order
  std::set<std::string> folders = {"/"};
  std::uint64_t epoch = 0;  // files and locks of an earlier one are dead
  std::uint64_t num_operations = 0;
  std::uint64_t power_cut = 0;
  Fault fault;
  std::optional<ByteCount> capacity;
  std::int64_t num_writes = 0;  // the time of this world

  // Counts one operation; says how it fails, when it does. For an append `num_kept` gets the bytes
  // to write all the same.
  Status begin(std::size_t* num_kept = nullptr) {
    ++num_operations;
    if (power_cut != 0 && num_operations >= power_cut) return power_is_off();
    if (num_operations != fault.operation) return {};
    if (num_kept != nullptr) *num_kept = fault.num_bytes_kept;
    return fault.error;
  }

  void change_names(NameChange change) {
    apply(change, names);
    for (const std::string& key : {change.from, change.to}) {
      if (!key.empty()) change.unsynced_folders.insert(folder_of(key));
    }
    changes.push_back(std::move(change));
  }

  static void apply(const NameChange& change, Names& to) {
    if (!change.from.empty()) to.erase(change.from);
    if (!change.to.empty()) to[change.to] = change.node;
  }

  std::shared_ptr<Node> find(const std::string& key) const {
    const auto found = names.find(key);
    return found == names.end() ? nullptr : found->second;
  }

  // Fails when the folder a new name would stand in is not there.
  Status check_folder_of(const std::string& key) const {
    if (folders.contains(folder_of(key))) return {};
    return not_found(fmt::format("cannot make {}: its folder is not there", key));
  }

  std::shared_ptr<Node> create(const std::string& key) {
    auto node = std::make_shared<Node>();
    change_names({.from = {}, .to = key, .node = node, .unsynced_folders = {}});
    return node;
  }

  std::uint64_t num_bytes_used() const {
    std::uint64_t total = 0;
    std::set<const Node*> seen;
    for (const auto& [key, node] : names) {
      if (seen.insert(node.get()).second) total += node->content.size();
    }
    return total;
  }

  void restart() {
    ++epoch;
    power_cut = 0;
    fault = {};
    for (const auto& [key, node] : names) node->is_locked = false;
  }
};

class SimulatedFileSystem::OpenFile final : public File {
 public:
  OpenFile(std::shared_ptr<State> state, std::shared_ptr<Node> node, std::string key, OpenMode mode)
      : state_(std::move(state)),
        node_(std::move(node)),
        key_(std::move(key)),
        mode_(mode),
        epoch_(state_->epoch) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    const std::scoped_lock guard(state_->mutex);
    RETURN_IF_ERROR(begin("read"));
    if (offset >= node_->content.size()) return std::size_t{0};
    const auto start = static_cast<std::size_t>(offset);
    const std::size_t length = std::min(into.size(), node_->content.size() - start);
    std::ranges::copy(as_bytes(std::string_view(node_->content).substr(start, length)),
                      into.begin());
    return length;
  }

  Status append(std::span<const std::byte> bytes) override {
    const std::scoped_lock guard(state_->mutex);
    RETURN_IF_ERROR(check_writable());
    std::size_t num_kept = 0;
    auto status = begin("write", &num_kept);
    if (!status) bytes = bytes.first(std::min(num_kept, bytes.size()));
    if (state_->capacity) {
      const std::uint64_t used = state_->num_bytes_used();
      const std::uint64_t room =
          state_->capacity->count() - std::min(used, state_->capacity->count());
      if (bytes.size() > room) {
        bytes = bytes.first(static_cast<std::size_t>(room));
        status = no_space(fmt::format("cannot write {}: no space left", key_));
      }
    }
    node_->content += as_text(bytes);
    node_->modified = ++state_->num_writes;
    return status;
  }

  Status sync() override {
    const std::scoped_lock guard(state_->mutex);
    RETURN_IF_ERROR(begin("sync"));
    node_->synced = node_->content;
    node_->intact = node_->content.size();
    node_->uncut.clear();
    return {};
  }

  Status truncate(ByteCount size) override {
    const std::scoped_lock guard(state_->mutex);
    RETURN_IF_ERROR(check_writable());
    RETURN_IF_ERROR(begin("cut"));
    if (node_->content.size() > std::max<std::uint64_t>(size.count(), node_->synced.size())) {
      node_->uncut = node_->content;
    }
    node_->content.resize(static_cast<std::size_t>(size.count()));
    node_->modified = ++state_->num_writes;
    node_->intact = std::min(node_->intact, node_->content.size());
    return {};
  }

  Result<ByteCount> size() const override {
    const std::scoped_lock guard(state_->mutex);
    if (epoch_ != state_->epoch) return power_is_off();
    return ByteCount(node_->content.size());
  }

 private:
  Status begin(std::string_view action, std::size_t* num_kept = nullptr) const {
    if (epoch_ != state_->epoch) return power_is_off();
    return with_context(state_->begin(num_kept), fmt::format("cannot {} {}", action, key_));
  }

  Status check_writable() const {
    if (mode_ != OpenMode::kRead) return {};
    return invalid_input(fmt::format("cannot write {}: it was opened for reading", key_));
  }

  std::shared_ptr<State> state_;
  std::shared_ptr<Node> node_;
  std::string key_;
  OpenMode mode_;
  std::uint64_t epoch_ = 0;
};

class SimulatedFileSystem::HeldLock final : public FileLock {
 public:
  HeldLock(std::shared_ptr<State> state, std::shared_ptr<Node> node)
      : state_(std::move(state)), node_(std::move(node)), epoch_(state_->epoch) {
    node_->is_locked = true;
  }
  ~HeldLock() override {
    const std::scoped_lock guard(state_->mutex);
    if (epoch_ == state_->epoch) node_->is_locked = false;
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Node> node_;
  std::uint64_t epoch_ = 0;
};

SimulatedFileSystem::SimulatedFileSystem() : state_(std::make_shared<State>()) {}
SimulatedFileSystem::~SimulatedFileSystem() = default;

Result<std::unique_ptr<File>> SimulatedFileSystem::open(const fs::path& path, OpenMode mode) {
  const std::scoped_lock guard(state_->mutex);
  const std::string key = key_of(path);
  RETURN_IF_ERROR(with_context(state_->begin(), "cannot open " + key));
  if (state_->folders.contains(key)) {
    return invalid_input(fmt::format("cannot open {}: it is a folder", key));
  }
  auto node = state_->find(key);
  if (node != nullptr && (mode == OpenMode::kCreateNew || mode == OpenMode::kCreateSecret)) {
    return invalid_input(fmt::format("cannot open {}: it exists", key));
  }
  if (node == nullptr) {
    if (mode == OpenMode::kRead || mode == OpenMode::kWriteThrough) {
      return not_found(fmt::format("cannot open {}: there is no such file", key));
    }
    RETURN_IF_ERROR(state_->check_folder_of(key));
    node = state_->create(key);
  }
  return std::make_unique<OpenFile>(state_, std::move(node), key, mode);
}

Result<std::optional<FileInfo>> SimulatedFileSystem::info(const fs::path& path) {
  const std::scoped_lock guard(state_->mutex);
  const std::string key = key_of(path);
  const Timestamp modified{std::chrono::microseconds(state_->num_writes)};
  if (state_->folders.contains(key)) {
    return std::optional(
        FileInfo{.kind = FileKind::kFolder, .size = ByteCount(0), .modified = modified});
  }
  const auto node = state_->find(key);
  if (node == nullptr) return std::optional<FileInfo>();
  return std::optional(
      FileInfo{.kind = FileKind::kFile,
               .size = ByteCount(node->content.size()),
               .modified = Timestamp(std::chrono::microseconds(node->modified)),
               .identity = {1, reinterpret_cast<std::uintptr_t>(node.get())},
               .num_names = static_cast<std::uint64_t>(std::ranges::count(
                   state_->names, node, [](const auto& name) { return name.second; }))});
}

Result<DiskSpace> SimulatedFileSystem::space(const fs::path& path) {
  const std::scoped_lock guard(state_->mutex);
  const std::string key = key_of(path);
  if (!state_->folders.contains(key) && state_->find(key) == nullptr) {
    return not_found(fmt::format("cannot ask for the space of {}: it is not there", key));
  }
  const ByteCount total = state_->capacity.value_or(ByteCount(std::uint64_t{1} << 40));
  const ByteCount used(std::min(state_->num_bytes_used(), total.count()));
  return DiskSpace{.total = total, .free = total - used};
}

Result<fs::path> SimulatedFileSystem::resolve(const fs::path& path) {
  return fs::path(key_of(path));
}

Result<std::vector<std::string>> SimulatedFileSystem::list(const fs::path& folder) {
  const std::scoped_lock guard(state_->mutex);
  const std::string key = key_of(folder);
  RETURN_IF_ERROR(with_context(state_->begin(), "cannot list " + key));
  if (state_->find(key) != nullptr) {
    return invalid_input(fmt::format("cannot list {}: it is a file", key));
  }
  if (!state_->folders.contains(key)) {
    return not_found(fmt::format("cannot list {}: there is no such folder", key));
  }
  std::vector<std::string> found;
  const auto take = [&](const std::string& path) {
    if (path != "/" && folder_of(path) == key) found.push_back(path.substr(path.rfind('/') + 1));
  };
  for (const auto& [path, node] : state_->names) take(path);
  for (const std::string& path : state_->folders) take(path);
  std::ranges::sort(found);
  return found;
}

Status SimulatedFileSystem::rename(const fs::path& from, const fs::path& to) {
  const std::scoped_lock guard(state_->mutex);
  const std::string from_key = key_of(from);
  const std::string to_key = key_of(to);
  RETURN_IF_ERROR(with_context(state_->begin(), "cannot rename " + from_key));
  auto node = state_->find(from_key);
  if (node == nullptr) return not_found(fmt::format("cannot rename {}: no such file", from_key));
  if (state_->folders.contains(to_key)) {
    return invalid_input(fmt::format("cannot rename to {}: it is a folder", to_key));
  }
  RETURN_IF_ERROR(state_->check_folder_of(to_key));
  state_->change_names({.from = from_key, .to = to_key, .node = node, .unsynced_folders = {}});
  return {};
}

Status SimulatedFileSystem::link(const fs::path& from, const fs::path& to) {
  const std::scoped_lock guard(state_->mutex);
  const std::string from_key = key_of(from);
  const std::string to_key = key_of(to);
  RETURN_IF_ERROR(with_context(state_->begin(), "cannot link " + from_key));
  auto node = state_->find(from_key);
  if (node == nullptr) return not_found(fmt::format("cannot link {}: no such file", from_key));
  if (state_->folders.contains(to_key) || state_->find(to_key) != nullptr) {
    return invalid_input(fmt::format("cannot link to {}: it exists", to_key));
  }
  RETURN_IF_ERROR(state_->check_folder_of(to_key));
  state_->change_names({.from = {}, .to = to_key, .node = node, .unsynced_folders = {}});
  return {};
}

Status SimulatedFileSystem::remove(const fs::path& path) {
  const std::scoped_lock guard(state_->mutex);
  const std::string key = key_of(path);
  RETURN_IF_ERROR(with_context(state_->begin(), "cannot remove " + key));
  if (state_->folders.contains(key)) {
    return invalid_input(fmt::format("cannot remove {}: it is a folder", key));
  }
  if (state_->find(key) == nullptr) {
    return not_found(fmt::format("cannot remove {}: no such file", key));
  }
  state_->change_names({.from = key, .to = {}, .node = nullptr, .unsynced_folders = {}});
  return {};
}

Status SimulatedFileSystem::create_folders(const fs::path& folder) {
  const std::scoped_lock guard(state_->mutex);
  RETURN_IF_ERROR(state_->begin());
  for (std::string key = key_of(folder); key != "/"; key = folder_of(key)) {
    if (state_->find(key) != nullptr) {
      return invalid_input(fmt::format("cannot make the folder {}: it is a file", key));
    }
  }
  for (std::string key = key_of(folder); key != "/"; key = folder_of(key)) {
    state_->folders.insert(key);
  }
  return {};
}

Status SimulatedFileSystem::sync_folder(const fs::path& folder) {
  const std::scoped_lock guard(state_->mutex);
  const std::string key = key_of(folder);
  RETURN_IF_ERROR(with_context(state_->begin(), "cannot sync " + key));
  if (!state_->folders.contains(key)) {
    return not_found(fmt::format("cannot sync {}: there is no such folder", key));
  }
  std::vector<NameChange> unsynced;
  for (NameChange& change : state_->changes) {
    change.unsynced_folders.erase(key);
    if (change.unsynced_folders.empty()) {
      State::apply(change, state_->synced_names);
    } else {
      unsynced.push_back(std::move(change));
    }
  }
  state_->changes = std::move(unsynced);
  return {};
}

Result<std::unique_ptr<FileLock>> SimulatedFileSystem::lock(const fs::path& path) {
  const std::scoped_lock guard(state_->mutex);
  const std::string key = key_of(path);
  RETURN_IF_ERROR(with_context(state_->begin(), "cannot lock " + key));
  if (state_->folders.contains(key)) {
    return invalid_input(fmt::format("cannot lock {}: it is a folder", key));
  }
  auto node = state_->find(key);
  if (node == nullptr) {
    RETURN_IF_ERROR(state_->check_folder_of(key));
    node = state_->create(key);
  }
  if (node->is_locked) return unavailable(fmt::format("{} is in use by another process", key));
  return std::make_unique<HeldLock>(state_, std::move(node));
}

void SimulatedFileSystem::crash(RandomSource& random) {
  const std::scoped_lock guard(state_->mutex);
  const auto coin = [&] { return random.below(2) == 0; };
  for (const NameChange& change : state_->changes) {
    if (coin()) State::apply(change, state_->synced_names);
  }
  state_->changes.clear();
  state_->names = state_->synced_names;
  std::set<Node*> seen;
  for (const auto& [key, node] : state_->names) {
    if (!seen.insert(node.get()).second) continue;
    // A cut that was not synced may be lost, and what came after it with it.
    if (node->intact < node->synced.size() && coin()) {
      node->content = node->synced;
    } else {
      // Nor is a cut of what was never synced sure to last: the bytes may have reached the disk.
      if (!node->uncut.empty() && coin()) node->content = node->uncut;
      const std::size_t num_new = node->content.size() - node->intact;
      node->content.resize(node->intact + static_cast<std::size_t>(random.below(num_new + 1)));
      // Blocks that never reached the disk; the first may hold synced bytes, and those stay.
      for (std::size_t start = node->intact; start < node->content.size();) {
        const std::size_t end =
            std::min((start / kBlockSize + 1) * kBlockSize, node->content.size());
        if (random.below(4) == 0)
          std::fill(node->content.begin() + static_cast<std::ptrdiff_t>(start),
                    node->content.begin() + static_cast<std::ptrdiff_t>(end), '\0');
        start = end;
      }
    }
    node->synced = node->content;
    node->intact = node->content.size();
    node->uncut.clear();
  }
  state_->restart();
}

void SimulatedFileSystem::kill() {
  const std::scoped_lock guard(state_->mutex);
  state_->restart();
}

void SimulatedFileSystem::inject(Fault fault) {
  const std::scoped_lock guard(state_->mutex);
  state_->fault = std::move(fault);
}

void SimulatedFileSystem::cut_power_at(std::uint64_t operation) {
  const std::scoped_lock guard(state_->mutex);
  state_->power_cut = operation;
}

void SimulatedFileSystem::set_capacity(ByteCount capacity) {
  const std::scoped_lock guard(state_->mutex);
  state_->capacity = capacity;
}

std::uint64_t SimulatedFileSystem::num_operations() const {
  const std::scoped_lock guard(state_->mutex);
  return state_->num_operations;
}

void SimulatedFileSystem::flip_byte(const fs::path& path, std::uint64_t offset) {
  const std::scoped_lock guard(state_->mutex);
  const auto node = state_->find(key_of(path));
  CHECK(node != nullptr && offset < node->content.size(), "a byte that is not there");
  char& byte = node->content[static_cast<std::size_t>(offset)];
  byte = static_cast<char>(byte ^ 0x55);
  node->synced = node->content;
  node->intact = node->content.size();
}

std::optional<std::string> SimulatedFileSystem::content(const fs::path& path) const {
  const std::scoped_lock guard(state_->mutex);
  const auto node = state_->find(key_of(path));
  if (node == nullptr) return std::nullopt;
  return node->content;
}

}  // namespace assay::files::testing

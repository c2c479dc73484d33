#include "hub/download.h"

#include "core/hex.h"
#include "core/parse_number.h"
#include "crypto/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace assay::hub {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::string_view kMark = ".partial";
constexpr std::size_t kBufferSize = 1U << 20;
// Files within git are small: those above some 10 MB are kept outside.
constexpr std::uint64_t kMaxGitFile = 64U << 20;

/// What the hub says that the file is.
struct Identity {
  ByteCount size = {};
  std::optional<Sha256> content = {};
  std::string object = {};  ///< Of git, when `content` is not given.
};

Result<Identity> identify(const HubFile& file, const ResolvedFile& resolved) {
  const bool is_other = (file.content && resolved.content && *file.content != *resolved.content) ||
                        (resolved.size && *resolved.size != file.size);
  if (is_other) {
    return unavailable(file.path + ": changed at the hub since it was listed; list again");
  }
  Identity identity{.size = file.size, .content = resolved.content, .object = file.object};
  if (file.content) identity.content = file.content;
  if (!identity.content && (identity.object.size() != 40 || file.size.count() > kMaxGitFile)) {
    return corrupt(file.path + ": the hub names no digest of it, so it cannot be checked");
  }
  return identity;
}

/// Appends what comes to a file, in large pieces.
class PartialFile {
 public:
  /// Errors of all: as File.
  static Result<PartialFile> open(files::FileSystem& file_system, const fs::path& path) {
    ASSIGN_OR_RETURN(auto file, file_system.open(path, files::OpenMode::kAppend));
    ASSIGN_OR_RETURN(const ByteCount size, file->size());
    return PartialFile(std::move(file), size.count());
  }

  std::uint64_t size() const { return size_ + buffer_.size(); }
  Status restart() {
    buffer_.clear();
    size_ = 0;
    return file_->truncate(ByteCount(0));
  }
  Status append(std::string_view bytes) {
    buffer_.append(bytes);
    return buffer_.size() < kBufferSize ? Status() : flush();
  }
  Status flush() {
    if (buffer_.empty()) return {};
    RETURN_IF_ERROR(file_->append(as_bytes(buffer_)));
    size_ += buffer_.size();
    buffer_.clear();
    return {};
  }
  Status sync() { return file_->sync(); }

 private:
  PartialFile(std::unique_ptr<files::File> file, std::uint64_t size)
      : file_(std::move(file)), size_(size) {}

  std::unique_ptr<files::File> file_;
  std::uint64_t size_;
  std::string buffer_;
};

/// The digest of a file, or that which git has of it.
struct FileDigests {
  Sha256 content;
  std::string object;
};

Result<FileDigests> digest(files::FileSystem& file_system, const fs::path& path,
                           const Identity& identity, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto file, file_system.open(path, files::OpenMode::kRead));
  crypto::Sha256Hasher hasher;
  std::string whole;  // git's digest is over a head and the whole, and wanted of small files alone
  if (!identity.content) whole = fmt::format("blob {}{}", identity.size.count(), '\0');
  std::vector<std::byte> buffer(kBufferSize);
  for (std::uint64_t offset = 0;;) {
    if (stop.stop_requested()) return cancelled("stopped while a download was checked");
    ASSIGN_OR_RETURN(const std::size_t count, file->read_at(offset, buffer));
    if (count == 0) break;
    const std::span<const std::byte> piece = std::span(buffer).first(count);
    hasher.update(piece);
    if (!identity.content) whole += as_text(piece);
    offset += count;
  }
  return FileDigests{.content = hasher.finish(),
                     .object = identity.content ? "" : to_hex(crypto::sha1(as_bytes(whole)))};
}

bool is_right(const FileDigests& digests, const Identity& identity) {
  return identity.content ? digests.content == *identity.content
                          : digests.object == identity.object;
}

class Download {
 public:
  Download(HubClient& client, files::FileSystem& file_system, const HubFile& file,
           const DownloadOptions& options)
      : client_(client), file_system_(file_system), file_(file), options_(options) {}

  /// Errors: as download().
  Status fetch_all(const ResolvedFile& resolved, const Identity& identity, const fs::path& path,
                   const std::stop_token& stop);
  std::uint64_t resumed_from() const { return resumed_from_; }

 private:
  Status check_space(const fs::path& partial, std::uint64_t missing) const;
  Status fetch_some(const ResolvedFile& resolved, const Identity& identity, PartialFile& partial,
                    milliseconds left, const std::stop_token& stop);

  HubClient& client_;
  files::FileSystem& file_system_;
  const HubFile& file_;
  const DownloadOptions& options_;
  std::uint64_t resumed_from_ = 0;
};

Status Download::check_space(const fs::path& partial, std::uint64_t missing) const {
  ASSIGN_OR_RETURN(const files::DiskSpace space, file_system_.space(partial.parent_path()));
  if (space.free >= options_.min_free_bytes + ByteCount(missing)) return {};
  return no_space(
      fmt::format("{}: {} are to come and {} to stay free, but {} has {}: free some "
                  "space, or allow less (--keep-free)",
                  file_.path, to_string(ByteCount(missing)), to_string(options_.min_free_bytes),
                  partial.parent_path().native(), to_string(space.free)));
}

Status Download::fetch_some(const ResolvedFile& resolved, const Identity& identity,
                            PartialFile& partial, milliseconds left, const std::stop_token& stop) {
  const std::uint64_t wanted = identity.size.count();
  const auto take = [&](std::uint64_t position, std::string_view bytes) -> Status {
    if (position != partial.size()) RETURN_IF_ERROR(partial.restart());
    if (partial.size() + bytes.size() > wanted) {
      return corrupt(
          fmt::format("{}: longer than the {} bytes that the hub names", file_.path, wanted));
    }
    RETURN_IF_ERROR(partial.append(bytes));
    if (options_.on_progress) options_.on_progress(ByteCount(partial.size()), identity.size);
    return {};
  };
  Status fetched = client_.fetch(resolved,
                                 {.offset = partial.size(),
                                  .max_size = ByteCount(wanted + 1),
                                  .timeout = left,
                                  .stall_timeout = options_.stall_timeout},
                                 take, stop);
  RETURN_IF_ERROR(partial.flush());
  return fetched;
}

Status Download::fetch_all(const ResolvedFile& resolved, const Identity& identity,
                           const fs::path& path, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(PartialFile partial, PartialFile::open(file_system_, path));
  const std::uint64_t wanted = identity.size.count();
  if (partial.size() > wanted) RETURN_IF_ERROR(partial.restart());
  resumed_from_ = partial.size();
  RETURN_IF_ERROR(check_space(path, wanted - partial.size()));
  const Clock& clock = client_.tools().clock;
  const auto start = clock.monotonic();
  net::RetryPolicy policy({.initial_delay = std::chrono::seconds(1),
                           .max_tries = options_.max_idle_tries,
                           .total = options_.total},
                          client_.tools().random);
  for (unsigned idle_tries = 0; partial.size() < wanted;) {
    const auto elapsed = std::chrono::ceil<milliseconds>(clock.monotonic() - start);
    if (elapsed >= options_.total) {
      return timed_out(fmt::format("{}: {} of {} came within {}; the same command goes on",
                                   file_.path, to_string(ByteCount(partial.size())),
                                   to_string(identity.size), assay::to_string(options_.total)));
    }
    const std::uint64_t before = partial.size();
    Status fetched = fetch_some(resolved, identity, partial, options_.total - elapsed, stop);
    // A server that ends early and says that all is well.
    if (fetched && partial.size() < wanted) {
      fetched =
          unavailable(fmt::format("{}: {} of {} bytes came", file_.path, partial.size(), wanted));
    }
    if (fetched) break;
    if (!is_retryable(fetched.error().code)) return fetched;
    idle_tries = partial.size() > before ? 1 : idle_tries + 1;
    const auto delay = policy.next_delay(
        idle_tries,
        {.kind = net::TryOutcome::Kind::kTryAgain, .retry_after = fetched.error().retry_after},
        std::chrono::ceil<milliseconds>(clock.monotonic() - start));
    if (!delay) return fetched;
    RETURN_IF_ERROR(client_.tools().wait(*delay, stop));
  }
  return partial.sync();
}

fs::path partial_path(const fs::path& target, const Identity& identity) {
  const std::string digest = identity.content ? identity.content->to_hex() : identity.object;
  return target.parent_path() /
         fmt::format(".{}.{}{}", target.filename().native(), digest.substr(0, 16), kMark);
}

/// Of earlier contents of the file: nothing goes on with them.
Status remove_others(files::FileSystem& file_system, const fs::path& target, const fs::path& kept) {
  ASSIGN_OR_RETURN(const auto names, file_system.list(target.parent_path()));
  const std::string start = fmt::format(".{}.", target.filename().native());
  for (const std::string& name : names) {
    if (!name.starts_with(start) || !is_partial_name(name) || name == kept.filename().native())
      continue;
    RETURN_IF_ERROR(file_system.remove(target.parent_path() / name));
  }
  return {};
}

}  // namespace

bool is_partial_name(std::string_view name) {
  return name.starts_with('.') && name.ends_with(kMark);
}

Result<Downloaded> download(HubClient& client, files::FileSystem& file_system,
                            const RepoAddress& repo, const HubFile& file, const fs::path& target,
                            const DownloadOptions& options, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const ResolvedFile resolved, client.resolve(repo, file.path, stop));
  ASSIGN_OR_RETURN(const Identity identity, identify(file, resolved));
  RETURN_IF_ERROR(file_system.create_folders(target.parent_path()));
  ASSIGN_OR_RETURN(const auto present, file_system.info(target));
  if (present && present->size == identity.size) {
    ASSIGN_OR_RETURN(FileDigests digests, digest(file_system, target, identity, stop));
    if (is_right(digests, identity)) {
      return Downloaded{.size = identity.size,
                        .content = digests.content,
                        .etag = resolved.etag,
                        .commit = resolved.commit,
                        .resumed_from = identity.size};
    }
  }
  const fs::path partial = partial_path(target, identity);
  RETURN_IF_ERROR(remove_others(file_system, target, partial));
  auto lock = file_system.lock(partial);
  if (!lock && lock.error().code == ErrorCode::kUnavailable) {
    return unavailable(file.path + ": another process downloads it");
  }
  if (!lock) return lock.error();
  Download work(client, file_system, file, options);
  RETURN_IF_ERROR(with_context(work.fetch_all(resolved, identity, partial, stop), to_string(repo)));
  ASSIGN_OR_RETURN(const FileDigests digests, digest(file_system, partial, identity, stop));
  if (!is_right(digests, identity)) {
    RETURN_IF_ERROR(file_system.remove(partial));
    return corrupt(fmt::format(
        "{}: {}: what came has the digest {}, the hub names {}: it was damaged on the way or "
        "there, "
        "and is removed",
        to_string(repo), file.path, identity.content ? digests.content.to_hex() : digests.object,
        identity.content ? identity.content->to_hex() : identity.object));
  }
  RETURN_IF_ERROR(file_system.rename(partial, target));
  RETURN_IF_ERROR(file_system.sync_folder(target.parent_path()));
  return Downloaded{.size = identity.size,
                    .content = digests.content,
                    .etag = resolved.etag,
                    .commit = resolved.commit,
                    .resumed_from = ByteCount(work.resumed_from())};
}

}  // namespace assay::hub

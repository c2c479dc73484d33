#include "media/ply_store.h"

#include "crypto/digest.h"
#include "files/atomic_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace assay::media {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAcceptedFolder = "ply_files";
constexpr std::string_view kPendingFolder = "ply_files/pending";
constexpr std::string_view kSampleFolder = "ply_files/rejected_samples";
constexpr std::string_view kExtension = ".ply";
constexpr std::size_t kMaxStemSize = 64;
constexpr std::size_t kNumHashDigits = 16;
// Of a file read by the piece: large enough that calls and queues cost nothing, small enough that
// three threads in a row at different places stay within the cache.
constexpr std::size_t kPieceSize = std::size_t{1} << 20;
// What may be in memory of it.
constexpr std::size_t kMaxPiecesInMemory = 4;

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '_' || c == '.';
}

std::string name_of(std::string_view generation_id, const Sha256& hash) {
  return fmt::format("{}_{}{}", file_stem_of(generation_id),
                     hash.to_hex().substr(0, kNumHashDigits), kExtension);
}

// The digits of the hash in the name of a stored file; empty when it is no such name.
std::string digits_of(const fs::path& path) {
  const std::string stem = path.stem().native();
  if (path.extension().native() != kExtension || stem.size() <= kNumHashDigits) return {};
  std::string digits = stem.substr(stem.size() - kNumHashDigits);
  const bool is_named = stem[stem.size() - kNumHashDigits - 1] == '_' &&
                        digits.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_named ? digits : std::string();
}

Status check_waiting_path(const fs::path& path) {
  if (path.parent_path() == kPendingFolder && !digits_of(path.filename()).empty()) return {};
  return invalid_input(fmt::format("{} is no path of a waiting PLY file: {}/<id>_<hash>{}",
                                   path.native(), kPendingFolder, kExtension));
}

// Removes a file that was not published.
class Temporary {
 public:
  Temporary(files::FileSystem& file_system, fs::path path)
      : file_system_(&file_system), path_(std::move(path)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    // What cannot be removed now goes when the folder is opened the next time.
    if (!is_gone_) static_cast<void>(file_system_->remove(path_));
  }
  const fs::path& path() const { return path_; }
  void release() { is_gone_ = true; }

 private:
  files::FileSystem* file_system_;
  fs::path path_;
  bool is_gone_ = false;
};

}  // namespace

std::string_view to_string(PlyOutcome outcome) {
  switch (outcome) {
    case PlyOutcome::kAccepted:
      return "accepted";
    case PlyOutcome::kSampled:
      return "sampled";
    case PlyOutcome::kRemoved:
      return "removed";
  }
  return "";
}

std::string file_stem_of(std::string_view generation_id) {
  const bool is_name = !generation_id.empty() && generation_id.size() <= kMaxStemSize &&
                       generation_id.front() != '.' && generation_id.front() != '-' &&
                       std::ranges::all_of(generation_id, is_plain);
  if (is_name) return std::string(generation_id);
  return "id-" + crypto::sha256(generation_id).to_hex().substr(0, 32);
}

fs::path waiting_path(std::string_view generation_id, const Sha256& hash) {
  return fs::path(kPendingFolder) / name_of(generation_id, hash);
}

bool is_sampled(std::string_view generation_id, double share) {
  const Sha256 hash = crypto::sha256(generation_id);
  std::uint32_t number = 0;
  for (const std::byte byte : std::span(hash.bytes()).first(sizeof number)) {
    number = (number << 8) | std::to_integer<std::uint32_t>(byte);
  }
  return static_cast<double>(number) < share * 4294967296.0;
}

Result<std::unique_ptr<PlyStore>> PlyStore::open(files::FileSystem& file_system,
                                                 const fs::path& data_folder,
                                                 const PlyStoreOptions& options) {
  std::unique_ptr<PlyStore> store(new PlyStore(file_system, data_folder, options));
  for (const std::string_view folder : {kAcceptedFolder, kPendingFolder, kSampleFolder}) {
    RETURN_IF_ERROR(store->read_folder(folder));
  }
  return store;
}

Status PlyStore::read_folder(const fs::path& folder) {
  RETURN_IF_ERROR(file_system_->create_folders(data_folder_ / folder));
  ASSIGN_OR_RETURN(const auto names, file_system_->list(data_folder_ / folder));
  for (const std::string& name : names) {
    const fs::path path = folder / name;
    if (folder == kPendingFolder && files::is_temporary_name(name)) {
      RETURN_IF_ERROR(file_system_->remove(data_folder_ / path));
      continue;
    }
    if (digits_of(path).empty()) continue;
    ASSIGN_OR_RETURN(const auto info, file_system_->info(data_folder_ / path));
    if (info && info->kind == files::FileKind::kFile) add_name(path, info->size);
  }
  return {};
}

Result<StoredPly> PlyStore::store(std::string_view generation_id, std::span<const std::byte> bytes,
                                  PlyFigures figures) {
  if (bytes.size() > options_.max_size.count()) {
    return exhausted(fmt::format("a PLY file of {}: at most {} are stored",
                                 to_string(ByteCount(bytes.size())), to_string(options_.max_size)));
  }
  // Nobody need wait for another: the bytes are there all the time. The hash takes longest. The
  // figures come while the disk is waited for, so that two processors are enough.
  const PlyPiece whole{.bytes = bytes, .owner = nullptr};
  return write(generation_id, 1, figures, [&](files::File& file, PlyDigester& digester) -> Status {
    digester.hash(whole);
    RETURN_IF_ERROR(file.append(bytes));
    digester.scan(whole);
    return {};
  });
}

Result<StoredPly> PlyStore::store_file(std::string_view generation_id, const fs::path& file,
                                       PlyFigures figures) {
  ASSIGN_OR_RETURN(const auto source, file_system_->open(file, files::OpenMode::kRead));
  return write(generation_id, kMaxPiecesInMemory, figures,
               [&](files::File& target, PlyDigester& digester) -> Status {
                 std::uint64_t offset = 0;
                 while (true) {
                   auto piece = std::make_shared<std::vector<std::byte>>(kPieceSize);
                   ASSIGN_OR_RETURN(const std::size_t size, source->read_at(offset, *piece));
                   if (size == 0) return {};
                   offset += size;
                   if (offset > options_.max_size.count()) {
                     return exhausted(fmt::format("{} is larger than {}, the most that is stored",
                                                  file.native(), to_string(options_.max_size)));
                   }
                   const auto bytes = std::span<const std::byte>(*piece).first(size);
                   digester.feed({.bytes = bytes, .owner = piece});
                   RETURN_IF_ERROR(target.append(bytes));
                 }
               });
}

Result<StoredPly> PlyStore::write(std::string_view generation_id, std::size_t max_queued,
                                  PlyFigures figures, const Writer& writer) {
  const fs::path pending = data_folder_ / kPendingFolder;
  Temporary temporary(*file_system_,
                      pending / fmt::format(".{}.tmp-{}", file_stem_of(generation_id),
                                            num_temporaries_.fetch_add(1)));
  ASSIGN_OR_RETURN(const auto file,
                   file_system_->open(temporary.path(), files::OpenMode::kCreateNew));
  PlyDigester digester(figures, max_queued);
  RETURN_IF_ERROR(writer(*file, digester));
  RETURN_IF_ERROR(file->sync());
  ASSIGN_OR_RETURN(const ByteCount size, file->size());
  auto digest = digester.finish();
  StoredPly stored{.hash = digest.hash,
                   .size = size,
                   .report = std::move(digest.report),
                   .pending_path = waiting_path(generation_id, digest.hash)};
  const std::scoped_lock guard(mutex_);
  if (!link_present(stored)) {
    RETURN_IF_ERROR(file_system_->rename(temporary.path(), data_folder_ / stored.pending_path));
    temporary.release();
  }
  RETURN_IF_ERROR(file_system_->sync_folder(pending));
  add_name(stored.pending_path, stored.size);
  return stored;
}

// Whether the bytes are there already and now have the pending name too.
bool PlyStore::link_present(const StoredPly& stored) {
  const auto known = contents_.find(digits_of(stored.pending_path));
  if (known == contents_.end() || known->second.size != stored.size) return false;
  return std::ranges::any_of(known->second.names, [&](const fs::path& name) {
    const auto is_same = has_hash(name, stored.hash);
    if (!is_same || !*is_same) return false;
    return name == stored.pending_path ||
           file_system_->link(data_folder_ / name, data_folder_ / stored.pending_path).has_value();
  });
}

Result<bool> PlyStore::has_hash(const fs::path& path, const Sha256& hash) {
  ASSIGN_OR_RETURN(const auto file,
                   file_system_->open(data_folder_ / path, files::OpenMode::kRead));
  crypto::Sha256Hasher hasher;
  std::vector<std::byte> piece(kPieceSize);
  for (std::uint64_t offset = 0;;) {
    ASSIGN_OR_RETURN(const std::size_t size, file->read_at(offset, piece));
    if (size == 0) return hasher.finish() == hash;
    hasher.update(std::span<const std::byte>(piece).first(size));
    offset += size;
  }
}

bool PlyStore::is_there(const fs::path& path) const {
  const auto info = file_system_->info(data_folder_ / path);
  return info && info->has_value();
}

Status PlyStore::move(const fs::path& from, const fs::path& to) {
  RETURN_IF_ERROR(file_system_->rename(data_folder_ / from, data_folder_ / to));
  // Two names of one file stay two when one is renamed to the other.
  if (is_there(from)) RETURN_IF_ERROR(file_system_->remove(data_folder_ / from));
  const auto info = file_system_->info(data_folder_ / to);
  if (info && info->has_value()) add_name(to, (*info)->size);
  remove_name(from);
  return {};
}

Result<PlySettlement> PlyStore::settle(std::string_view generation_id, const fs::path& pending_path,
                                       PlyDecision decision) {
  RETURN_IF_ERROR(check_waiting_path(pending_path));
  const fs::path name = pending_path.filename();
  const fs::path accepted = kAcceptedFolder / name;
  const fs::path sampled = kSampleFolder / name;
  const std::scoped_lock guard(mutex_);
  // Also when there is nothing to do: a crash may have come between a change and its sync. The new
  // name first, so that at no moment both can be lost.
  std::vector<std::string_view> changed = {kAcceptedFolder, kSampleFolder, kPendingFolder};
  if (is_there(pending_path)) {
    if (decision == PlyDecision::kAccepted) {
      RETURN_IF_ERROR(move(pending_path, accepted));
      changed = {kAcceptedFolder, kPendingFolder};
    } else if (is_sampled(generation_id, options_.sampled_share)) {
      RETURN_IF_ERROR(move(pending_path, sampled));
      changed = {kSampleFolder, kPendingFolder};
    } else {
      RETURN_IF_ERROR(file_system_->remove(data_folder_ / pending_path));
      remove_name(pending_path);
      changed = {kPendingFolder};
    }
  }
  for (const std::string_view folder : changed) {
    RETURN_IF_ERROR(file_system_->sync_folder(data_folder_ / folder));
  }
  if (is_there(accepted)) return PlySettlement{PlyOutcome::kAccepted, accepted};
  if (is_there(sampled)) return PlySettlement{PlyOutcome::kSampled, sampled};
  return PlySettlement{};
}

std::optional<fs::path> PlyStore::find_waiting(std::string_view generation_id,
                                               const Sha256& hash) const {
  fs::path path = waiting_path(generation_id, hash);
  return is_there(path) ? std::optional(std::move(path)) : std::nullopt;
}

Status PlyStore::discard(const fs::path& pending_path) {
  RETURN_IF_ERROR(check_waiting_path(pending_path));
  const std::scoped_lock guard(mutex_);
  auto removed = file_system_->remove(data_folder_ / pending_path);
  if (!removed && removed.error().code != ErrorCode::kNotFound) return removed;
  remove_name(pending_path);
  return file_system_->sync_folder(data_folder_ / kPendingFolder);
}

ByteCount PlyStore::size() const {
  const std::scoped_lock guard(mutex_);
  return size_;
}

void PlyStore::add_name(const fs::path& path, ByteCount size) {
  auto [content, is_new] =
      contents_.try_emplace(digits_of(path), Content{.size = size, .names = {}});
  if (is_new) size_ += size;
  auto& names = content->second.names;
  if (std::ranges::find(names, path) == names.end()) names.push_back(path);
}

void PlyStore::remove_name(const fs::path& path) {
  const auto content = contents_.find(digits_of(path));
  if (content == contents_.end()) return;
  std::erase(content->second.names, path);
  if (!content->second.names.empty()) return;
  size_ = size_ - content->second.size;
  contents_.erase(content);
}

}  // namespace assay::media

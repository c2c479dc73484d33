#include "cache/import.h"

#include "cache/publish.h"
#include "cache/quarantine.h"
#include "files/atomic_file.h"
#include "images/perceptual_hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxProblems = 100;
constexpr std::size_t kMaxStemSize = 80;

/// A file of the batch, once it was looked at.
struct Candidate {
  const ImportFile* file = nullptr;
  std::string bytes = {};
  std::optional<ExaminedImage> image = {};
  ImportOutcome outcome = ImportOutcome::kAdded;
  std::string reason = {};
};

ImportOutcome outcome_of(images::RefusalKind kind) {
  switch (kind) {
    case images::RefusalKind::kUnknownFormat:
      return ImportOutcome::kUnknownFormat;
    case images::RefusalKind::kUnsupported:
      return ImportOutcome::kUnsupported;
    case images::RefusalKind::kTruncated:
      return ImportOutcome::kTruncated;
    case images::RefusalKind::kOverLimit:
      return ImportOutcome::kOverLimit;
    case images::RefusalKind::kMissingLibrary:  // nothing is wrong with the file
      return ImportOutcome::kUnreadable;
    case images::RefusalKind::kCorrupt:
      break;
  }
  return ImportOutcome::kCorrupt;
}

Candidate look_at(const ImportFile& file, const Store& store) {
  Candidate candidate{.file = &file};
  const ExamineLimits& limits = store.options().limits;
  auto bytes = files::read_file(store.tools().file_system, file.path, limits.max_size_bytes);
  if (!bytes) {
    candidate.outcome = bytes.error().code == ErrorCode::kExhausted ? ImportOutcome::kOverLimit
                                                                    : ImportOutcome::kUnreadable;
    candidate.reason = std::move(bytes.error().message);
    return candidate;
  }
  candidate.bytes = std::move(*bytes);
  auto image = examine(as_bytes(candidate.bytes), limits);
  if (image) {
    candidate.image = std::move(*image);
  } else {
    candidate.outcome = outcome_of(image.error().kind);
    candidate.reason = std::move(image.error().reason);
  }
  return candidate;
}

/// The extension that says what the bytes are: the file's own if it does.
std::string extension_for(images::ImageFormat format, const fs::path& path) {
  using images::ImageFormat;
  const std::string own = path.extension().native();
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, std::string_view(own)) != names.end();
  };
  switch (format) {
    case ImageFormat::kJpeg:
      return is({".jpg", ".jpeg"}) ? own : ".jpg";
    case ImageFormat::kPng:
      return ".png";
    case ImageFormat::kWebp:
      return ".webp";
    case ImageFormat::kGif:
      return ".gif";
    case ImageFormat::kBmp:
      return ".bmp";
    case ImageFormat::kTiff:
      return is({".tif", ".tiff"}) ? own : ".tiff";
    case ImageFormat::kHeif:
      return is({".heic", ".heif"}) ? own : ".heic";
    case ImageFormat::kAvif:
      break;
  }
  return ".avif";
}

/// Of letters that every file system takes, and of its content: no two images share one.
std::string item_name(const ImportFile& file, const ExaminedImage& image) {
  std::string stem = file.path.stem().native().substr(0, kMaxStemSize);
  std::ranges::replace_if(
      stem,
      [](char letter) {
        const bool is_plain = (letter >= 'a' && letter <= 'z') ||
                              (letter >= 'A' && letter <= 'Z') ||
                              (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
        return !is_plain;
      },
      '_');
  return fmt::format("{}__{}{}", stem, image.facts.content.to_hex().substr(0, 16),
                     extension_for(image.header.format, file.path));
}

/// One import under way.
class Import {
 public:
  Import(Store& store, const ImportOptions& options) : store_(store), options_(options) {}

  /// Read and decode a batch; nothing of the import changes, so that the batch before may be taken
  /// in meanwhile. Errors of all: as import_files().
  Result<std::vector<Candidate>> look(std::span<const ImportFile> batch,
                                      const std::stop_token& stop) const;
  Status take_in(std::vector<Candidate> candidates, const std::stop_token& stop);
  ImportReport& report() { return report_; }

 private:
  Status learn_looks();
  Status judge(std::vector<Candidate>& candidates);
  Result<bool> is_there(const Sha256& content);
  Status add(const WriteTurn& turn, std::span<const Candidate> candidates);
  Status quarantine(const Candidate& candidate);
  void count(const Candidate& candidate);

  Store& store_;
  const ImportOptions& options_;
  ImportReport report_;
  NearIndex looks_;
  std::uint64_t last_learnt_ = 0;
  std::map<std::string, std::uint32_t> groups_;  // a source of a cache
};

/// What other processes added since the last batch counts too.
Status Import::learn_looks() {
  return store_.index().for_each_after(last_learnt_, [&](const Item& item) {
    last_learnt_ = item.id;
    if (!item.facts || kind_of(item.folder) != options_.cache) return;
    const auto group =
        groups_.try_emplace(item.source, static_cast<std::uint32_t>(groups_.size())).first;
    looks_.add(item.facts->look, group->second, item.id);
  });
}

/// An entry of the index whose file was lost counts no more.
Result<bool> Import::is_there(const Sha256& content) {
  ASSIGN_OR_RETURN(const auto known, store_.index().find_content(content));
  if (!known) return false;
  ASSIGN_OR_RETURN(const auto info, store_.tools().file_system.info(store_.path_of(*known)));
  return info.has_value();
}

Status Import::judge(std::vector<Candidate>& candidates) {
  RETURN_IF_ERROR(learn_looks());
  const std::uint32_t group =
      groups_.try_emplace(options_.source, static_cast<std::uint32_t>(groups_.size()))
          .first->second;
  std::set<Sha256> of_batch;
  std::vector<std::uint64_t> looks_of_batch;
  for (Candidate& candidate : candidates) {
    if (!candidate.image) continue;
    const ImageFacts& facts = candidate.image->facts;
    ASSIGN_OR_RETURN(const bool is_known, is_there(facts.content));
    if (is_known || of_batch.contains(facts.content)) {
      candidate.outcome = ImportOutcome::kAlreadyThere;
      continue;
    }
    const auto is_near = [&](std::uint64_t look) {
      return images::hash_distance(look, facts.look) <= options_.max_near_distance;
    };
    const bool has_near = looks_.find(facts.look, group, options_.max_near_distance).has_value() ||
                          std::ranges::any_of(looks_of_batch, is_near);
    if (has_near && options_.near_duplicates == NearDuplicates::kRefused) {
      candidate.outcome = ImportOutcome::kNearDuplicate;
      continue;
    }
    report_.num_near_duplicates_taken += has_near ? 1 : 0;
    of_batch.insert(facts.content);
    looks_of_batch.push_back(facts.look);
  }
  return {};
}

Status Import::add(const WriteTurn& turn, std::span<const Candidate> candidates) {
  const ItemFolder folder = folder_of(options_.cache);
  const Timestamp now = store_.tools().clock.now();
  std::vector<NewFile> files;
  std::vector<Item> items;
  for (const Candidate& candidate : candidates) {
    if (candidate.outcome != ImportOutcome::kAdded || !candidate.image) continue;
    const ImportFile& file = *candidate.file;
    const ExaminedImage& image = *candidate.image;
    const SidecarDraft draft{.label = file.label,
                             .description = file.description,
                             .source = options_.source,
                             .original_name = file.path.filename().native(),
                             .image_mode = std::string(images::to_string(image.header.mode)),
                             .orientation = image.header.orientation,
                             .is_animated = image.header.is_animated,
                             .imported = now};
    files.push_back({.name = item_name(file, image),
                     .image = as_bytes(candidate.bytes),
                     .sidecar = sidecar_text(draft, image.facts)});
    items.push_back({.folder = folder,
                     .name = files.back().name,
                     .state = file.label ? ItemState::kReady : ItemState::kNoLabel,
                     .label = file.label,
                     .facts = image.facts,
                     .source = options_.source,
                     .added = now});
  }
  return store_.add(turn, folder, files, items, options_.min_free_bytes);
}

Status Import::quarantine(const Candidate& candidate) {
  if (is_fine(candidate.outcome) || candidate.outcome == ImportOutcome::kUnreadable ||
      candidate.bytes.empty()) {
    return {};
  }
  return put_into_quarantine(store_.tools().file_system, store_.layout(),
                             {.name = candidate.file->path.filename().native(),
                              .bytes = as_bytes(candidate.bytes),
                              .origin = candidate.file->path.native(),
                              .reason = candidate.reason});
}

void Import::count(const Candidate& candidate) {
  ++report_.counts[static_cast<std::size_t>(candidate.outcome)];
  if (candidate.outcome == ImportOutcome::kAdded && candidate.image) {
    report_.bytes_added += ByteCount(candidate.bytes.size());
    report_.num_unlabelled += candidate.file->label ? 0 : 1;
    const std::string extension =
        extension_for(candidate.image->header.format, candidate.file->path);
    report_.num_unseen_by_others += is_seen_by_others("x" + extension) ? 0 : 1;
  } else if (!is_fine(candidate.outcome) && report_.problems.size() < kMaxProblems) {
    report_.problems.push_back({.path = candidate.file->path.native(),
                                .outcome = candidate.outcome,
                                .reason = candidate.reason});
  }
}

Result<std::vector<Candidate>> Import::look(std::span<const ImportFile> batch,
                                            const std::stop_token& stop) const {
  std::vector<Candidate> candidates(batch.size());
  RETURN_IF_ERROR(parallel_for(
      store_.tools().pool, batch.size(),
      [&](std::size_t i) -> Status {
        candidates[i] = look_at(batch[i], store_);
        return {};
      },
      stop));
  return candidates;
}

Status Import::take_in(std::vector<Candidate> candidates, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const WriteTurn turn, store_.begin_turn(stop));
  RETURN_IF_ERROR(judge(candidates));
  RETURN_IF_ERROR(add(turn, candidates));
  for (const Candidate& candidate : candidates) {
    RETURN_IF_ERROR(quarantine(candidate));
    count(candidate);
  }
  return {};
}

}  // namespace

std::string_view to_string(ImportOutcome outcome) {
  constexpr std::array<std::string_view, kNumImportOutcomes> kNames = {
      "added",     "already_there", "near_duplicate", "unknown_format", "unsupported",
      "truncated", "corrupt",       "over_limit",     "unreadable"};
  return kNames[static_cast<std::size_t>(outcome)];
}

bool is_fine(ImportOutcome outcome) {
  return outcome == ImportOutcome::kAdded || outcome == ImportOutcome::kAlreadyThere ||
         outcome == ImportOutcome::kNearDuplicate;
}

Result<ImportReport> import_files(Store& store, std::span<const ImportFile> files,
                                  const ImportOptions& options, const OnImportProgress& on_progress,
                                  const std::stop_token& stop) {
  Import import(store, options);
  // The disk writes a batch while the next is decoded.
  std::future<Status> writing;
  std::size_t num_written = 0;
  std::size_t num_in_writing = 0;
  const auto finish_writing = [&] -> Status {
    if (!writing.valid()) return {};
    RETURN_IF_ERROR(writing.get());
    num_written += std::exchange(num_in_writing, 0);
    if (on_progress) on_progress(num_written);
    return {};
  };
  for (std::size_t start = 0; start < files.size();) {
    const std::size_t count = std::min(options.batch_size, files.size() - start);
    auto candidates = import.look(files.subspan(start, count), stop);
    RETURN_IF_ERROR(finish_writing());
    if (!candidates) return std::move(candidates.error());
    num_in_writing = count;
    writing =
        std::async(std::launch::async, [&import, &stop, batch = std::move(*candidates)] mutable {
          return import.take_in(std::move(batch), stop);
        });
    start += count;
  }
  RETURN_IF_ERROR(finish_writing());
  return std::move(import.report());
}

}  // namespace assay::cache

#include "cache/intake.h"

#include "cache/publish.h"
#include "cache/relabel.h"
#include "images/perceptual_hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxProblems = 100;
constexpr std::size_t kMaxStemSize = 80;

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

/// The extension that says what the bytes are: the file's own if it does.
std::string extension_for(images::ImageFormat format, std::string_view original) {
  using images::ImageFormat;
  const std::string own = fs::path(original).extension().native();
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

/// Pre: there is a judge. Errors: as LabelJudge.
Status judge_label(Arrival& arrival, Label label, const images::Image& pixels,
                   const LabelCheck& check) {
  ASSIGN_OR_RETURN(LabelScore score, score_label(check, pixels, label));
  if (score.is_doubtful() && check.doubtful == DoubtfulLabels::kRefused) {
    arrival.outcome = ImportOutcome::kDoubtful;
    arrival.reason = doubt_text(score, label);
  }
  arrival.draft.label_score = std::move(score);
  return {};
}

std::string name_of(const Arrival& arrival, const ExaminedImage& image) {
  return arrival.name ? arrival.name(image) : item_name(arrival.draft.original_name, image);
}

}  // namespace

std::string_view to_string(ImportOutcome outcome) {
  constexpr std::array<std::string_view, kNumImportOutcomes> kNames = {
      "added",     "already_there", "near_duplicate", "unknown_format", "unsupported",
      "truncated", "corrupt",       "over_limit",     "unreadable",     "doubtful"};
  return kNames[static_cast<std::size_t>(outcome)];
}

bool is_fine(ImportOutcome outcome) {
  return outcome == ImportOutcome::kAdded || outcome == ImportOutcome::kAlreadyThere ||
         outcome == ImportOutcome::kNearDuplicate;
}

std::string plain_stem(std::string_view name) {
  std::string stem = fs::path(name).stem().native().substr(0, kMaxStemSize);
  std::ranges::replace_if(
      stem,
      [](char letter) {
        const bool is_plain = (letter >= 'a' && letter <= 'z') ||
                              (letter >= 'A' && letter <= 'Z') ||
                              (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
        return !is_plain;
      },
      '_');
  return stem;
}

std::string item_name(std::string_view original, const ExaminedImage& image) {
  return fmt::format("{}__{}{}", plain_stem(original), image.facts.content.to_hex().substr(0, 16),
                     extension_for(image.header.format, original));
}

Status look_at(Arrival& arrival, const ExamineLimits& limits, const LabelCheck& check) {
  if (arrival.outcome != ImportOutcome::kAdded) return {};
  Status judged;
  OnPixels on_pixels;
  if (check.judge != nullptr && arrival.draft.label) {
    on_pixels = [&](const images::Image& pixels) {
      judged = judge_label(arrival, *arrival.draft.label, pixels, check);
    };
  }
  auto image = examine(as_bytes(arrival.bytes), limits, on_pixels);
  if (!image) {
    arrival.outcome = outcome_of(image.error().kind);
    arrival.may_pass = image.error().kind == images::RefusalKind::kMissingLibrary;
    arrival.reason = std::move(image.error().reason);
    return {};
  }
  arrival.draft.image_mode = images::to_string(image->header.mode);
  arrival.draft.orientation = image->header.orientation;
  arrival.draft.is_animated = image->header.is_animated;
  arrival.image = std::move(*image);
  return judged;
}

std::uint32_t Intake::group_of(const std::string& source) {
  return groups_.try_emplace(source, static_cast<std::uint32_t>(groups_.size())).first->second;
}

/// What other processes added since the last batch counts too.
Status Intake::learn_looks() {
  return store_.index().for_each_after(last_learnt_, [&](const Item& item) {
    last_learnt_ = item.id;
    if (!item.facts || kind_of(item.folder) != options_.cache) return;
    looks_.add(item.facts->look, group_of(item.source), item.id);
  });
}

/// An entry of the index whose file was lost counts no more.
Result<std::optional<Item>> Intake::find_same(const Sha256& content) {
  ASSIGN_OR_RETURN(auto known, store_.index().find_content(content));
  if (!known) return known;
  ASSIGN_OR_RETURN(const auto info, store_.tools().file_system.info(store_.path_of(*known)));
  if (!info) known.reset();
  return known;
}

/// Of two of the same bytes in one batch: as if the first were in the cache already.
void Intake::give_label_to(Arrival& first, const Arrival& again) {
  if (!again.draft.label) return;
  if (first.draft.label) {
    report_.num_otherwise_labelled += first.draft.label != again.draft.label ? 1 : 0;
  } else if (again.outcome == ImportOutcome::kAdded) {  // and not doubtful
    first.draft.label = again.draft.label;
    first.draft.description = again.draft.description;
    first.draft.label_score = again.draft.label_score;
    ++report_.num_labelled;
  }
}

Status Intake::judge(std::span<Arrival> arrivals) {
  RETURN_IF_ERROR(learn_looks());
  std::map<Sha256, Arrival*> of_batch;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> looks_of_batch;
  for (Arrival& arrival : arrivals) {
    if (!arrival.image) continue;
    const ImageFacts& facts = arrival.image->facts;
    ASSIGN_OR_RETURN(arrival.same, find_same(facts.content));
    const auto first = of_batch.find(facts.content);
    if (first != of_batch.end()) give_label_to(*first->second, arrival);
    if (arrival.same || first != of_batch.end()) {
      // A label in doubt is not given to what is there either.
      if (arrival.outcome == ImportOutcome::kDoubtful) arrival.draft.label.reset();
      arrival.outcome = ImportOutcome::kAlreadyThere;
      continue;
    }
    if (arrival.outcome != ImportOutcome::kAdded) continue;
    const std::uint32_t group = group_of(arrival.draft.source);
    const auto is_near = [&](const auto& other) {
      return other.first == group &&
             images::hash_distance(other.second, facts.look) <= options_.max_near_distance;
    };
    const bool has_near = looks_.find(facts.look, group, options_.max_near_distance).has_value() ||
                          std::ranges::any_of(looks_of_batch, is_near);
    if (has_near && options_.near_duplicates == NearDuplicates::kRefused) {
      arrival.outcome = ImportOutcome::kNearDuplicate;
      continue;
    }
    report_.num_near_duplicates_taken += has_near ? 1 : 0;
    of_batch.emplace(facts.content, &arrival);
    looks_of_batch.emplace_back(group, facts.look);
  }
  return {};
}

/// The name it wants, unless another image has it.
Result<std::string> Intake::free_name(const Arrival& arrival, const ExaminedImage& image,
                                      ItemFolder folder) {
  std::string name = name_of(arrival, image);
  if (!arrival.name) return name;  // holds the digest
  ASSIGN_OR_RETURN(const auto taken,
                   store_.tools().file_system.info(store_.layout().folder(folder) / name));
  ASSIGN_OR_RETURN(const auto sidecar, store_.tools().file_system.info(
                                           store_.layout().folder(folder) / sidecar_name(name)));
  if (taken || sidecar) name = item_name(name, image);
  return name;
}

Result<std::optional<Error>> Intake::add(const WriteTurn& turn, std::span<Arrival> arrivals) {
  const ItemFolder folder = folder_of(options_.cache);
  const Timestamp now = store_.tools().clock.now();
  std::vector<NewFile> files;
  std::vector<Item> items;
  std::vector<Arrival*> comers;
  for (Arrival& arrival : arrivals) {
    if (arrival.outcome != ImportOutcome::kAdded || !arrival.image) continue;
    SidecarDraft draft = arrival.draft;
    draft.imported = now;
    ASSIGN_OR_RETURN(std::string name, free_name(arrival, *arrival.image, folder));
    files.push_back({.name = std::move(name),
                     .image = as_bytes(arrival.bytes),
                     .sidecar = sidecar_text(draft, arrival.image->facts)});
    items.push_back({.folder = folder,
                     .name = files.back().name,
                     .state = draft.label ? ItemState::kReady : ItemState::kNoLabel,
                     .label = draft.label,
                     .facts = arrival.image->facts,
                     .source = draft.source,
                     .added = now});
    comers.push_back(&arrival);
  }
  const RoomRules rules{.min_free_bytes = options_.min_free_bytes, .stock = options_.stock};
  ASSIGN_OR_RETURN(Added added, store_.add(turn, folder, files, items, rules));
  for (std::size_t i = added.num_items; i < comers.size(); ++i) comers[i]->has_no_room = true;
  return std::move(added.no_room);
}

Status Intake::give_labels(const WriteTurn& turn, std::span<const Arrival> arrivals) {
  for (const Arrival& arrival : arrivals) {
    if (!arrival.same) continue;
    const Item& same = *arrival.same;
    if (kind_of(same.folder) != options_.cache) {
      ++report_.num_elsewhere;
      continue;
    }
    const bool has_none = same.state == ItemState::kNoSidecar || same.state == ItemState::kNoLabel;
    if (!arrival.draft.label) continue;
    if (!has_none) {
      report_.num_otherwise_labelled += same.label && same.label != arrival.draft.label ? 1 : 0;
      continue;
    }
    ASSIGN_OR_RETURN(
        const WrittenLabel written,
        write_label(store_, turn, same,
                    {.label = *arrival.draft.label, .description = arrival.draft.description},
                    KnownLabels::kKept));
    report_.num_labelled += written.is_written ? 1 : 0;
    report_.num_otherwise_labelled += written.label && written.label != arrival.draft.label ? 1 : 0;
  }
  return {};
}

Status Intake::quarantine(const Arrival& arrival) {
  if (is_fine(arrival.outcome) || arrival.outcome == ImportOutcome::kUnreadable ||
      arrival.bytes.empty()) {
    return {};
  }
  return store_.quarantine().put({.name = arrival.draft.original_name,
                                  .bytes = as_bytes(arrival.bytes),
                                  .origin = arrival.origin,
                                  .reason = arrival.reason});
}

void Intake::count(const Arrival& arrival) {
  ++report_.counts[static_cast<std::size_t>(arrival.outcome)];
  if (arrival.outcome == ImportOutcome::kAdded && arrival.image) {
    report_.bytes_added += ByteCount(arrival.bytes.size());
    report_.num_unlabelled += arrival.draft.label ? 0 : 1;
    report_.num_unseen_by_others += is_seen_by_others(name_of(arrival, *arrival.image)) ? 0 : 1;
  } else if (!is_fine(arrival.outcome) && report_.problems.size() < kMaxProblems) {
    report_.problems.push_back(
        {.path = arrival.origin, .outcome = arrival.outcome, .reason = arrival.reason});
  }
}

Status Intake::take_in(std::span<Arrival> arrivals, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const WriteTurn turn, store_.begin_turn(stop));
  RETURN_IF_ERROR(judge(arrivals));
  ASSIGN_OR_RETURN(const std::optional<Error> no_room, add(turn, arrivals));
  RETURN_IF_ERROR(give_labels(turn, arrivals));
  for (const Arrival& arrival : arrivals) {
    if (arrival.has_no_room) continue;
    RETURN_IF_ERROR(quarantine(arrival));
    count(arrival);
  }
  report_.made_room = store_.made_room();
  report_.from_quarantine = store_.quarantine().removed();
  if (no_room) return *no_room;
  return {};
}

}  // namespace assay::cache

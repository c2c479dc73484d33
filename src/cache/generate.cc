#include "cache/generate.h"

#include "cache/generation_sources_internal.h"
#include "cache/generation_work_internal.h"
#include "cache/near_index.h"
#include "cache/publish.h"
#include "core/check.h"
#include "core/crc32c.h"
#include "images/perceptual_hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

namespace assay::cache {
namespace {

// Seeds that any reader of JSON gets exactly.
constexpr std::uint64_t kSeedBound = std::uint64_t{1} << 53;
constexpr std::size_t kMaxRefusedTold = 20;
constexpr std::size_t kMaxFailedTold = 20;

/// Nothing came of it: the call ended before.
bool is_unmade(const GenerationWork& work) {
  return work.outcome == GenerateOutcome::kAdded && !work.image;
}

class Generation {
 public:
  Generation(Store& store, const ImageGenerator& generator, const GenerateOptions& options)
      : store_(store),
        generator_(generator),
        options_(options),
        seeded_(options.seed.value_or(0)) {}

  /// Errors of all: as generate().
  Status plan(const std::stop_token& stop);
  Result<GenerateReport> run(const OnGenerated& on_generated, const std::stop_token& stop);

 private:
  RandomSource& random() { return options_.seed ? seeded_ : store_.tools().random; }
  ItemFolder folder() const { return folder_of(options_.cache); }
  bool is_from_image() const { return options_.cache == CacheKind::kImageToImage; }
  RoomRules room_rules() const {
    return {.min_free_bytes = options_.min_free_bytes,
            .stock = options_.goal == GenerateGoal::kStock ? std::optional(options_.number)
                                                           : std::nullopt};
  }
  std::uint64_t num_open() const;
  Status check_room(const std::stop_token& stop);
  Status find_sources();
  std::optional<GenerationSource> next_source(Label label);
  std::string name_of(const GenerationRequest& request) const;
  Result<std::optional<GenerationWork>> next_work();
  Result<std::vector<GenerationWork>> next_batch();
  Status set_aside(const GenerationWork& work);
  Status judge(std::vector<GenerationWork>& batch);
  /// Why not all were added.
  Result<std::optional<Error>> add(const WriteTurn& turn, std::vector<GenerationWork>& batch);
  void reopen(Label label);
  Status count(const GenerationWork& work);
  Status take_in(std::vector<GenerationWork>& batch, const std::stop_token& stop);

  Store& store_;
  const ImageGenerator& generator_;
  const GenerateOptions& options_;
  GeneratorCapabilities capabilities_;  // once something is wanted
  SeededRandom seeded_;
  std::vector<std::pair<Label, std::uint64_t>> open_;  // still wanted
  std::size_t next_label_ = 0;
  std::uint64_t num_tries_left_ = 0;
  SourcePool sources_;  // of images made from others, else examples
  std::uint64_t num_failures_in_row_ = 0;
  NearIndex looks_;
  std::uint64_t last_learnt_ = 0;
  GenerateReport report_;
};

std::uint64_t Generation::num_open() const {
  std::uint64_t sum = 0;
  for (const auto& [label, number] : open_) sum += number;
  return sum;
}

Status Generation::plan(const std::stop_token& stop) {
  std::map<Label, std::uint64_t> stock;
  if (options_.goal == GenerateGoal::kStock) {
    RETURN_IF_ERROR(store_.index().for_each_in(folder(), [&](const Item& item) {
      if (item.label && is_eligible(item.state, item.label, item.label)) ++stock[*item.label];
    }));
  }
  const std::uint64_t num_labels = options_.labels.size();
  for (std::size_t i = 0; i < num_labels; ++i) {
    const Label label = options_.labels[i];
    const std::uint64_t number =
        options_.goal == GenerateGoal::kStock
            ? options_.number - std::min(options_.number, stock[label])
            : (options_.number / num_labels) + (i < options_.number % num_labels ? 1 : 0);
    open_.emplace_back(label, number);
  }
  report_.num_wanted = num_open();
  if (report_.num_wanted == 0) return {};
  RETURN_IF_ERROR(check_room(stop));
  if (!report_.no_room.empty()) return {};
  RETURN_IF_ERROR(generator_.prepare(stop));
  capabilities_ = generator_.capabilities();
  // A generator that gives nothing new ends the call, not the disk.
  num_tries_left_ = (report_.num_wanted * 4) + 16;
  const bool wants_sources = is_from_image() || capabilities_.wants_examples;
  return wants_sources ? find_sources() : Status();
}

/// Nothing is made for a stock that has no room.
Status Generation::check_room(const std::stop_token& stop) {
  if (options_.goal == GenerateGoal::kCount) return {};
  ASSIGN_OR_RETURN(const WriteTurn turn, store_.begin_turn(stop));
  Status fits = store_.check_room(turn, options_.cache, room_rules());
  if (fits || fits.error().code != ErrorCode::kExhausted) return fits;
  report_.no_room = std::move(fits.error().message);
  return {};
}

Status Generation::find_sources() {
  if (is_from_image()) {
    RETURN_IF_ERROR(sources_.add(store_, ItemFolder::kSyntheticT2i, random()));
  }
  RETURN_IF_ERROR(sources_.add(store_, ItemFolder::kRoadworkImage, random()));
  return sources_.add(store_, ItemFolder::kRoadworkImages, random());
}

std::optional<GenerationSource> Generation::next_source(Label label) {
  return sources_.next(label, store_, generator_, [&](RefusedSource refused) {
    ++report_.num_sources_refused;
    if (report_.refused.size() < kMaxRefusedTold) report_.refused.push_back(std::move(refused));
  });
}

/// What it is made from and by whom stands in it, so that the same call finds it again.
std::string Generation::name_of(const GenerationRequest& request) const {
  std::string from;
  if (request.source) {
    const std::uint64_t number = request.source->origin
                                     ? request.source->origin->seed
                                     : crc32c(std::as_bytes(std::span(request.source->name)));
    from = fmt::format("-{:014x}", number);
  }
  return fmt::format("{}{}{}-{}{}-{:014x}-{}x{}.png", capabilities_.name,
                     capabilities_.variant.empty() ? "" : "-", capabilities_.variant,
                     request.label == Label::kRoadwork ? "roadwork" : "none", from, request.seed,
                     request.size.width, request.size.height);
}

/// None: nothing is open any more.
Result<std::optional<GenerationWork>> Generation::next_work() {
  while (num_tries_left_ > 0) {
    const auto is_open = [](const auto& pair) { return pair.second > 0; };
    if (std::ranges::none_of(open_, is_open)) return std::nullopt;
    auto& [label, number] = open_[next_label_++ % open_.size()];
    if (number == 0) continue;
    GenerationWork work{
        .request = {.label = label, .seed = random().below(kSeedBound), .size = options_.size}};
    if (is_from_image()) {
      work.request.source = next_source(label);
      if (!work.request.source) {
        report_.without_source.push_back(label);
        report_.num_missing += std::exchange(number, 0);
        continue;
      }
      work.request.size = work.request.source->size;
    } else {
      work.request.example = sources_.next_example(label);
    }
    --num_tries_left_;
    --number;  // given back when it comes to nothing
    work.name = name_of(work.request);
    return work;
  }
  return std::nullopt;
}

Result<std::vector<GenerationWork>> Generation::next_batch() {
  std::vector<GenerationWork> batch;
  while (batch.size() < options_.batch_size) {
    ASSIGN_OR_RETURN(auto work, next_work());
    if (!work) break;
    ASSIGN_OR_RETURN(const auto known, store_.index().find(folder(), work->name));
    if (known) {
      work->outcome = GenerateOutcome::kAlreadyThere;
      RETURN_IF_ERROR(count(*work));
      continue;
    }
    batch.push_back(std::move(*work));
  }
  return batch;
}

Status Generation::set_aside(const GenerationWork& work) {
  if (work.outcome != GenerateOutcome::kDoubtful || !work.label_score) return {};
  return store_.quarantine().put({.name = work.name,
                                  .bytes = work.bytes,
                                  .origin = capabilities_.model_name,
                                  .reason = doubt_text(*work.label_score, work.request.label)});
}

/// By what is in the cache now: other processes add too.
Status Generation::judge(std::vector<GenerationWork>& batch) {
  RETURN_IF_ERROR(store_.index().for_each_after(last_learnt_, [&](const Item& item) {
    last_learnt_ = item.id;
    const bool is_of_ours = item.facts && kind_of(item.folder) == options_.cache &&
                            item.source == capabilities_.model_name;
    if (is_of_ours) looks_.add(item.facts->look, 0, item.id);
  }));
  std::set<Sha256> contents;
  std::vector<std::uint64_t> looks;
  for (GenerationWork& work : batch) {
    if (!work.image) continue;
    const ImageFacts& facts = work.image->facts;
    ASSIGN_OR_RETURN(const auto same_name, store_.index().find(folder(), work.name));
    ASSIGN_OR_RETURN(const auto same_content, store_.index().find_content(facts.content));
    const auto is_near = [&](std::uint64_t look) {
      return images::hash_distance(look, facts.look) <= options_.max_near_distance;
    };
    if (same_name || same_content || contents.contains(facts.content)) {
      work.outcome = GenerateOutcome::kAlreadyThere;
    } else if (looks_.find(facts.look, 0, options_.max_near_distance) ||
               std::ranges::any_of(looks, is_near)) {
      work.outcome = GenerateOutcome::kNearDuplicate;
    } else {
      contents.insert(facts.content);
      looks.push_back(facts.look);
    }
  }
  return {};
}

Result<std::optional<Error>> Generation::add(const WriteTurn& turn,
                                             std::vector<GenerationWork>& batch) {
  const Timestamp now = store_.tools().clock.now();
  std::vector<NewFile> files;
  std::vector<Item> items;
  std::vector<GenerationWork*> comers;
  for (GenerationWork& work : batch) {
    if (work.outcome != GenerateOutcome::kAdded || !work.image) continue;
    const SidecarDraft draft{.label = work.request.label,
                             .description = work.origin.prompt,
                             .source = capabilities_.model_name,
                             .image_mode = std::string(images::to_string(work.image->header.mode)),
                             .imported = now,
                             .generation = work.origin,
                             .label_score = work.label_score};
    files.push_back({.name = work.name,
                     .image = work.bytes,
                     .sidecar = sidecar_text(draft, work.image->facts)});
    items.push_back({.folder = folder(),
                     .name = work.name,
                     .state = ItemState::kReady,
                     .label = work.request.label,
                     .facts = work.image->facts,
                     .source = capabilities_.model_name,
                     .added = now});
    comers.push_back(&work);
  }
  ASSIGN_OR_RETURN(Added added, store_.add(turn, folder(), files, items, room_rules()));
  for (std::size_t i = added.num_items; i < comers.size(); ++i) comers[i]->has_no_room = true;
  return std::move(added.no_room);
}

/// One that was under way did not come.
void Generation::reopen(Label label) {
  ++std::ranges::find(open_, label, [](const auto& pair) { return pair.first; })->second;
}

/// Errors: that of the image, when too many fail.
Status Generation::count(const GenerationWork& work) {
  ++report_.counts[static_cast<std::size_t>(work.outcome)];
  const bool is_done =
      work.outcome == GenerateOutcome::kAdded ||
      (work.outcome == GenerateOutcome::kAlreadyThere && options_.goal == GenerateGoal::kCount);
  if (work.outcome == GenerateOutcome::kAdded) report_.bytes_added += ByteCount(work.bytes.size());
  if (!work.failure) num_failures_in_row_ = 0;
  if (is_done) return {};
  reopen(work.request.label);
  if (!work.failure) return {};
  if (report_.failed.size() < kMaxFailedTold) {
    report_.failed.push_back({.name = work.name, .reason = work.failure->message});
  }
  if (++num_failures_in_row_ < options_.max_failures_in_row) return {};
  return Error(*work.failure)
      .within(
          fmt::format("{} images in a row could not be made, the last one", num_failures_in_row_));
}

Status Generation::take_in(std::vector<GenerationWork>& batch, const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const WriteTurn turn, store_.begin_turn(stop));
  RETURN_IF_ERROR(judge(batch));
  ASSIGN_OR_RETURN(std::optional<Error> no_room, add(turn, batch));
  for (const GenerationWork& work : batch) {
    if (work.has_no_room) {
      reopen(work.request.label);
      continue;
    }
    RETURN_IF_ERROR(set_aside(work));
    RETURN_IF_ERROR(count(work));
  }
  if (!no_room) return {};
  if (options_.goal == GenerateGoal::kCount) return *no_room;
  report_.no_room = std::move(no_room->message);
  return {};
}

Result<GenerateReport> Generation::run(const OnGenerated& on_generated,
                                       const std::stop_token& stop) {
  while (report_.no_room.empty()) {
    ASSIGN_OR_RETURN(std::vector<GenerationWork> batch, next_batch());
    if (batch.empty()) break;
    const Status made = parallel_for(
        store_.tools().pool, batch.size(),
        [&](std::size_t i) {
          return make_image(store_, generator_, capabilities_, options_.label_check, batch[i],
                            stop);
        },
        stop);
    // What was made before the failure may have cost minutes.
    std::erase_if(batch, is_unmade);
    if (!batch.empty()) RETURN_IF_ERROR(take_in(batch, stop));
    if (!made) return made.error();
    if (on_generated) {
      on_generated(report_.num_wanted - num_open() - report_.num_missing, report_.num_wanted);
    }
  }
  report_.num_missing += num_open();
  return std::move(report_);
}

}  // namespace

std::string_view to_string(GenerateOutcome outcome) {
  constexpr std::array<std::string_view, kNumGenerateOutcomes> kNames = {
      "added", "already_there", "near_duplicate", "blank", "failed", "doubtful"};
  return kNames[static_cast<std::size_t>(outcome)];
}

Result<GenerateReport> generate(Store& store, const ImageGenerator& generator,
                                const GenerateOptions& options, const OnGenerated& on_generated,
                                const std::stop_token& stop) {
  CHECK(options.cache != CacheKind::kReal, "photos are not generated");
  Generation generation(store, generator, options);
  RETURN_IF_ERROR(generation.plan(stop));
  return generation.run(on_generated, stop);
}

}  // namespace assay::cache

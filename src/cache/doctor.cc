#include "cache/doctor.h"

#include "cache/generate_failure.h"
#include "cache/shell_commands_internal.h"
#include "core/check.h"
#include "report/number_text.h"
#include "report/shell_word.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;
using report::counted;
using report::shell_word;

// Folders in which people have looked for the images, or put them.
constexpr std::array<std::string_view, 6> kLikelyFolders = {
    "", "Roadwork", "Synthetic", "Roadwork/Images", "Roadwork/Image", "images"};

/// The first item of each state of each cache, by name, as an example.
using Examples = std::map<std::pair<CacheKind, ItemState>, Item>;

class Doctor {
 public:
  Doctor(Store& store, const RescanSummary& rescan, const DoctorOptions& options)
      : store_(store), rescan_(rescan), options_(options), moves_(store.tools().file_system) {}

  /// Errors of all: as examine_cache().
  Result<DoctorReport> examine();

 private:
  void look_at_access();
  void look_at_disk();
  void look_for_lost_images();
  Status look_at_names();
  void look_at_states(const CacheStatus& cache);
  void look_at_cells(const CacheStatus& cache);
  void look_at_rescan();
  void look_at_updates();
  void look_at_generator();
  std::string flags_of(const std::string& source) const;
  std::string after_failure(std::string_view cause, const std::string& flags) const;
  void add(Diagnosis diagnosis) { report_.diagnoses.push_back(std::move(diagnosis)); }
  std::string at(std::string_view arguments) const {
    return fmt::format("assay cache {} --cache-dir {}", arguments,
                       shell_word(store_.layout().root()));
  }
  std::string example(CacheKind kind, ItemState state) const {
    const auto found = examples_.find({kind, state});
    return found == examples_.end() ? "" : store_.path_of(found->second).native();
  }

  Store& store_;
  const RescanSummary& rescan_;
  const DoctorOptions& options_;
  DoctorReport report_;
  Examples examples_;
  MoveCommands moves_;
};

void Doctor::look_at_access() {
  for (const FolderFailure& failure : rescan_.failures) {
    const fs::path folder = store_.layout().folder(failure.folder);
    add({.cause = Cause::kNoPermission,
         .kind = kind_of(failure.folder),
         .words = fmt::format("The folder {} cannot be read, so nothing in it is served: {}.",
                              folder.native(), failure.error.message),
         .command =
             fmt::format("sudo chown -R \"$USER\" {0} && chmod -R u+rwX {0}", shell_word(folder))});
  }
  if (!options_.not_writable || options_.not_writable->code == ErrorCode::kNoSpace) return;
  add({.cause = Cause::kNoPermission,
       .words =
           fmt::format("The cache cannot be written: {}. Without that nothing can be taken in, "
                       "and who draws cannot note what was served.",
                       options_.not_writable->message),
       .command = fmt::format("sudo chown -R \"$USER\" {0} && chmod -R u+rwX {0}",
                              shell_word(store_.layout().root()))});
}

void Doctor::look_at_disk() {
  const ByteCount free = report_.status.free_bytes;
  const ByteCount wanted = options_.min_free_bytes;
  if (free >= wanted) return;
  ByteCount held;
  for (const CacheStatus& cache : report_.status.caches) held += cache.bytes;
  const bool can_help = free + held >= wanted;
  const fs::path root = store_.layout().root();
  add({.cause = Cause::kDiskFull,
       .words = fmt::format("The disk of {} has {} left, less than the {} that are kept free: "
                            "nothing more is taken in.{}",
                            root.native(), to_string(free), to_string(wanted),
                            can_help ? std::string()
                                     : fmt::format(" All images of the cache hold {}: other files "
                                                   "fill this disk, and have to go.",
                                                   to_string(held))),
       .command = can_help ? at(fmt::format("gc --keep-free {}B", wanted.count()))
                           : fmt::format("df -h {}", shell_word(root))});
}

/// Images in folders that nobody reads.
void Doctor::look_for_lost_images() {
  files::FileSystem& file_system = store_.tools().file_system;
  for (const std::string_view name : kLikelyFolders) {
    const fs::path folder = name.empty() ? store_.layout().root() : store_.layout().root() / name;
    const auto names = file_system.list(folder);
    if (!names) continue;  // not there; what cannot be read is told already, if it matters
    const auto count = static_cast<std::uint64_t>(std::ranges::count_if(*names, is_image_name));
    if (count == 0) continue;
    const bool is_made = name.starts_with("Synthetic");
    const CacheKind kind = is_made ? CacheKind::kTextToImage : CacheKind::kReal;
    const fs::path to = store_.layout().folder(folder_of(kind));
    add({.cause = Cause::kWrongFolder,
         .kind = kind,
         .count = count,
         .words = fmt::format("{} in {}, where nobody looks for them; {} belong in {}. Those "
                              "without a sidecar need a label there.",
                              counted(count, "image lies", "images lie"), folder.native(),
                              is_made ? "images that were made" : "photos", to.native()),
         .command = moves_.move(folder, to)});
  }
}

/// What Assay reads and the validator does not: photos in `images`, and formats.
Status Doctor::look_at_names() {
  ASSIGN_OR_RETURN(const FolderTotals others, store_.index().totals(ItemFolder::kRoadworkImages));
  if (others.num_items > 0) {
    const fs::path from = store_.layout().folder(ItemFolder::kRoadworkImages);
    const fs::path to = store_.layout().folder(ItemFolder::kRoadworkImage);
    add({.cause = Cause::kWrongFolder,
         .kind = CacheKind::kReal,
         .count = others.num_items,
         .words = fmt::format("{} in {}. Assay reads both folders, but the validator reads {} "
                              "alone (without the s), and finds it empty of these.",
                              counted(others.num_items, "photo lies", "photos lie"), from.native(),
                              to.native()),
         .command = moves_.move(from, to)});
  }
  for (const CacheStatus& cache : report_.status.caches) {
    if (cache.num_unseen_by_others == 0) continue;
    add({.cause = Cause::kUnseenFormat,
         .kind = cache.kind,
         .count = cache.num_unseen_by_others,
         .words = fmt::format("{} of the cache {} can be served by Assay and not by the validator, "
                              "which looks at .jpg, .jpeg and .png alone.",
                              counted(cache.num_unseen_by_others, "image", "images"),
                              to_string(cache.kind)),
         .command = at("status --json"),
         .is_remark = true});
  }
  return {};
}

void Doctor::look_at_states(const CacheStatus& cache) {
  struct Known {
    ItemState state;
    Cause cause;
    const char* one;
    const char* many;
    std::string_view words;
  };
  constexpr std::array<Known, 5> kKnown = {{
      {ItemState::kNoSidecar, Cause::kNoSidecar, "image has", "images have",
       "no sidecar, the JSON file beside it that says what it shows, so nobody is asked about it; "
       "those without works get the label none"},
      {ItemState::kNoLabel, Cause::kNoLabel, "image has", "images have",
       "a sidecar without a `label` of 0 or 1, so nobody is asked about it; those without works "
       "get "
       "the label none"},
      {ItemState::kDisagrees, Cause::kDisagrees, "image has", "images have",
       "a label and a `scene_description` that disagree: works (1) need words, no works (0) must "
       "have none, or the image is passed over"},
      {ItemState::kBadSidecar, Cause::kBadSidecar, "image has", "images have",
       "a sidecar that is no JSON object, so it is passed over; mend it, or keep it aside and "
       "label "
       "the image anew, those without works none"},
      {ItemState::kBroken, Cause::kBroken, "image is", "images are",
       "broken: it does not decode, and would fail when it is asked about"},
  }};
  for (const Known& known : kKnown) {
    const std::uint64_t count = cache.count(known.state);
    if (count == 0) continue;
    const std::string path = example(cache.kind, known.state);
    const bool is_for_all =
        known.state == ItemState::kNoSidecar || known.state == ItemState::kNoLabel;
    std::string command = at(fmt::format("label {} --label roadwork", shell_word(path)));
    if (is_for_all) {
      command =
          at(fmt::format("label --unlabelled --cache {} --label roadwork", to_string(cache.kind)));
    }
    if (known.state == ItemState::kBadSidecar) {
      const std::string sidecar = shell_word(fs::path(path).replace_extension(".json"));
      command = fmt::format("mv -n {0} {0}.bad && {1}", sidecar, command);
    }
    if (known.state == ItemState::kBroken) command = at("gc");
    add({.cause = known.cause,
         .kind = cache.kind,
         .count = count,
         .words = fmt::format("{} of the cache {} {}. The first: {}.",
                              counted(count, known.one, known.many), to_string(cache.kind),
                              known.words, path),
         .command = command});
  }
}

void Doctor::look_at_cells(const CacheStatus& cache) {
  const auto cell = [&](Label label, std::uint64_t count) {
    if (count > 0) return;
    // Drawings are made here; photos have to come from somewhere.
    const std::string help = cache.kind == CacheKind::kReal
                                 ? fmt::format("update --label {}", to_string(label))
                                 : fmt::format("generate --provider scene --kind {} --label {}",
                                               to_string(cache.kind), to_string(label));
    const std::string_view note =
        cache.kind == CacheKind::kReal
            ? " Photos of the public data set are fetched by assay cache update; your own come by "
              "assay cache import."
            : " Drawings for demos and tests are made at once; your own images come by assay cache "
              "import.";
    add({.cause = Cause::kEmptyCell,
         .kind = cache.kind,
         .words = fmt::format("The cache {} has no image with the label {} that can be served: "
                              "challenges take others while there are any, and without any a "
                              "validator logs \"No images available in cache\".{}",
                              to_string(cache.kind), to_string(label), note),
         .command = at(help)});
  };
  cell(Label::kRoadwork, cache.num_roadwork);
  cell(Label::kNone, cache.num_none);
}

/// What makes `update` ask this source.
std::string Doctor::flags_of(const std::string& source) const {
  // One that assay.toml gave a name of its own is asked with all the others.
  if (options_.named_sources.contains(source)) return "";
  const std::string word = shell_word(source);
  // A name that --source gave: where its images lie nobody noted.
  if (!source.contains('/')) return fmt::format("--from PATH --source {} ", word);
  const bool is_place = source.starts_with('/') || source.contains("://");
  return fmt::format("{} {} ", is_place ? "--from" : "--dataset", word);
}

/// What helps against a hub's refusal: asking again alone does not.
std::string Doctor::after_failure(std::string_view cause, const std::string& flags) const {
  std::string again = at(fmt::format("update {}--now", flags));
  if (cause == "unauthorized" || cause == "forbidden") {
    return "export HF_TOKEN=YOUR_TOKEN && " + again;
  }
  // Before it is due the hub would only refuse once more.
  if (cause == "rate_limited") return at(fmt::format("update {}--watch", flags));
  if (cause == "not_found" && flags.starts_with("--dataset")) {
    return at("update --dataset OWNER/NAME --now");
  }
  return again;
}

/// What earlier updates could not do.
void Doctor::look_at_updates() {
  for (const UpdateSource& source : report_.status.updates) {
    if (!source.failure) continue;
    add({.cause = Cause::kUpdateFailed,
         .words = fmt::format(
             "The last update from {} failed at {} ({}): {}. {}", source.name,
             to_rfc3339(source.failure->at), source.failure->cause, source.failure->message,
             source.next_due ? fmt::format("The next try is due at {}, by assay cache update "
                                           "(--watch goes on by itself).",
                                           to_rfc3339(*source.next_due))
                             : std::string()),
         .command = after_failure(source.failure->cause, flags_of(source.name))});
  }
}

void Doctor::look_at_generator() {
  const auto failure = read_generate_failure(store_.tools().file_system, store_.layout());
  if (!failure) return;
  add({.cause = Cause::kNoGenerator,
       .words = fmt::format("The last generating failed at {}: {}. Drawings for demos and tests "
                            "need neither model nor service.",
                            to_rfc3339(failure->at), failure->message),
       .command = at("generate --provider scene")});
}

void Doctor::look_at_rescan() {
  const std::uint64_t count = rescan_.num_new + rescan_.num_changed + rescan_.num_gone +
                              rescan_.num_completed + rescan_.num_taken_back;
  if (count == 0 || store_.options().access == Access::kRead) return;
  add({.cause = Cause::kStaleIndex,
       .count = count,
       .words = fmt::format(
           "Since the last look others put {} there, changed {} and removed {}; {} "
           "left half by a program that was killed. The index is right again.",
           counted(rescan_.num_new, "image", "images"), report::count_text(rescan_.num_changed),
           report::count_text(rescan_.num_gone),
           counted(rescan_.num_completed + rescan_.num_taken_back, "item was", "items were")),
       .command = at("verify"),
       .is_remark = true});
}

Result<DoctorReport> Doctor::examine() {
  ASSIGN_OR_RETURN(report_.status, read_status(store_));
  RETURN_IF_ERROR(store_.index().for_each(
      [&](const Item& item) { examples_.try_emplace({kind_of(item.folder), item.state}, item); }));
  ASSIGN_OR_RETURN(const auto root, store_.tools().file_system.info(store_.layout().root()));
  look_at_access();
  if (!root) {
    add({.cause = Cause::kNoFolder,
         .words = fmt::format("There is no folder {}: no image was ever put there, or the cache is "
                              "elsewhere (--cache-dir, or the setting cache.dir).",
                              store_.layout().root().native()),
         .command = at("import FOLDER --label roadwork")});
    return std::move(report_);
  }
  look_at_disk();
  look_for_lost_images();
  RETURN_IF_ERROR(look_at_names());
  for (const CacheStatus& cache : report_.status.caches) look_at_states(cache);
  look_at_rescan();
  look_at_updates();
  look_at_generator();
  for (const CacheStatus& cache : report_.status.caches) look_at_cells(cache);
  std::ranges::stable_sort(report_.diagnoses, {}, &Diagnosis::cause);
  return std::move(report_);
}

}  // namespace

std::string_view to_string(Cause cause) {
  constexpr std::array<std::string_view, kNumCauses> kNames = {
      "no_folder",   "no_permission", "disk_full",    "wrong_folder", "no_sidecar",
      "no_label",    "disagrees",     "bad_sidecar",  "broken",       "unseen_format",
      "stale_index", "update_failed", "no_generator", "empty_cell"};
  return kNames[static_cast<std::size_t>(cause)];
}

std::size_t DoctorReport::num_findings() const {
  return static_cast<std::size_t>(std::ranges::count(diagnoses, false, &Diagnosis::is_remark));
}

Result<DoctorReport> examine_cache(Store& store, const RescanSummary& rescan,
                                   const DoctorOptions& options) {
  return Doctor(store, rescan, options).examine();
}

}  // namespace assay::cache

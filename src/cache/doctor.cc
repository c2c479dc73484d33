#include "cache/doctor.h"

#include "cache/generate_failure.h"
#include "core/check.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;
using report::counted;

// Folders in which people have looked for the images, or put them.
constexpr std::array<std::string_view, 6> kLikelyFolders = {
    "", "Roadwork", "Synthetic", "Roadwork/Images", "Roadwork/Image", "images"};

/// One path within a shell command.
std::string shell_word(const fs::path& path) {
  const std::string& text = path.native();
  const bool is_plain = text.find_first_not_of(
                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "/._-~") == std::string::npos;
  if (is_plain && !text.empty()) return text;
  std::string result = "'";
  for (const char letter : text) result += letter == '\'' ? "'\\''" : std::string(1, letter);
  return result + "'";
}

std::string stem_of(const std::string& name) { return fs::path(name).stem().native(); }

/// The first item of each state of each cache, by name, as an example.
using Examples = std::map<std::pair<CacheKind, ItemState>, Item>;

class Doctor {
 public:
  Doctor(Store& store, const RescanSummary& rescan, const DoctorOptions& options)
      : store_(store), rescan_(rescan), options_(options) {}

  /// Errors of all: as examine_cache().
  Result<DoctorReport> examine();

 private:
  void look_at_access();
  void look_at_disk();
  void look_for_lost_images();
  std::string move_command(const fs::path& from, const fs::path& to);
  Status look_at_names();
  void look_at_states(const CacheStatus& cache);
  void look_at_cells(const CacheStatus& cache);
  void look_at_rescan();
  void look_at_updates();
  void look_at_generator();
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
  std::set<fs::path> promised_;  ///< Where commands above move images, without the extension.
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

/// Moves the images that lie in `from`, with their sidecars. A sidecar says what the photo of its
/// stem shows: where a stem is taken, all of them get a name that is not.
std::string Doctor::move_command(const fs::path& from, const fs::path& to) {
  files::FileSystem& file_system = store_.tools().file_system;
  const auto names_in = [&](const fs::path& folder) {
    auto names = file_system.list(folder);
    return names ? std::move(*names) : std::vector<std::string>();
  };
  std::set<std::string> stems_to_move;
  std::set<std::string> extensions;
  const std::vector<std::string> names = names_in(from);
  for (const std::string& name : names) {
    if (!is_image_name(name)) continue;
    stems_to_move.insert(stem_of(name));
    extensions.insert(fs::path(name).extension().native());
    if (std::ranges::binary_search(names, sidecar_name(name))) extensions.insert(".json");
  }
  // Of all that the patterns below match.
  for (const std::string& name : names) {
    const bool is_matched = extensions.contains(fs::path(name).extension().native());
    if (is_matched) stems_to_move.insert(stem_of(name));
  }
  std::set<std::string> stems_there;
  for (const std::string& name : names_in(to)) stems_there.insert(stem_of(name));
  const auto is_free = [&](const std::string& prefix) {
    return std::ranges::none_of(stems_to_move, [&](const std::string& stem) {
      return stems_there.contains(prefix + stem) || promised_.contains(to / (prefix + stem));
    });
  };
  std::string prefix;
  for (int i = 1; !is_free(prefix); ++i) prefix = fmt::format("moved{}-", i);
  for (const std::string& stem : stems_to_move) promised_.insert(to / (prefix + stem));
  std::string patterns;
  for (const std::string& extension : extensions) {
    patterns += fmt::format(" {}/*{}", shell_word(from), extension);
  }
  const std::string target = shell_word(to);
  const std::string move =
      prefix.empty() ? fmt::format("mv -n{} {}/", patterns, target)
                     : fmt::format(R"(for file in{}; do mv -n "$file" {}/{}"${{file##*/}}"; done)",
                                   patterns, target, prefix);
  return fmt::format("mkdir -p {} && {}", target, move);
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
         .command = move_command(folder, to)});
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
         .command = move_command(from, to)});
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
    // One that assay.toml gave a name of its own is asked with all the others.
    const bool is_place = source.name.starts_with('/') || source.name.contains("://");
    const bool is_named =
        !source.name.contains('/') || options_.named_sources.contains(source.name);
    const std::string flags = is_named ? std::string()
                                       : fmt::format("{} {} ", is_place ? "--from" : "--dataset",
                                                     shell_word(source.name));
    add({.cause = Cause::kUpdateFailed,
         .words = fmt::format(
             "The last update from {} failed at {} ({}): {}. {}", source.name,
             to_rfc3339(source.failure->at), source.failure->cause, source.failure->message,
             source.next_due ? fmt::format("The next try is due at {}, by assay cache update "
                                           "(--watch goes on by itself).",
                                           to_rfc3339(*source.next_due))
                             : std::string()),
         .command = after_failure(source.failure->cause, flags)});
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

std::string doctor_text(const DoctorReport& report) {
  if (report.diagnoses.empty()) return "Every cache has images of both labels. Nothing is wrong.\n";
  std::string text;
  for (const Diagnosis& diagnosis : report.diagnoses) {
    text +=
        fmt::format("{}{}\n    {}\n\n", diagnosis.is_remark ? "(for your information) " : "",
                    report::visible_text(diagnosis.words), report::visible_text(diagnosis.command));
  }
  const std::size_t count = report.num_findings();
  text += count == 0 ? "Nothing is wrong.\n"
                     : fmt::format("{}; each has the command that helps below it.\n",
                                   counted(count, "finding", "findings"));
  return text;
}

std::string doctor_json(const DoctorReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("cache_dir").text(report.status.root);
  writer.name("findings").unsigned_integer(report.num_findings());
  writer.name("diagnoses").begin_list();
  for (const Diagnosis& diagnosis : report.diagnoses) {
    writer.begin_object();
    writer.name("cause").text(to_string(diagnosis.cause));
    writer.name("cache");
    diagnosis.kind ? writer.text(to_string(*diagnosis.kind)) : writer.null();
    writer.name("count").unsigned_integer(diagnosis.count);
    writer.name("words").text(diagnosis.words);
    writer.name("command").text(diagnosis.command);
    writer.name("remark").boolean(diagnosis.is_remark);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::cache

#include "cache/relabel.h"
#include "cli/cache_options_internal.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace assay::cli {
namespace {

constexpr std::size_t kMaxPathsShown = 10;

struct LabelFlags {
  CacheFolderFlag folder;
  CacheKindFlag kind;
  CacheLabelFlag label;
  std::vector<std::string> images;
  std::string description;
  bool is_for_unlabelled = false;
};

std::string relabel_text(const cache::RelabelReport& report) {
  std::string text =
      fmt::format("{} labelled\n", report::counted(report.num_labelled, "image", "images"));
  for (const std::string& image : report.unknown) {
    text += fmt::format(
        "  {}: no image of this cache; give a path, or a name as `assay cache "
        "doctor` shows it\n",
        report::visible_text(image));
  }
  for (const auto& [image, paths] : report.ambiguous) {
    text += fmt::format("  {}: {} images came under this name; say which, by its path:\n",
                        report::visible_text(image), paths.size());
    for (std::size_t i = 0; i < std::min(paths.size(), kMaxPathsShown); ++i) {
      text += fmt::format("    {}\n", report::visible_text(paths[i]));
    }
    if (paths.size() > kMaxPathsShown) {
      text += fmt::format("    and {} more (--json names all)\n", paths.size() - kMaxPathsShown);
    }
  }
  for (const std::string& image : report.broken) {
    text += fmt::format("  {}: does not decode; move it away by `assay cache gc`\n",
                        report::visible_text(image));
  }
  for (const std::string& image : report.bad_sidecar) {
    text += fmt::format(
        "  {}: its sidecar cannot be read as a JSON object, and stays as it is; mend it, or move "
        "it away and label the image again\n",
        report::visible_text(image));
  }
  return text;
}

std::string relabel_json(const cache::RelabelReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("labelled").unsigned_integer(report.num_labelled);
  writer.name("unknown").begin_list();
  for (const std::string& image : report.unknown) writer.text(image);
  writer.end_list();
  writer.name("broken").begin_list();
  for (const std::string& image : report.broken) writer.text(image);
  writer.end_list();
  writer.name("ambiguous").begin_list();
  for (const auto& [image, paths] : report.ambiguous) {
    writer.begin_object();
    writer.name("image").text(image);
    writer.name("paths").begin_list();
    for (const std::string& path : paths) writer.text(path);
    writer.end_list();
    writer.end_object();
  }
  writer.end_list();
  writer.name("bad_sidecar").begin_list();
  for (const std::string& image : report.bad_sidecar) writer.text(image);
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

Result<ExitCode> run_label(const LabelFlags& flags, Session& session) {
  const cache::RelabelOptions options{.label = flags.label.label().value_or(cache::Label::kNone),
                                      .description = flags.description,
                                      .cache = flags.kind.kind()};
  if (flags.images.empty() != flags.is_for_unlabelled) {
    return invalid_input("give the images to label, or --unlabelled for all that have no label");
  }
  if (options.label == cache::Label::kNone && !options.description.empty()) {
    return invalid_input(
        "a description tells what works are seen: leave it out with --label none, since the "
        "validator passes over an image whose label and description disagree");
  }
  RETURN_IF_ERROR(require_cache(flags.folder, session));
  ASSIGN_OR_RETURN(
      const OpenedCache opened,
      open_cache(flags.folder, session, cache::Access::kWrite, cache::ScanDepth::kFolders));
  const auto done = flags.is_for_unlabelled ? cache::relabel_unlabelled(*opened.store, options)
                                            : cache::relabel(*opened.store, flags.images, options);
  if (!done) return done.error();
  RETURN_IF_ERROR(
      print(session.output == OutputForm::kJson ? relabel_json(*done) : relabel_text(*done)));
  const bool is_whole = done->unknown.empty() && done->broken.empty() &&
                        done->bad_sidecar.empty() && done->ambiguous.empty();
  return is_whole ? ExitCode::kOk : ExitCode::kPartial;
}

}  // namespace

void add_cache_label_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<LabelFlags>();
  CLI::App& command = tree.add_command(
      group, "label", "Say what images show: their sidecars are written, or changed.",
      {"assay cache label image_001.jpg image_002.jpg --label roadwork",
       "assay cache label --unlabelled --label none"},
      [flags](Session& session) { return run_label(*flags, session); });
  command
      .add_option("image", flags->images,
                  "Paths of images in the cache, or their names, there or before the import.")
      ->type_name("IMAGE");
  flags->folder.add_to(command);
  flags->label.add_to(command, "roadwork or none.")->required();
  add_option(command, "--description", flags->description,
             "What works are seen; with roadwork alone [a general sentence].")
      ->type_name("TEXT");
  command.add_flag("--unlabelled", flags->is_for_unlabelled, "All images that have no label.");
  flags->kind.add_to(command, "Images of this cache alone: real, t2i or i2i.");
}

}  // namespace assay::cli

#include "app/version.h"
#include "cache/contact_sheet.h"
#include "cache/export.h"
#include "cli/cache_options_internal.h"
#include "core/log.h"
#include "core/timestamp.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct CacheExportFlags {
  CacheFolderFlag folder;
  CacheKindFlag kind;
  CacheLabelFlag label;
  std::string target;
  cache::ExportForm form = cache::ExportForm::kFolder;
};

Result<ExitCode> run_cache_export(const CacheExportFlags& flags, Session& session) {
  RETURN_IF_ERROR(require_cache(flags.folder, session));
  ASSIGN_OR_RETURN(const OpenedCache opened,
                   open_cache_to_look(flags.folder, session, cache::ScanDepth::kFiles));
  ASSIGN_OR_RETURN(const cache::ExportReport report,
                   cache::export_images(*opened.store,
                                        {.form = flags.form,
                                         .target = flags.target,
                                         .cache = flags.kind.kind(),
                                         .label = flags.label.label()},
                                        {}, session.stop));
  if (session.output == OutputForm::kJson) {
    json::Writer writer(json::Layout::kPretty);
    writer.begin_object();
    writer.name("target").text(flags.target);
    writer.name("images").unsigned_integer(report.num_images);
    writer.name("bytes").unsigned_integer(report.bytes.count());
    writer.name("unlabelled").unsigned_integer(report.num_unlabelled);
    writer.name("lost").unsigned_integer(report.num_lost);
    writer.end_object();
    RETURN_IF_ERROR(print(writer.take() + "\n"));
  } else {
    std::string text =
        fmt::format("{} ({}) in {}\n", report::counted(report.num_images, "image", "images"),
                    to_string(report.bytes), report::visible_text(flags.target));
    if (report.num_unlabelled > 0) {
      text += fmt::format("{} without a label left out\n",
                          report::counted(report.num_unlabelled, "image", "images"));
    }
    if (report.num_lost > 0) {
      text += fmt::format("{} could not be read\n",
                          report::counted(report.num_lost, "image", "images"));
    }
    RETURN_IF_ERROR(print(text));
  }
  return report.num_lost == 0 ? ExitCode::kOk : ExitCode::kPartial;
}

struct SheetFlags {
  CacheFolderFlag folder;
  CacheKindFlag kind;
  std::string target;
  std::size_t each = cache::ContactSheetOptions().max_images_each;
};

Result<ExitCode> run_contact_sheet(const SheetFlags& flags, Session& session) {
  RETURN_IF_ERROR(require_cache(flags.folder, session));
  ASSIGN_OR_RETURN(const OpenedCache opened,
                   open_cache_to_look(flags.folder, session, cache::ScanDepth::kFiles));
  const cache::ContactSheetOptions options{
      .target = flags.target,
      .cache = flags.kind.kind(),
      .max_images_each = flags.each,
      .made_by = fmt::format("Made by Assay {} at {}.", app::version().number,
                             to_rfc3339(system_clock().now()))};
  ASSIGN_OR_RETURN(const cache::ContactSheetReport report,
                   cache::write_contact_sheet(*opened.store, options, session.stop));
  if (session.output == OutputForm::kJson) {
    json::Writer writer(json::Layout::kPretty);
    writer.begin_object();
    writer.name("page").text(flags.target);
    writer.name("shown").unsigned_integer(report.num_shown);
    writer.name("images").unsigned_integer(report.num_images);
    writer.end_object();
    RETURN_IF_ERROR(print(writer.take() + "\n"));
    return ExitCode::kOk;
  }
  RETURN_IF_ERROR(print(fmt::format("{} of {} on {}\n", report::count_text(report.num_shown),
                                    report::counted(report.num_images, "image", "images"),
                                    report::visible_text(flags.target))));
  return ExitCode::kOk;
}

}  // namespace

void add_cache_export_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<CacheExportFlags>();
  CLI::App& command = tree.add_command(
      group, "export", "Write the labelled images as a folder with labels.csv, or as one tar.",
      {"assay cache export labelled", "assay cache export works.tar --webdataset --label roadwork"},
      [flags](Session& session) { return run_cache_export(*flags, session); });
  add_option(command, "TARGET", flags->target, "A new folder, or a tar with --webdataset.")
      ->required();
  flags->folder.add_to(command);
  flags->kind.add_to(command, "real, t2i or i2i [all].");
  flags->label.add_to(command, "roadwork or none [both].");
  command.add_flag_callback(
      "--webdataset", [flags] { flags->form = cache::ExportForm::kWebDataset; },
      "One tar of images and their sidecars, as WebDataset reads it.");
}

void add_cache_contact_sheet_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<SheetFlags>();
  CLI::App& command = tree.add_command(
      group, "contact-sheet", "Write a page of thumbnails, to see whether the labels are right.",
      {"assay cache contact-sheet --out cache.html",
       "assay cache contact-sheet --cache t2i --each 60 --out drawn.html"},
      [flags](Session& session) { return run_contact_sheet(*flags, session); });
  flags->folder.add_to(command);
  flags->kind.add_to(command, "real, t2i or i2i [all].");
  add_option(command, "--out", flags->target, "The page.")->required()->type_name("FILE");
  add_option(command, "--each", flags->each, "At most so many of each cache, label and source.")
      ->type_name("N")
      ->capture_default_str();
}

}  // namespace assay::cli

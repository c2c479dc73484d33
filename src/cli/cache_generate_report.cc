#include "cli/cache_generate_report_internal.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <cstddef>

namespace assay::cli {
namespace {

using cache::GenerateOutcome;
using cache::GenerateReport;

std::string made_by(const cache::GeneratorCapabilities& generator) {
  if (generator.name == "scene") return "drawn by assay-scene: for demos and tests, no photos";
  return fmt::format("made by {}", report::visible_text(generator.model_name));
}

std::string text_of(const Generated& generated, std::string_view maker_words) {
  using report::count_text;
  const GenerateReport& report = generated.report;
  const std::string_view kind = to_string(generated.kind);
  if (report.num_wanted == 0) return fmt::format("{}: stocked, nothing to do\n", kind);
  std::string text =
      fmt::format("{}: {} added ({})\n", kind,
                  report::counted(report.count(GenerateOutcome::kAdded), "image", "images"),
                  made_by(generated.generator));
  const auto tell = [&](GenerateOutcome outcome, std::string_view words) {
    if (report.count(outcome) == 0) return;
    text += fmt::format("{}: {} {}\n", kind, count_text(report.count(outcome)), words);
  };
  tell(GenerateOutcome::kAlreadyThere, "there already");
  tell(GenerateOutcome::kNearDuplicate, "left out: look like another of this generator");
  tell(GenerateOutcome::kBlank, "left out: blank");
  tell(GenerateOutcome::kFailed, "could not be made, others were in their place:");
  for (const cache::FailedImage& image : report.failed) {
    text += fmt::format("  {}: {}\n", report::visible_text(image.name),
                        report::visible_text(image.reason));
  }
  tell(GenerateOutcome::kDoubtful, "left out: do not look like their label; in the quarantine");
  if (report.num_sources_refused > 0) {
    text += fmt::format("{}: {} cannot be changed by this provider\n", kind,
                        report::counted(report.num_sources_refused, "image", "images"));
  }
  for (const cache::RefusedSource& source : report.refused) {
    text += fmt::format("  {}: {}\n", report::visible_text(source.name),
                        report::visible_text(source.reason));
  }
  for (const cache::Label label : report.without_source) {
    text += fmt::format(
        "{}: there is no image with the label {} to start from; make some first: assay cache "
        "generate --kind t2i --label {}{}\n",
        kind, to_string(label), to_string(label), maker_words);
  }
  if (report.num_missing > 0) {
    text += fmt::format("{}: {} still missing{}{}\n", kind, count_text(report.num_missing),
                        report.no_room.empty() ? "" : ": ", report::visible_text(report.no_room));
  }
  return text;
}

void write_report(json::Writer& writer, const Generated& generated) {
  const GenerateReport& report = generated.report;
  writer.begin_object();
  writer.name("cache").text(to_string(generated.kind));
  writer.name("generator").text(generated.generator.name);
  writer.name("model_name").text(generated.generator.model_name);
  writer.name("wanted").unsigned_integer(report.num_wanted);
  for (std::size_t i = 0; i < cache::kNumGenerateOutcomes; ++i) {
    writer.name(to_string(static_cast<GenerateOutcome>(i))).unsigned_integer(report.counts[i]);
  }
  writer.name("bytes_added").unsigned_integer(report.bytes_added.count());
  writer.name("missing").unsigned_integer(report.num_missing);
  writer.name("no_room");
  report.no_room.empty() ? writer.null() : writer.text(report.no_room);
  writer.name("without_source").begin_list();
  for (const cache::Label label : report.without_source) writer.text(to_string(label));
  writer.end_list();
  writer.name("sources_refused").unsigned_integer(report.num_sources_refused);
  writer.name("refused").begin_list();
  for (const cache::RefusedSource& source : report.refused) {
    writer.begin_object();
    writer.name("name").text(source.name);
    writer.name("reason").text(source.reason);
    writer.end_object();
  }
  writer.end_list();
  writer.name("failures").begin_list();
  for (const cache::FailedImage& image : report.failed) {
    writer.begin_object();
    writer.name("name").text(image.name);
    writer.name("reason").text(image.reason);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
}

}  // namespace

std::string generated_text(const std::vector<Generated>& all, std::string_view maker_words) {
  std::string text;
  for (const Generated& generated : all) text += text_of(generated, maker_words);
  return text;
}

std::string generated_json(const std::vector<Generated>& all) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("caches").begin_list();
  for (const Generated& generated : all) write_report(writer, generated);
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::cli

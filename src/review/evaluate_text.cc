#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"
#include "review/evaluate.h"
#include "statistics/binomial.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

namespace assay::review {
namespace {

constexpr std::array<std::string_view, kNumSelectors> kSelectorNames = {"model", "highest_stage",
                                                                        "first_image"};
constexpr std::array<std::string_view, kNumCroppers> kCropperNames = {"model", "constant_box",
                                                                      "full_frame"};
constexpr double kConfidenceOfInterval = 0.95;

double share(double part, std::size_t whole) {
  return whole == 0 ? 0 : part / static_cast<double>(whole);
}

double percent(std::size_t part, std::size_t whole) {
  return 100 * share(static_cast<double>(part), whole);
}

void append_slice(std::string& text, const EvaluationSlice& slice) {
  auto out = std::back_inserter(text);
  const SelectionTally& selection = slice.selection;
  const statistics::RateInterval interval = statistics::clopper_pearson(
      selection.num_right[0], selection.num_groups, kConfidenceOfInterval);
  fmt::format_to(out, "{}: {}\n", report::visible_text(slice.name),
                 report::counted(selection.num_groups, "group", "groups"));
  fmt::format_to(out,
                 "  image right: model {:.1f} % ({:.1f} to {:.1f}), highest stage {:.1f} %, first "
                 "image {:.1f} %, chance {:.1f} %\n",
                 percent(selection.num_right[0], selection.num_groups), 100 * interval.lower,
                 100 * interval.upper, percent(selection.num_right[1], selection.num_groups),
                 percent(selection.num_right[2], selection.num_groups),
                 100 * share(selection.num_right_by_chance, selection.num_groups));
  if (selection.num_lower_stage > 0) {
    fmt::format_to(out, "  where a lower stage was taken ({}): model {:.1f} %\n",
                   selection.num_lower_stage,
                   percent(selection.num_lower_stage_right, selection.num_lower_stage));
  }
  const CropTally& crop = slice.crop;
  if (crop.num_crops == 0) return;
  fmt::format_to(out, "  {}, mean overlap: model {:.3f}, constant box {:.3f}, full frame {:.3f}\n",
                 report::counted(crop.num_crops, "crop", "crops"),
                 share(crop.sum_of_overlaps[0], crop.num_crops),
                 share(crop.sum_of_overlaps[1], crop.num_crops),
                 share(crop.sum_of_overlaps[2], crop.num_crops));
  fmt::format_to(
      out, "  all sides within 5 %: model {:.1f} %, constant box {:.1f} %, full frame {:.1f} %\n",
      percent(crop.num_within_tolerance[0], crop.num_crops),
      percent(crop.num_within_tolerance[1], crop.num_crops),
      percent(crop.num_within_tolerance[2], crop.num_crops));
}

void append_slices(std::string& text, std::string_view title,
                   std::span<const EvaluationSlice> slices) {
  if (slices.empty()) return;
  text += fmt::format("\nBy {}\n", title);
  for (const EvaluationSlice& slice : slices) append_slice(text, slice);
}

void write_share(json::Writer& writer, double part, std::size_t whole) {
  if (whole == 0) {
    writer.null();
  } else {
    writer.number(share(part, whole));
  }
}

void write_slice(json::Writer& writer, const EvaluationSlice& slice) {
  const SelectionTally& selection = slice.selection;
  writer.begin_object().name("name").text(slice.name);
  writer.name("num_groups").unsigned_integer(selection.num_groups);
  writer.name("selection_accuracy").begin_object();
  for (std::size_t i = 0; i < kNumSelectors; ++i) {
    writer.name(kSelectorNames.at(i));
    write_share(writer, static_cast<double>(selection.num_right.at(i)), selection.num_groups);
  }
  writer.name("chance");
  write_share(writer, selection.num_right_by_chance, selection.num_groups);
  writer.end_object();
  writer.name("num_lower_stage").unsigned_integer(selection.num_lower_stage);
  writer.name("lower_stage_accuracy");
  write_share(writer, static_cast<double>(selection.num_lower_stage_right),
              selection.num_lower_stage);
  writer.name("num_crops").unsigned_integer(slice.crop.num_crops);
  writer.name("mean_overlap").begin_object();
  for (std::size_t i = 0; i < kNumCroppers; ++i) {
    writer.name(kCropperNames.at(i));
    write_share(writer, slice.crop.sum_of_overlaps.at(i), slice.crop.num_crops);
  }
  writer.end_object();
  writer.name("within_tolerance").begin_object();
  for (std::size_t i = 0; i < kNumCroppers; ++i) {
    writer.name(kCropperNames.at(i));
    write_share(writer, static_cast<double>(slice.crop.num_within_tolerance.at(i)),
                slice.crop.num_crops);
  }
  writer.end_object().end_object();
}

void write_slices(json::Writer& writer, std::string_view name,
                  std::span<const EvaluationSlice> slices) {
  writer.name(name).begin_list();
  for (const EvaluationSlice& slice : slices) write_slice(writer, slice);
  writer.end_list();
}

}  // namespace

std::string to_text(const Evaluation& evaluation) {
  std::string left_out =
      fmt::format("left out: {}, {} without a prediction or a choice",
                  report::counted(evaluation.num_rejected, "rejected group", "rejected groups"),
                  evaluation.num_without_both);
  if (evaluation.num_counted_before > 0) {
    left_out +=
        fmt::format(", {} counted already by another database", evaluation.num_counted_before);
  }
  left_out += '\n';
  if (evaluation.all.selection.num_groups == 0) {
    return "Nothing to evaluate: in no group have both a model and a user chosen an image. "
           "`assay predict merge` brings predictions to the user's choices, `assay predict finals` "
           "finds the choices\n" +
           left_out;
  }
  std::string text;
  append_slice(text, evaluation.all);
  text += left_out;
  auto out = std::back_inserter(text);
  append_slices(text, "use of the project", evaluation.by_use);
  append_slices(text, "project", evaluation.by_project);
  append_slices(text, "size of the group", evaluation.by_group_size);
  append_slices(text, "stage of the image taken", evaluation.by_stage);
  fmt::format_to(out, "\nConfidence beside accuracy (mean distance {:.3f})\n",
                 evaluation.calibration_error);
  for (const CalibrationBin& bin : evaluation.calibration) {
    if (bin.num_groups == 0) continue;
    fmt::format_to(out, "  {:.3f}: {:.3f} of {}\n", share(bin.sum_of_confidences, bin.num_groups),
                   share(static_cast<double>(bin.num_right), bin.num_groups),
                   report::counted(bin.num_groups, "group", "groups"));
  }
  return text;
}

std::string to_json(const Evaluation& evaluation) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("num_rejected").unsigned_integer(evaluation.num_rejected);
  writer.name("num_without_both").unsigned_integer(evaluation.num_without_both);
  writer.name("num_counted_before").unsigned_integer(evaluation.num_counted_before);
  writer.name("all");
  write_slice(writer, evaluation.all);
  write_slices(writer, "by_use", evaluation.by_use);
  write_slices(writer, "by_project", evaluation.by_project);
  write_slices(writer, "by_group_size", evaluation.by_group_size);
  write_slices(writer, "by_stage", evaluation.by_stage);
  writer.name("calibration_error");
  if (evaluation.all.selection.num_groups == 0) {
    writer.null();
  } else {
    writer.number(evaluation.calibration_error);
  }
  writer.name("calibration").begin_list();
  for (const CalibrationBin& bin : evaluation.calibration) {
    writer.begin_object().name("num_groups").unsigned_integer(bin.num_groups);
    writer.name("mean_confidence");
    write_share(writer, bin.sum_of_confidences, bin.num_groups);
    writer.name("accuracy");
    write_share(writer, static_cast<double>(bin.num_right), bin.num_groups);
    writer.end_object();
  }
  writer.end_list().end_object();
  return writer.take() + "\n";
}

}  // namespace assay::review

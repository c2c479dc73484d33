#include "cache/label_judge.h"

#include "core/shown_text.h"
#include "files/byte_source.h"
#include "tables/csv_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace assay::cache {
namespace {

constexpr std::string_view kLabelColumn = "label";
constexpr std::string_view kPromptColumn = "prompt";
/// Each is computed once, some 50 ms.
constexpr std::size_t kMaxPrompts = 1'000;

}  // namespace

Result<LabelScore> score_label(const LabelCheck& check, const images::Image& image, Label label) {
  ASSIGN_OR_RETURN(const double roadwork, check.judge->roadwork_share(image));
  return LabelScore{.model = check.judge->model(),
                    .share = label == Label::kRoadwork ? roadwork : 1 - roadwork,
                    .minimum_share = check.minimum_share};
}

std::string doubt_text(const LabelScore& score, Label label) {
  return fmt::format("{} says {:.3f} for the label {}; at least {} is asked for", score.model,
                     score.share, to_string(label), score.minimum_share);
}

std::vector<LabelPrompt> default_label_prompts() {
  // CLIP does not understand "without": what stands there instead is named.
  return {{Label::kRoadwork, "a photo of road works"},
          {Label::kRoadwork, "a photo of a construction site on a road"},
          {Label::kRoadwork, "a photo of traffic cones and barriers on a road"},
          {Label::kRoadwork, "a photo of an excavator on a street"},
          {Label::kRoadwork, "a photo of workers in safety vests repairing a road"},
          {Label::kNone, "a photo of a road"},
          {Label::kNone, "a photo of an empty street"},
          {Label::kNone, "a photo of cars driving on a highway"},
          {Label::kNone, "a photo of a city street with buildings"},
          {Label::kNone, "a photo of a country road with trees"}};
}

Result<std::vector<LabelPrompt>> read_label_prompts(files::FileSystem& file_system,
                                                    const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const auto source, files::open_byte_source(file_system, path));
  ASSIGN_OR_RETURN(tables::CsvReader reader, tables::CsvReader::open(*source));
  const auto label_column = reader.find_column(kLabelColumn);
  const auto prompt_column = reader.find_column(kPromptColumn);
  if (!label_column || !prompt_column) {
    return invalid_input(fmt::format("{}: expected the columns {} and {}", path.native(),
                                     kLabelColumn, kPromptColumn));
  }
  std::vector<LabelPrompt> prompts;
  while (true) {
    ASSIGN_OR_RETURN(const bool is_row, reader.next_row());
    if (!is_row) break;
    const std::string where = fmt::format("{}: {}", path.native(), reader.row_position());
    const std::string_view label_text = reader.cell(*label_column).value_or("");
    const auto label = parse_label(label_text);
    if (!label) {
      return invalid_input(fmt::format("{}: expected the label roadwork or none: {}", where,
                                       shown_text(label_text)));
    }
    const std::string_view prompt = reader.cell(*prompt_column).value_or("");
    if (prompt.find_first_not_of(" \t\r\n") == std::string_view::npos) {
      return invalid_input(fmt::format("{}: expected a prompt", where));
    }
    if (prompts.size() == kMaxPrompts) {
      return exhausted(fmt::format("{}: more than {} prompts", path.native(), kMaxPrompts));
    }
    prompts.push_back({.label = *label, .text = std::string(prompt)});
  }
  for (const Label label : {Label::kRoadwork, Label::kNone}) {
    if (std::ranges::find(prompts, label, &LabelPrompt::label) != prompts.end()) continue;
    return invalid_input(
        fmt::format("{}: no prompt for the label {}: there is nothing to compare "
                    "the others with",
                    path.native(), to_string(label)));
  }
  return prompts;
}

}  // namespace assay::cache

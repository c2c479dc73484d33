#include "cli/option_check_internal.h"
#include "cli/predict_options_internal.h"
#include "core/parse_number.h"

#include <fmt/format.h>

#include <chrono>

namespace assay::cli {
namespace {

Result<std::chrono::seconds> parse_time_gap(const std::string& text) {
  if (text == "0") return std::chrono::seconds(0);
  ASSIGN_OR_RETURN(const std::chrono::milliseconds gap, parse_duration(text));
  if (gap.count() % 1000 != 0) return invalid_input("a gap is of whole seconds: " + text);
  return std::chrono::duration_cast<std::chrono::seconds>(gap);
}

}  // namespace

void GroupingFlags::add_to(CLI::App& command) {
  add_option(command, "--mode", mode,
             "strict: rising stages within one folder; compat: as the old scripts, across folders; "
             "timestamp: one folder and one time; single: every image on its own.")
      ->type_name("MODE")
      ->capture_default_str()
      ->check(
          [](const std::string& text) { return problem_of(grouping::parse_grouping_mode(text)); });
  // Read after the mode, which was added before them.
  const auto problem_of_mode = [this] {
    const bool has_no_order = mode == "timestamp" || mode == "single";
    return has_no_order ? fmt::format("--mode {} does not look at it", mode) : std::string();
  };
  add_option(command, "--time-gap", time_gap,
             "Longest time between an image and the next of its group; 0: any "
             "[strict: 15m, compat: 0].")
      ->type_name("TIME")
      ->check([problem_of_mode](const std::string& text) {
        const std::string problem = problem_of(parse_time_gap(text));
        return problem.empty() ? problem_of_mode() : problem;
      });
  add_option(command, "--lookahead", lookahead, "How many images to look at for the next stage.")
      ->type_name("N")
      ->capture_default_str()
      ->check([problem_of_mode](const std::string& text) {
        const auto count = parse_integer(text);
        return count && *count > 0 ? problem_of_mode() : "expected a number of at least 1: " + text;
      });
  add_option(command, "--group-id", group_id,
             "stable: unique, the same in every run; compat: as the old scripts.")
      ->type_name("FORM")
      ->capture_default_str()
      ->check(
          [](const std::string& text) { return problem_of(grouping::parse_group_id_form(text)); });
}

Result<grouping::GroupingOptions> GroupingFlags::options() const {
  grouping::GroupingOptions options{.lookahead = lookahead};
  ASSIGN_OR_RETURN(options.mode, grouping::parse_grouping_mode(mode));
  if (!time_gap.empty()) {
    ASSIGN_OR_RETURN(options.time_gap, with_context(parse_time_gap(time_gap), "--time-gap"));
  }
  return options;
}

Result<grouping::GroupIdForm> GroupingFlags::id_form() const {
  return grouping::parse_group_id_form(group_id);
}

}  // namespace assay::cli

#include "cli/command_internal.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace assay::cli {
namespace {

std::string config_json(const std::vector<ConfigOrigin>& rows) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object().name("settings").begin_list();
  for (const ConfigOrigin& row : rows) {
    writer.begin_object();
    writer.name("key").text(row.key);
    writer.name("value").text(row.value);
    writer.name("origin").text(row.origin);
    writer.end_object();
  }
  writer.end_list().end_object();
  return writer.take() + "\n";
}

std::string config_text(const std::vector<ConfigOrigin>& rows, bool with_origin) {
  std::size_t key_width = 0;
  std::size_t value_width = 0;
  for (const ConfigOrigin& row : rows) {
    key_width = std::max(key_width, row.key.size());
    value_width = std::max(value_width, row.value.size());
  }
  std::string text;
  for (const ConfigOrigin& row : rows) {
    if (with_origin) {
      text += fmt::format("{:<{}}  {:<{}}  {}\n", row.key, key_width, row.value, value_width,
                          row.origin);
    } else {
      text += fmt::format("{:<{}}  {}\n", row.key, key_width, row.value);
    }
  }
  return text;
}

}  // namespace

void add_config_commands(CommandTree& tree) {
  CLI::App& group = CommandTree::add_group(tree.root(), "config", "Show the settings.");
  auto with_origin = std::make_shared<bool>(false);
  CLI::App& show = tree.add_command(
      group, "show",
      "Print every setting: flags win over ASSAY_ variables, those over assay.toml, that over "
      "defaults.",
      {"assay config show --origin", "ASSAY_AUDIT_CONCURRENCY=64 assay config show --origin"},
      [with_origin](Session& session) -> Result<ExitCode> {
        const auto rows = session.config.origins();
        RETURN_IF_ERROR(print(session.output == OutputForm::kJson
                                  ? config_json(rows)
                                  : config_text(rows, *with_origin)));
        return ExitCode::kOk;
      });
  show.add_flag("--origin", *with_origin, "Also print where each value comes from.");
}

}  // namespace assay::cli

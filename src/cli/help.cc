#include "cli/command_internal.h"
#include "core/suggest.h"

#include <string>
#include <vector>

namespace assay::cli {
namespace {

/// The examples of a command, a line each. A group shows the first of each of its commands.
std::string examples_of(const CLI::App& command) {
  if (!command.get_footer().empty()) return command.get_footer();
  std::string lines;
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string examples = examples_of(*sub);
    lines += examples.substr(0, examples.find('\n') + 1);
  }
  return lines;
}

/// Help that leads with what the command is for and how it is typed; the list of options comes
/// last.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string /*name*/,
                        CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
    std::string text = make_description(app);
    if (const std::string lines = examples_of(*app); !lines.empty()) {
      text += "\nExamples:\n" + lines;
    }
    text += "\n" + make_usage(app, full_name(*app));
    text += make_groups(app, mode);
    text += make_subcommands(app, mode);
    return text;
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return {};
    std::string text = " " + option->get_type_name();
    if (!option->get_default_str().empty()) text += " [" + option->get_default_str() + "]";
    return text;
  }
};

}  // namespace

std::string full_name(const CLI::App& command) {
  if (command.get_parent() == nullptr) return "assay";
  return full_name(*command.get_parent()) + " " + command.get_name();
}

std::shared_ptr<CLI::FormatterBase> make_help_formatter() {
  auto formatter = std::make_shared<HelpFormatter>();
  formatter->column_width(34);
  formatter->label("OPTIONS", "OPTION...");
  formatter->label("SUBCOMMAND", "COMMAND");
  formatter->label("SUBCOMMANDS", "COMMAND");
  return formatter;
}

std::string suggestion_for(const CLI::App& command, std::string_view misspelt) {
  std::vector<std::string> names;
  if (misspelt.starts_with('-')) {
    for (const CLI::Option* option : command.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
  } else {
    for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(sub->get_name());
    }
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return suggestion(misspelt.substr(0, misspelt.find('=')), candidates);
}

}  // namespace assay::cli

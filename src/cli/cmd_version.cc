#include "app/version.h"
#include "cli/command_internal.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <string>

namespace assay::cli {
namespace {

std::string text_of(const app::Version& version) {
  return fmt::format("assay {} ({})", version.number, version.compiler);
}

}  // namespace

void add_version_command(CommandTree& tree) {
  tree.add_command(tree.root(), "version", "Print the version and what it was built with.",
                   {"assay version", "assay version --json"},
                   [](Session& session) -> Result<ExitCode> {
                     const app::Version version = app::version();
                     if (session.output == OutputForm::kJson) {
                       json::Writer writer;
                       writer.begin_object();
                       writer.name("version").text(version.number);
                       writer.name("compiler").text(version.compiler);
                       writer.end_object();
                       RETURN_IF_ERROR(print(writer.take() + "\n"));
                       return ExitCode::kOk;
                     }
                     RETURN_IF_ERROR(print(text_of(version) + "\n"));
                     return ExitCode::kOk;
                   });
  // What people type at a program they do not know.
  tree.root().set_version_flag("--version", text_of(app::version()), "Print the version.");
}

}  // namespace assay::cli

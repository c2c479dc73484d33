#include "audit/inspect.h"
#include "cli/audit_options_internal.h"

#include <memory>

namespace assay::cli {

void add_inspect_command(CommandTree& tree, CLI::App& group) {
  auto input = std::make_shared<ExportOptions>();
  CLI::App& command = tree.add_command(
      group, "inspect", "Show what an export holds, and whether it can be audited.",
      {"assay audit inspect --parquet export.parquet",
       "assay audit inspect --parquet 'exports/*.parquet' --json"},
      [input](Session& session) -> Result<ExitCode> {
        ASSIGN_OR_RETURN(const auto opened, OpenedExport::open(*input, ""));
        ASSIGN_OR_RETURN(const audit::Inspection inspection,
                         audit::inspect(opened->sources(), opened->files(), session.stop));
        RETURN_IF_ERROR(print(session.output == OutputForm::kJson
                                  ? audit::inspection_json(inspection)
                                  : audit::inspection_text(inspection)));
        return ExitCode::kOk;
      });
  input->add_to(command, ExportNeed::kRequired);
}

}  // namespace assay::cli

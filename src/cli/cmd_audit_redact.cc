#include "audit/redact.h"
#include "cli/audit_options_internal.h"
#include "cli/secret_file_internal.h"
#include "core/random.h"
#include "crypto/secret.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace assay::cli {
namespace {

struct RedactFlags {
  ExportOptions input;
  std::string output;
  std::string salt_file;
  audit::RedactOptions options;
};

std::string redaction_json(const audit::RedactSummary& summary, const std::string& output) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("rows").unsigned_integer(summary.num_rows);
  writer.name("replaced").unsigned_integer(summary.num_replaced);
  writer.name("columns").begin_list();
  for (const std::string& column : summary.columns) writer.text(column);
  writer.end_list();
  writer.name("output").text(output);
  writer.end_object();
  return writer.take() + "\n";
}

std::string redaction_text(const audit::RedactSummary& summary, const std::string& output) {
  std::string text =
      fmt::format("Wrote {} with {} rows; {} values replaced in {} columns:\n", output,
                  summary.num_rows, summary.num_replaced, summary.columns.size());
  for (const std::string& column : summary.columns) text += fmt::format("  {}\n", column);
  return text;
}

Result<ExitCode> run_redact(const RedactFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto input, OpenedExport::open(flags.input, ""));
  if (input->files().size() != 1) {
    return invalid_input(
        fmt::format("--parquet names {} files; redact one at a time", input->files().size()));
  }
  files::FileSystem& file_system = *input->sources().file_system;
  const std::string& source = input->files().front().address;
  const auto from = file_system.resolve(source);
  const auto to = file_system.resolve(flags.output);
  if (from && to && *from == *to) {
    return invalid_input("--output " + flags.output + " is the export itself; name another file");
  }
  std::optional<crypto::Secret> salt;
  if (flags.salt_file.empty()) {
    salt = audit::make_salt(system_random());
  } else {
    ASSIGN_OR_RETURN(salt, read_secret_file(flags.salt_file, "--salt-file"));
  }
  ASSIGN_OR_RETURN(
      const audit::RedactSummary summary,
      audit::redact(input->sources(), source, flags.output, *salt, flags.options, session.stop));
  const std::string output = printed_path(flags.output);
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? redaction_json(summary, output)
                                                            : redaction_text(summary, output)));
  return ExitCode::kOk;
}

}  // namespace

void add_redact_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<RedactFlags>();
  CLI::App& command = tree.add_command(
      group, "redact",
      "Write a copy that can be shared: prompts and addresses become salted hashes.",
      {"assay audit redact --parquet export.parquet --output shareable.parquet",
       "assay audit redact --parquet export.parquet --output shareable.parquet --column "
       "failure_reason"},
      [flags](Session& session) { return run_redact(*flags, session); });
  flags->input.add_file_to(command);
  add_option(command, "--output", flags->output, "The copy to write.")
      ->required()
      ->type_name("PARQUET");
  command
      .add_option("--column", flags->options.columns,
                  "Replace this column too: a dotted path; may be repeated.")
      ->type_name("COLUMN")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      .add_option("--keep", flags->options.keep,
                  "Leave this column although its name says prompt or address.")
      ->type_name("COLUMN")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_option(
      command, "--salt-file", flags->salt_file,
      "The salt, so that two copies can be compared; without it a new one is made and forgotten.")
      ->type_name("FILE");
}

}  // namespace assay::cli

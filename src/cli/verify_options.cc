#include "cli/secret_file_internal.h"
#include "cli/verify_options_internal.h"
#include "core/parse_number.h"

#include <utility>

namespace assay::cli {
void VerifyFlags::add_to(CLI::App& command) {
  add_option(command, "--credentials", credentials, "Key file of a Google service account.")
      ->type_name("KEY.json");
  add_option(command, "--limit", limit, "Ask about the first N rows of the export only.")
      ->type_name("N");
  add_option(command, "--concurrency", concurrency, "Requests in flight [256].")
      ->type_name("N")
      ->check(whole_number(1, 65536));
  add_option(command, "--rate", rate, "At most so many requests a second.")
      ->type_name("N")
      ->check(real_number(0.001));
  add_option(command, "--max-tries,--tries", tries, "How often to ask before an answer is unknown.")
      ->type_name("N")
      ->check(whole_number(1, 100))
      ->capture_default_str();
  add_option(command, "--timeout", timeout, "For one try: 500ms, 30s, 2m.")
      ->type_name("TIME")
      ->check([](const std::string& text) {
        return parse_duration(text) ? "" : parse_duration(text).error().message;
      })
      ->capture_default_str();
  add_option(command, "--root", root, "The folder that bare paths in image_uri lie in.")
      ->type_name("FOLDER");
  add_option(command, "--hash-key", hash_key,
             "Make uri_hash an HMAC-SHA-256 under the key in this file.")
      ->type_name("FILE");
  command.add_flag_callback(
      "--details", [this] { details = storage::DetailUse::kAsk; },
      "Also report empty objects, objects older than their job, and objects that several miners "
      "claim.");
  command.add_flag_callback(
      "--no-list", [this] { lists = storage::ListUse::kNever; },
      "Ask for each object; never list a folder instead.");
}

Result<std::unique_ptr<PreparedVerification>> prepare_verification(const VerifyFlags& flags,
                                                                   const ExportOptions& input,
                                                                   const std::string& output,
                                                                   const Session& session) {
  auto prepared = std::make_unique<PreparedVerification>();
  ASSIGN_OR_RETURN(prepared->input, OpenedExport::open(input, flags.credentials));
  audit::VerifyOptions& options = prepared->options;
  options.parquet = input.parquet;
  options.output = output;
  options.max_rows = flags.limit;
  ASSIGN_OR_RETURN(options.time, input.time_filter());
  options.rules.root = flags.root;
  if (!flags.hash_key.empty()) {
    ASSIGN_OR_RETURN(prepared->hash_key, read_secret_file(flags.hash_key, "--hash-key"));
    options.hash_key = prepared->hash_key->reveal();
  }
  storage::ExistenceOptions& existence = options.existence;
  existence.concurrency = flags.concurrency.value_or(
      static_cast<std::uint64_t>(session.config.get_integer("audit.concurrency")));
  existence.requests_per_second = flags.rate;
  existence.tries = flags.tries;
  ASSIGN_OR_RETURN(existence.timeout, with_context(parse_duration(flags.timeout), "--timeout"));
  existence.details = flags.details;
  existence.lists = flags.lists;
  ASSIGN_OR_RETURN(prepared->tools,
                   app::ExistenceTools::create(*prepared->input->sources().file_system,
                                               prepared->input->credentials(), existence));
  prepared->tools->set_endpoints(existence);
  prepared->environment.sources = prepared->input->sources();
  prepared->environment.services = prepared->tools->services();
  prepared->environment.progress.style =
      session.quiet ? ProgressStyle::kQuiet : progress_style_of_stderr();
  return prepared;
}

ExitCode exit_code_of(const audit::VerdictCounts& counts) {
  if (counts.unknown > 0) return ExitCode::kPartial;
  return counts.denied > 0 ? ExitCode::kDenied : ExitCode::kOk;
}

}  // namespace assay::cli

#include "cache/doctor.h"
#include "cli/audit_options_internal.h"
#include "cli/cache_options_internal.h"
#include "cli/cache_sources_internal.h"

#include <memory>
#include <utility>

namespace assay::cli {
namespace {

struct CacheDoctorFlags {
  CacheFolderFlag folder;
  std::string keep_free = "1GB";
  FindingsPolicy findings = FindingsPolicy::kReport;
};

Result<ExitCode> run_cache_doctor(const CacheDoctorFlags& flags, Session& session) {
  cache::DoctorOptions options;
  ASSIGN_OR_RETURN(options.min_free_bytes, parse_size(flags.keep_free));
  options.named_sources = named_sources(session.config);
  ASSIGN_OR_RETURN(const std::filesystem::path folder, flags.folder.folder(session));
  ASSIGN_OR_RETURN(const auto info, files::posix_file_system().info(folder));
  // Looking must not make a cache where there is none.
  auto opened =
      open_cache(flags.folder, session, info ? cache::Access::kWrite : cache::Access::kRead,
                 cache::ScanDepth::kFiles);
  const bool is_refused = !opened && (opened.error().code == ErrorCode::kDenied ||
                                      opened.error().code == ErrorCode::kNoSpace);
  if (is_refused) {
    options.not_writable = std::move(opened.error());
    opened = open_cache(flags.folder, session, cache::Access::kRead, cache::ScanDepth::kFiles);
  }
  if (!opened) return opened.error();
  ASSIGN_OR_RETURN(const cache::DoctorReport report,
                   cache::examine_cache(*opened->store, opened->rescan, options));
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? cache::doctor_json(report)
                                                            : cache::doctor_text(report)));
  return exit_code_for(report.num_findings(), flags.findings);
}

}  // namespace

void add_cache_doctor_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<CacheDoctorFlags>();
  CLI::App& command = tree.add_command(
      group, "doctor", "Tell why a cache gives nothing, and which command helps.",
      {"assay cache doctor", "assay cache doctor --cache-dir cache --json --fail-on-findings"},
      [flags](Session& session) { return run_cache_doctor(*flags, session); });
  flags->folder.add_to(command);
  add_option(command, "--keep-free", flags->keep_free,
             "Less than this left on the disk is a finding.")
      ->type_name("SIZE")
      ->capture_default_str()
      ->check(check_size);
  add_findings_flag(command, flags->findings);
}

}  // namespace assay::cli

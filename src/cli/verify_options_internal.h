/// \file
/// Options of `verify` that `run` has too.

#pragma once

#include "app/existence_tools.h"
#include "audit/verify.h"
#include "cli/audit_options_internal.h"
#include "crypto/secret.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <optional>
#include <string>

namespace assay::cli {

struct VerifyFlags {
  std::string credentials;
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> concurrency;
  std::optional<double> rate;
  std::uint16_t tries = 6;
  std::string timeout = "30s";
  std::string root;
  std::string hash_key;
  storage::DetailUse details = storage::DetailUse::kIgnore;
  storage::ListUse lists = storage::ListUse::kAuto;

  void add_to(CLI::App& command);
};

/// A verification that is ready to be run; holds what its options and environment borrow.
struct PreparedVerification {
  std::unique_ptr<OpenedExport> input;
  std::unique_ptr<app::ExistenceTools> tools;
  std::optional<crypto::Secret> hash_key;
  audit::VerifyOptions options;
  audit::VerifyEnvironment environment;
};

/// Errors: those of opening the export, the credentials and the key; kInvalidInput.
Result<std::unique_ptr<PreparedVerification>> prepare_verification(const VerifyFlags& flags,
                                                                   const ExportOptions& input,
                                                                   const std::string& output,
                                                                   const Session& session);

/// kPartial when answers are unknown, kDenied when denied ones are all that is missing, else kOk.
ExitCode exit_code_of(const audit::VerdictCounts& counts);

}  // namespace assay::cli

#include "chain_sdk/install.h"

#include "chain/sidecar_probe.h"
#include "chain_sdk/pinned_packages.h"
#include "chain_sdk/python_tool_internal.h"
#include "core/config.h"
#include "core/log.h"
#include "core/parse_number.h"
#include "core/shown_text.h"
#include "files/atomic_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace assay::chain_sdk {
namespace {

using std::filesystem::path;

constexpr std::string_view kLockFile = ".lock";
/// What was asked of pip; written before it runs.
constexpr std::string_view kPackagesFile = "packages.txt";
constexpr ByteCount kMaxPackages{std::uint64_t{1} << 20};
constexpr std::chrono::seconds kQuestionDeadline{30};
/// Making an environment unpacks pip.
constexpr std::chrono::minutes kVenvDeadline{5};

Result<std::unique_ptr<files::FileLock>> lock_folder(files::FileSystem& file_system,
                                                     const path& folder) {
  RETURN_IF_ERROR(file_system.create_folders(folder));
  auto lock = file_system.lock(folder / kLockFile);
  if (!lock && lock.error().code == ErrorCode::kUnavailable) {
    return unavailable(fmt::format("another `assay chain` works on {}", folder.native()));
  }
  return lock;
}

std::string path_variable() {
  for (auto& [name, value] : process_environment()) {
    if (name == "PATH") return std::move(value);
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

Result<path> find_python(files::FileSystem& file_system, const InstallOptions& options) {
  if (!options.python.empty()) return std::filesystem::absolute(options.python);
  const std::string folders = path_variable();
  const std::string exact = fmt::format("python{}", options.packages_python);
  for (const std::string& name : {exact, std::string("python3")}) {
    path found = find_program(file_system, folders, name);
    if (!found.empty()) return found;
  }
  return missing(
      fmt::format("no {} is in $PATH: install it (apt install {} {}-venv), or give one "
                  "by --python",
                  exact, exact, exact));
}

/// `3.11.2`.
Result<std::string> version_of(const path& python, const Clock& clock,
                               const std::stop_token& stop) {
  ASSIGN_OR_RETURN(
      const PythonRun run,
      run_python(python, {"-I", "-c", "import platform; print(platform.python_version())"},
                 kQuestionDeadline, clock, stop));
  if (!run.is_ok || run.lines.size() != 1) {
    return missing(
        fmt::format("{} is no Python that works: {}", python.native(), shown_problem(run)));
  }
  return run.lines.front();
}

Status check_version(const path& python, const std::string& version,
                     const InstallOptions& options) {
  if (!options.version.empty() || options.packages_python.empty()) return {};
  if (version.starts_with(std::string(options.packages_python) + ".")) return {};
  return missing(fmt::format(
      "{} is Python {}, and the packages that this program was tested with are for {}: give such a "
      "one by --python, or take packages without our hashes by `assay chain upgrade --version {}`",
      python.native(), version, options.packages_python,
      version_in(options.packages, "bittensor")));
}

std::vector<std::string> install_arguments(const InstallOptions& options, const path& packages) {
  std::vector<std::string> arguments = {"-I",
                                        "-m",
                                        "pip",
                                        "install",
                                        "--no-input",
                                        "--disable-pip-version-check",
                                        "--only-binary",
                                        ":all:",
                                        "--requirement",
                                        packages.native()};
  // Each package is named with its hash: nothing else may come along.
  if (options.version.empty()) {
    arguments.insert(arguments.end(), {"--require-hashes", "--no-deps"});
  }
  if (!options.wheels.empty()) {
    arguments.insert(arguments.end(), {"--no-index", "--find-links",
                                       std::filesystem::absolute(options.wheels).native()});
  }
  return arguments;
}

Error pip_failed(const PythonRun& run, const InstallOptions& options) {
  const std::string_view advice =
      options.wheels.empty()
          ? "the packages come from PyPI, or the index that $PIP_INDEX_URL names; on a machine "
            "without network give a folder of wheels by --wheels"
          : "--wheels names the folder that must hold a wheel of each package; `pip download` "
            "makes "
            "it from what `assay chain install --print-packages` prints";
  return unavailable(
      fmt::format("pip could not install the SDK: {}; {}", shown_problem(run), advice));
}

/// All that the sidecar needs, in `place`, which is left as it is on failure.
Result<Environment> make(files::FileSystem& file_system, const Clock& clock, const path& folder,
                         const std::string& name, const InstallOptions& options,
                         const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const path base, find_python(file_system, options));
  ASSIGN_OR_RETURN(std::string version, version_of(base, clock, stop));
  RETURN_IF_ERROR(check_version(base, version, options));
  const path place = folder / name;
  ASSIGN_OR_RETURN(const PythonRun made, run_python(base, {"-I", "-m", "venv", place.native()},
                                                    kVenvDeadline, clock, stop));
  if (!made.is_ok) {
    return missing(
        fmt::format("{} cannot make an environment: {}; on Debian and Ubuntu that is the "
                    "package python3-venv",
                    base.native(), shown_problem(made)));
  }
  const path packages = place / kPackagesFile;
  RETURN_IF_ERROR(files::write_file(file_system, packages,
                                    options.version.empty()
                                        ? std::string(options.packages)
                                        : fmt::format("bittensor=={}\n", options.version)));
  Environment environment{.name = name,
                          .python = std::move(version),
                          .is_pinned = options.version.empty(),
                          .made = clock.now()};
  const path python = python_of(folder, environment);
  ASSIGN_OR_RETURN(const PythonRun installed,
                   with_context(run_python(python, install_arguments(options, packages),
                                           options.download_deadline, clock, stop),
                                "pip"));
  if (!installed.is_ok) return pip_failed(installed, options);
  ASSIGN_OR_RETURN(chain::SidecarProbe probe,
                   with_context(chain::probe_sidecar(python, options.greeting_deadline, stop),
                                "the new environment does not work and is not used"));
  environment.sdk = std::move(probe.sdk);
  return environment;
}

/// Those of an install that was killed, and older ones. What cannot be removed is told, and stays.
void remove_others(files::FileSystem& file_system, const path& folder, const Environments& kept) {
  const auto names = file_system.list(folder);
  if (!names) return;
  for (const std::string& name : *names) {
    const auto is_kept = [&](const std::optional<Environment>& environment) {
      return environment && environment->name == name;
    };
    if (!name.starts_with(kEnvironmentNamePrefix) || is_kept(kept.current) ||
        is_kept(kept.previous)) {
      continue;
    }
    std::error_code error;
    std::filesystem::remove_all(folder / name, error);
    if (error) log_warning("an old environment cannot be removed", {{"folder", name}});
  }
}

/// One after the highest that is there.
Result<std::string> next_name(files::FileSystem& file_system, const path& folder) {
  ASSIGN_OR_RETURN(const auto names, file_system.list(folder));
  std::int64_t last = 0;
  for (const std::string& name : names) {
    if (!name.starts_with(kEnvironmentNamePrefix)) continue;
    last =
        std::max(last, parse_integer(std::string_view(name).substr(kEnvironmentNamePrefix.size()))
                           .value_or(std::int64_t{0}));
  }
  return fmt::format("{}{}", kEnvironmentNamePrefix, last + 1);
}

/// Letters, digits and `.`: a version becomes a line of a list that pip reads.
bool is_version(std::string_view text) {
  return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || letter == '.';
  });
}

}  // namespace

std::string version_in(std::string_view packages, std::string_view package) {
  const std::string start = fmt::format("\n{}==", package);
  const std::size_t found = packages.find(start);
  if (found == std::string_view::npos) return "";
  const std::string_view rest = packages.substr(found + start.size());
  return std::string(rest.substr(0, rest.find_first_of(" \n")));
}

Result<Environment> install(files::FileSystem& file_system, const Clock& clock, const path& folder,
                            const InstallOptions& options, const std::stop_token& stop) {
  if (!options.version.empty() && !is_version(options.version)) {
    return invalid_input(
        fmt::format("{} is no version: expected one such as 11.3.0", shown_text(options.version)));
  }
  if (!options.wheels.empty()) {
    ASSIGN_OR_RETURN(const auto wheels, file_system.info(options.wheels));
    if (!wheels || wheels->kind != files::FileKind::kFolder) {
      return not_found(
          fmt::format("--wheels {}: there is no such folder", options.wheels.native()));
    }
  }
  // Those of Python have their own place written into them.
  const path place = std::filesystem::absolute(folder);
  ASSIGN_OR_RETURN(const auto lock, lock_folder(file_system, place));
  ASSIGN_OR_RETURN(Environments environments, read_environments(file_system, place));
  remove_others(file_system, place, environments);
  ASSIGN_OR_RETURN(const std::string name, next_name(file_system, place));
  auto made = make(file_system, clock, place, name, options, stop);
  if (!made) {
    remove_others(file_system, place, environments);
    return std::move(made.error());
  }
  Environments switched{.current = *made, .previous = std::move(environments.current)};
  RETURN_IF_ERROR(write_environments(file_system, place, switched));
  remove_others(file_system, place, switched);
  return std::move(*made);
}

Result<bool> holds(files::FileSystem& file_system, const path& folder,
                   const Environment& environment, std::string_view packages) {
  if (!environment.is_pinned) return false;
  const path list = folder / environment.name / kPackagesFile;
  ASSIGN_OR_RETURN(const auto info, file_system.info(list));
  if (!info) return false;
  ASSIGN_OR_RETURN(const std::string text, files::read_file(file_system, list, kMaxPackages));
  return text == packages;
}

Result<Environment> roll_back(files::FileSystem& file_system, const path& folder,
                              std::chrono::milliseconds greeting_deadline,
                              const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto before, read_environments(file_system, folder));
  if (!before.previous) {
    return not_found(
        fmt::format("no environment was used before the one in {}: there is nothing to "
                    "go back to",
                    folder.native()));
  }
  ASSIGN_OR_RETURN(const auto lock, lock_folder(file_system, folder));
  ASSIGN_OR_RETURN(Environments environments, read_environments(file_system, folder));
  if (!environments.previous) return not_found("there is nothing to go back to");
  std::swap(environments.current, environments.previous);
  RETURN_IF_ERROR(with_context(
      chain::probe_sidecar(python_of(folder, *environments.current), greeting_deadline, stop),
      fmt::format("bittensor {} does not work any more", environments.current->sdk)));
  RETURN_IF_ERROR(write_environments(file_system, folder, environments));
  return *std::move(environments.current);
}

}  // namespace assay::chain_sdk

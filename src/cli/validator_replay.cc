#include "cli/cache_options_internal.h"
#include "cli/validator_options_internal.h"
#include "core/bytes.h"
#include "files/atomic_file.h"
#include "files/file_system.h"
#include "images/decode.h"
#include "validator/round_log.h"
#include "validator/status.h"

#include <fmt/format.h>

#include <memory>
#include <string>

namespace assay::cli {
namespace {

struct ReplayFlags {
  std::uint64_t challenge = 0;
  StateFlag state;
  std::uint16_t netuid = 72;
  CacheFolderFlag cache;
  std::string out;
};

/// The flag, else the cache that this validator worked with, else as everywhere.
Result<std::filesystem::path> cache_of(const ReplayFlags& flags, const std::filesystem::path& state,
                                       Session& session) {
  if (flags.cache.given.empty()) {
    const auto status = validator::read_status(files::posix_file_system(), state);
    if (status && *status && !(**status).cache.empty()) {
      return std::filesystem::path((**status).cache);
    }
  }
  return flags.cache.folder(session);
}

Result<ExitCode> run_replay(const ReplayFlags& flags, Session& session) {
  files::FileSystem& file_system = files::posix_file_system();
  const std::filesystem::path folder = flags.state.folder(flags.netuid);
  ASSIGN_OR_RETURN(const auto record, validator::find_round(file_system, folder, flags.challenge));
  if (!record) {
    return not_found(fmt::format("{} holds no challenge {}; the last ones are in {}",
                                 folder.native(), flags.challenge, validator::kRoundLogFile));
  }
  ASSIGN_OR_RETURN(const std::filesystem::path cache, cache_of(flags, folder, session));
  const auto read =
      files::read_file(file_system, cache / record->recipe.image_name, images::kMaxEncodedSize);
  if (!read && read.error().code == ErrorCode::kNotFound) {
    return not_found(fmt::format("{} is not in the cache {}: say by --cache-dir where it is",
                                 record->recipe.image_name, cache.native()));
  }
  ASSIGN_OR_RETURN(const std::string bytes, read);
  const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
  const validator::ShelfImage image{.name = record->recipe.image_name,
                                    .bytes = {first, first + bytes.size()}};
  ASSIGN_OR_RETURN(const std::vector<std::byte> wire,
                   validator::replay_challenge(image, record->recipe));
  if (!flags.out.empty()) {
    RETURN_IF_ERROR(files::write_file(file_system, flags.out, as_text(wire)));
  }
  if (session.output == OutputForm::kJson) {
    RETURN_IF_ERROR(print(validator::to_json(*record) + "\n"));
    return ExitCode::kOk;
  }
  RETURN_IF_ERROR(print(fmt::format(
      "challenge {} of {}: {} {}\nvaried   {}\nsent     {} bytes, the same again\nSHA-256  {}\n",
      record->challenge, to_rfc3339(record->started), to_string(record->cell),
      record->recipe.image_name, validator::to_json(record->recipe.augmentation), wire.size(),
      record->recipe.wire_hash.to_hex())));
  return ExitCode::kOk;
}

}  // namespace

void add_validator_replay_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<ReplayFlags>();
  CLI::App& command = tree.add_command(
      group, "replay", "Make the image of a challenge again, byte for byte as it was sent.",
      {"assay validator replay 1234 --state DIR --cache-dir CACHE --out sent.jpg",
       "assay validator replay 1234 --state DIR --json"},
      [flags](Session& session) { return run_replay(*flags, session); });
  command.add_option("challenge", flags->challenge, "Its number, as the log tells it.")
      ->required()
      ->type_name("ID");
  flags->state.add_to(command);
  add_option(command, "--netuid", flags->netuid, "Which network, when --state is not given.")
      ->type_name("N")
      ->capture_default_str();
  flags->cache.add_to(command);
  add_option(command, "--out", flags->out, "Write the JPEG that was sent here.")->type_name("FILE");
}

}  // namespace assay::cli

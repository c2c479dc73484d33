#include "cli/command_internal.h"
#include "cli/recorder_options_internal.h"

namespace assay::cli {

void RecorderFlags::add_to(CLI::App& command) {
  add_option(command, "--miner-uid", options.miner_uid, "The miner, for new generations.")
      ->type_name("UID");
  add_option(command, "--miner-version", options.miner_version, "Its version.")
      ->type_name("TEXT")
      ->capture_default_str();
  add_option(command, "--network", options.network, "Its network.")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_flag_callback(
      "--no-images", [this] { options.stores_images = false; },
      "Keep the hashes of image prompts, not the images.");
  command.add_flag_callback(
      "--no-ply-files", [this] { options.stores_ply_files = false; },
      "Keep the hashes of PLY files, not the files.");
  command.add_flag_callback(
      "--no-rotation", [this] { options.rotates_monthly = false; },
      "When the month changes, leave the records of earlier months where they are.");
  command.add_flag_callback(
      "--refuse-damaged", [this] { options.journal.when_damaged = files::WhenDamaged::kRefuse; },
      "Do not open a history whose journal is damaged, instead of salvaging what can be read.");
}

recorder::RecorderOptions RecorderFlags::options_with(const Config& settings) const {
  recorder::RecorderOptions chosen = options;
  chosen.min_free_share = settings.get_number("history.min_free_share");
  return chosen;
}

}  // namespace assay::cli

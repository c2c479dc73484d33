#include "app/chain_sdk_place.h"

#include "chain_sdk/environment_folder.h"
#include "core/log.h"
#include "files/file_system.h"

#include <cstdlib>

namespace assay::app {

std::filesystem::path chain_sdk_folder() {
  const char* const data_home = std::getenv("XDG_DATA_HOME");
  if (data_home != nullptr && *data_home != '\0') {
    return std::filesystem::path(data_home) / "assay" / "chain-sdk";
  }
  const char* const home = std::getenv("HOME");
  return std::filesystem::path(home != nullptr ? home : "/") / ".local" / "share" / "assay" /
         "chain-sdk";
}

std::filesystem::path chain_python(const Config& config) {
  const std::string& given = config.get_text("chain.python");
  if (!given.empty()) return given;
  const std::filesystem::path folder = chain_sdk_folder();
  const auto environments = chain_sdk::read_environments(files::posix_file_system(), folder);
  if (!environments) {
    log_warning("the SDK for real chains cannot be found",
                {{"reason", environments.error().message}});
    return {};
  }
  return environments->current ? chain_sdk::python_of(folder, *environments->current)
                               : std::filesystem::path();
}

}  // namespace assay::app

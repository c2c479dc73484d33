#include "core/life_sign.h"

#include "core/parse_number.h"

#include <fmt/format.h>

namespace assay {

std::string describe_stuck(std::initializer_list<WatchedSilence> watched) {
  for (const WatchedSilence& one : watched) {
    if (one.silence <= one.limit) continue;
    return fmt::format(
        "{} has not gone on for {}", one.name,
        to_string(std::chrono::duration_cast<std::chrono::milliseconds>(one.silence)));
  }
  return {};
}

}  // namespace assay

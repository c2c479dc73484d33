/// \file
/// Which road a prompt asks for: the words of drawn roads, read back.

#pragma once

#include "images/scene.h"

#include <cstdint>
#include <string_view>

namespace assay::miner {

/// The road of `seed`, with or without works as the prompt says, and where the prompt has words for
/// it in the place, the light and the weather asked for. A prompt about something else gives a road
/// all the same: it is all that is drawn here.
images::Scene scene_of_prompt(std::string_view prompt, std::uint64_t seed);

}  // namespace assay::miner

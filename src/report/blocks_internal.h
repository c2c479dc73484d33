/// \file
/// The class of page.css that shows a tone.

#pragma once

#include "report/blocks.h"

#include <string_view>

namespace assay::report {

std::string_view tone_class(Tone tone);

}  // namespace assay::report

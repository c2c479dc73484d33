#include "cli/option_check_internal.h"

#include <fmt/format.h>

namespace assay::cli {

std::string number_text(double number) { return fmt::format("{}", number); }

}  // namespace assay::cli

#include "core/terminal.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace assay {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1 && variable("TERM") != "dumb"; }

bool stderr_has_colour() { return stderr_is_terminal() && variable("NO_COLOR").empty(); }

}  // namespace assay

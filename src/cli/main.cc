#include "cli/command_line.h"

#include <cstddef>
#include <cstdio>
#include <exception>
#include <span>

int main(int argc, char** argv) {
  try {
    return assay::cli::run_command_line(
        std::span<const char* const>(argv, static_cast<std::size_t>(argc)));
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "assay: bug: an exception reached main(): %s\n", exception.what());
    return 1;
  }
}

#include "cli/command_line.h"

#include <fcntl.h>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <span>

namespace {

/// A program that is started with one of them closed would give its number to a file of its own,
/// and read or write that as standard input or output.
void open_standard_streams() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) < 0) static_cast<void>(open("/dev/null", O_RDWR));
  }
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_streams();
  try {
    return assay::cli::run_command_line(
        std::span<const char* const>(argv, static_cast<std::size_t>(argc)));
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "assay: bug: an exception reached main(): %s\n", exception.what());
    return 1;
  }
}

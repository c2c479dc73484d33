/// \file
/// `make_job_ledger FOLDER`: a ledger of generation jobs for the tests of the program; prints the
/// images that are there, a line each.

#include "files/file_system.h"
#include "tools/job_ledger_generator.h"

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: make_job_ledger FOLDER\n", stderr);
    return 2;
  }
  const auto made = assay::tools::make_job_ledger(assay::files::posix_file_system(), argv[1], {});
  if (!made) {
    std::fprintf(stderr, "make_job_ledger: %s\n", made.error().message.c_str());
    return 1;
  }
  for (const auto& object : made->objects) std::printf("%s\n", object.c_str());
  return 0;
}

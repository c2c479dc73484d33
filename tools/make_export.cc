// Writes a made-up export: see --help.

#include "core/exit_code.h"
#include "files/file_system.h"
#include "tools/export_generator.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>

namespace {

int make_export(int argc, char** argv) {
  CLI::App app("Write a made-up export of jobs, and the list of the objects it claims.");
  std::string target;
  std::string objects;
  std::uint64_t num_hotkeys = 0;
  assay::tools::ExportOptions options;
  app.add_option("OUT", target, "The Parquet file to write")->required();
  app.add_option("--rows", options.num_rows, "Jobs; 7884 has the known totals")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "What all random choices follow from")
      ->capture_default_str();
  app.add_option("--row-group", options.row_group_rows, "Rows in a row group")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--hotkeys", num_hotkeys, "Draw from so many hotkeys");
  app.add_option("--objects", objects, "Where to list the claimed gs:// objects");
  app.add_option("--absent", options.absent_share, "Share of the objects that the list leaves out")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--faults", options.fault_share,
                 "Share of the objects whose names make the test server fail")
      ->check(CLI::Range(0.0, 1.0));
  CLI11_PARSE(app, argc, argv);
  if (num_hotkeys > 0) options.num_hotkeys = num_hotkeys;
  if (!objects.empty()) options.objects = objects;
  const auto status =
      assay::tools::write_export(assay::files::posix_file_system(), target, options);
  if (status) return 0;
  fmt::print(stderr, "make_export: {}\n", status.error().message);
  return static_cast<int>(assay::exit_code_of(status.error().code));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return make_export(argc, argv);
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "make_export: bug: an exception reached main(): %s\n", exception.what());
    return 1;
  }
}

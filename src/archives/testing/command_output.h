/// \file
/// Another program is the oracle.

#pragma once

#include <cstdio>
#include <memory>
#include <string>

namespace assay::archives::testing {

/// What the shell's command writes to its standard output.
inline std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string output;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    output.push_back(static_cast<char>(c));
  }
  return output;
}

}  // namespace assay::archives::testing

/// \file
/// The program's version and what it was built with.

#pragma once

#include <string>

namespace assay::app {

struct Version {
  std::string number;    ///< Semantic: `0.1.0`.
  std::string compiler;  ///< Name and version.
};

Version version();

}  // namespace assay::app

/// \file
/// The records of a data folder as a table, for Python.

#pragma once

#include <nanobind/nanobind.h>

namespace assay::python {

/// Adds `History` and the functions beside it, which assay.history wraps.
void add_history(nanobind::module_& module);

}  // namespace assay::python

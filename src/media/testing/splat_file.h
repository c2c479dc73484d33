/// \file
/// Splat files for tests: of any format, with chosen values.

#pragma once

#include "media/ply.h"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace assay::media::testing {

struct SplatProperty {
  std::string name;
  PlyType type = PlyType::kFloat32;
};

/// The 17 properties of a file without colour harmonics, in the order of the usual exporter.
std::vector<SplatProperty> plain_splat_properties();

struct SplatFile {
  PlyFormat format = PlyFormat::kBinaryLittleEndian;
  std::vector<SplatProperty> properties = plain_splat_properties();
  std::size_t num_rows = 0;
  /// By name, a value a row; a property without any is zero, but rot_0 is one.
  std::map<std::string, std::vector<double>> values;
  /// Lines of the header and bytes around the vertices.
  std::string elements_before;
  std::string rows_before;
  std::string elements_after;
  std::string rows_after;

  std::string bytes() const;
};

/// A file of about `size` bytes with plausible values, the same for the same arguments.
std::string random_splat_file(std::size_t size, unsigned seed);

}  // namespace assay::media::testing

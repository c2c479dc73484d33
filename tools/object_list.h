/// \file
/// The list of the objects that a made-up export claims, for the test server.

#pragma once

#include "core/result.h"
#include "files/atomic_file.h"

#include <cstdint>
#include <string_view>

namespace assay::tools {

/// A line an object: bucket, name, size, MD5, time of creation.
class ObjectList {
 public:
  /// `absent_share` of what is added is left out; `seed` decides what, and sizes and times.
  ObjectList(files::AtomicFile file, std::uint64_t seed, double absent_share);

  /// Add a gs:// address whose job ran at `time_us`, microseconds since 1970. Twice does not hurt:
  /// the second line says the same. Errors: those of the file.
  Status add(std::string_view uri, std::int64_t time_us);
  /// Errors: those of the file.
  Status commit() { return file_.commit(); }

 private:
  files::AtomicFile file_;
  std::uint64_t seed_;
  double absent_share_;
};

}  // namespace assay::tools

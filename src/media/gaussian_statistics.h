/// \file
/// What a splat file holds, in figures, computed while its bytes pass by.

#pragma once

#include "media/ply.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace assay::media {

/// How the file writes opacity. Training writes the logit; some exporters what follows from it.
enum class OpacityForm : std::uint8_t {
  kAbsent,
  kLogit,  ///< Some value lies outside [0, 1]: sigmoid gives the opacity.
  kUnit,   ///< All values lie within [0, 1]: they are the opacity.
};
/// How the file writes the sizes of a Gaussian.
enum class ScaleForm : std::uint8_t {
  kAbsent,
  kLog,     ///< Some value is negative or zero: exp gives the size.
  kLinear,  ///< All values are positive: they are the size.
};
std::string_view to_string(OpacityForm form);
std::string_view to_string(ScaleForm form);

/// Of no values: all zero. `std` is that of the whole population, as numpy's default.
struct ValueSpread {
  double mean = 0.0;
  double std = 0.0;
  double min = 0.0;
  double max = 0.0;
};

struct BoundingBox {
  std::array<double, 3> min{};
  std::array<double, 3> max{};
  double volume() const;
};

/// Properties are found by name: `x y z opacity scale_0.. rot_0..`, of any type, in any order;
/// those that are absent leave their figures out. Values are taken as 32-bit floats, which is what
/// splats hold; sums are in double.
struct GaussianStatistics {
  std::uint64_t num_gaussians = 0;  ///< Rows that were there.
  /// With a NaN or infinity in any of the properties above. They count in no figure below.
  std::uint64_t num_not_finite = 0;
  /// With a size outside [1e-9, 1e9] in some direction, or a rotation of length zero.
  std::uint64_t num_degenerate = 0;
  OpacityForm opacity_form = OpacityForm::kAbsent;
  ValueSpread raw_opacity;  ///< As the file writes it.
  ValueSpread opacity;      ///< In [0, 1], whichever form the file has.
  ScaleForm scale_form = ScaleForm::kAbsent;
  double raw_scale_mean = 0.0;     ///< Over Gaussians and directions, as the file writes it.
  double scale_mean = 0.0;         ///< In units of the coordinates.
  std::optional<BoundingBox> box;  ///< Of the centres; nothing without x, y, z or without rows.
};

struct GaussianReport {
  std::optional<PlyDefect> defect;  ///< Nothing when the file is whole.
  GaussianStatistics statistics;    ///< With a defect: of what was read until then.
};

/// `feed()` the file in pieces of any sizes, then `finish()`. Bytes are read where they lie; what
/// is kept between pieces is at most a header, a row or a line. No input makes it fail. Threads:
/// one thread at a time.
class GaussianScanner {
 public:
  GaussianScanner();
  ~GaussianScanner();
  GaussianScanner(const GaussianScanner&) = delete;
  GaussianScanner& operator=(const GaussianScanner&) = delete;

  void feed(std::span<const std::byte> piece);
  /// Pre: called once, after the last feed().
  GaussianReport finish();

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// All of a file that is in memory.
GaussianReport scan_gaussians(std::span<const std::byte> file);

}  // namespace assay::media

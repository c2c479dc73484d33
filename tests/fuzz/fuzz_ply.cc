/// \file
/// Fuzzes PLY headers and the figures of splats: pieces of any sizes give what the whole gives.

#include "core/check.h"
#include "fuzz_target.h"
#include "media/gaussian_statistics.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace fuzz_ply {
namespace {

using assay::media::GaussianReport;

bool is_same(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool is_same(const GaussianReport& a, const GaussianReport& b) {
  if (a.defect.has_value() != b.defect.has_value()) return false;
  if (a.defect && (a.defect->kind != b.defect->kind || a.defect->reason != b.defect->reason)) {
    return false;
  }
  const auto& x = a.statistics;
  const auto& y = b.statistics;
  return x.num_gaussians == y.num_gaussians && x.num_not_finite == y.num_not_finite &&
         x.num_degenerate == y.num_degenerate && x.opacity_form == y.opacity_form &&
         x.scale_form == y.scale_form && is_same(x.opacity.mean, y.opacity.mean) &&
         is_same(x.opacity.std, y.opacity.std) && is_same(x.scale_mean, y.scale_mean) &&
         x.box.has_value() == y.box.has_value();
}

}  // namespace

FUZZ_TARGET(ply) {
  const auto file = std::as_bytes(std::span(data, size));
  const GaussianReport whole = assay::media::scan_gaussians(file);
  CHECK(whole.statistics.num_not_finite <= whole.statistics.num_gaussians, "a part of the rows");
  CHECK(whole.statistics.opacity.min >= 0.0 && whole.statistics.opacity.max <= 1.0,
        "an opacity lies between 0 and 1");
  for (const std::size_t piece_size : {std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
    assay::media::GaussianScanner scanner;
    for (std::size_t start = 0; start < size; start += piece_size) {
      scanner.feed(file.subspan(start, std::min(piece_size, size - start)));
    }
    CHECK(is_same(scanner.finish(), whole), "pieces give what the whole gives");
  }
  return 0;
}

}  // namespace fuzz_ply

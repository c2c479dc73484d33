#include "validator/cell.h"

#include "core/check.h"
#include "core/shown_text.h"

#include <fmt/format.h>

namespace assay::validator {

std::string_view to_string(ImageOrigin origin) {
  switch (origin) {
    case ImageOrigin::kReal:
      return "real";
    case ImageOrigin::kTextToImage:
      return "t2i";
    case ImageOrigin::kImageToImage:
      return "i2i";
  }
  return "unknown";
}

Result<ImageOrigin> parse_image_origin(std::string_view text) {
  for (std::size_t i = 0; i < kNumOrigins; ++i) {
    const auto origin = static_cast<ImageOrigin>(i);
    if (text == to_string(origin)) return origin;
  }
  return invalid_input(fmt::format("expected real, t2i or i2i, not {}", shown_text(text)));
}

std::string_view name_of(scoring::Label label) {
  return label == scoring::Label::kPresent ? "roadwork" : "none";
}

Result<scoring::Label> parse_label(std::string_view text) {
  if (text == "roadwork") return scoring::Label::kPresent;
  if (text == "none") return scoring::Label::kAbsent;
  return invalid_input(fmt::format("expected roadwork or none, not {}", shown_text(text)));
}

std::size_t index_of(const Cell& cell) {
  return (2 * static_cast<std::size_t>(cell.origin)) + static_cast<std::size_t>(cell.label);
}

Cell cell_at(std::size_t index) {
  CHECK(index < kNumCells, "a cell that there is not");
  return {.origin = static_cast<ImageOrigin>(index / 2),
          .label = static_cast<scoring::Label>(index % 2)};
}

std::string to_string(const Cell& cell) {
  return fmt::format("{}/{}", to_string(cell.origin), name_of(cell.label));
}

}  // namespace assay::validator

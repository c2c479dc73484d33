#include "decisions/decision.h"

#include "json/python_repr.h"
#include "json/python_text.h"
#include "json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace assay::decisions {
namespace {

/// A group is a handful of images, coordinates are four numbers: more is some other text.
constexpr json::ParseLimits kColumnLimits{.max_depth = 4, .max_size = ByteCount(1U << 20)};

double area(const CropBox& box) {
  return std::max(0.0, box.x2 - box.x1) * std::max(0.0, box.y2 - box.y1);
}

}  // namespace

bool is_within_image(const CropBox& box) {
  return 0 <= box.x1 && box.x1 < box.x2 && box.x2 <= 1 && 0 <= box.y1 && box.y1 < box.y2 &&
         box.y2 <= 1;
}

PixelBox to_pixels(const CropBox& box, std::int64_t width, std::int64_t height) {
  const auto edge = [](double share, std::int64_t size) {
    return std::int64_t{std::llround(std::clamp(share, 0.0, 1.0) * static_cast<double>(size))};
  };
  PixelBox pixels;
  pixels.left = std::min(edge(box.x1, width), width - 1);
  pixels.top = std::min(edge(box.y1, height), height - 1);
  pixels.right = std::max(edge(box.x2, width), pixels.left + 1);
  pixels.bottom = std::max(edge(box.y2, height), pixels.top + 1);
  return pixels;
}

double overlap(const CropBox& a, const CropBox& b) {
  const CropBox common{.x1 = std::max(a.x1, b.x1),
                       .y1 = std::max(a.y1, b.y1),
                       .x2 = std::min(a.x2, b.x2),
                       .y2 = std::min(a.y2, b.y2)};
  const double shared = area(common);
  const double all = area(a) + area(b) - shared;
  return all > 0 ? shared / all : 0;
}

bool crops_match(const CropBox& a, const CropBox& b, double tolerance) {
  return std::abs(a.x1 - b.x1) <= tolerance && std::abs(a.y1 - b.y1) <= tolerance &&
         std::abs(a.x2 - b.x2) <= tolerance && std::abs(a.y2 - b.y2) <= tolerance;
}

std::string_view base_name_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string images_to_json(std::span<const std::string> images) {
  std::string json = "[";
  for (const std::string& image : images) {
    if (json.size() > 1) json += ", ";
    json::append_python_string(json, image);
  }
  return json + "]";
}

Result<std::vector<std::string>> images_from_json(std::string_view json) {
  ASSIGN_OR_RETURN(const json::Value value, json::parse(json, kColumnLimits));
  const json::Value::List* const list = value.list();
  if (list == nullptr || list->empty()) {
    return invalid_input("expected a list of at least one image");
  }
  std::vector<std::string> images;
  for (const json::Value& item : *list) {
    const json::Value* name = &item;
    if (item.object() != nullptr) {
      name = item.find("filename") != nullptr ? item.find("filename") : item.find("name");
    }
    if (name == nullptr || name->text() == nullptr || name->text()->empty()) {
      return invalid_input(fmt::format("image {} of the list has no name", images.size()));
    }
    images.push_back(*name->text());
  }
  return images;
}

std::string coords_to_json(const CropBox& box) {
  return fmt::format("[{}, {}, {}, {}]", json::python_repr(box.x1), json::python_repr(box.y1),
                     json::python_repr(box.x2), json::python_repr(box.y2));
}

Result<CropBox> coords_from_json(std::string_view json) {
  ASSIGN_OR_RETURN(const json::Value value, json::parse(json, kColumnLimits));
  const json::Value::List* const list = value.list();
  std::array<double, 4> numbers{};
  if (list == nullptr || list->size() != numbers.size()) {
    return invalid_input("expected a list of four numbers");
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::optional<double> number = (*list)[i].number();
    if (!number) return invalid_input("expected a list of four numbers");
    numbers[i] = *number;
  }
  return CropBox{.x1 = numbers[0], .y1 = numbers[1], .x2 = numbers[2], .y2 = numbers[3]};
}

}  // namespace assay::decisions

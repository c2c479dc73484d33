#include "classification/preprocessing.h"

#include "json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

namespace assay::classification {
namespace {

constexpr std::int64_t kMaxSide = 4096;
constexpr double kMaxScale = 1e6;
/// As PIL numbers its filters.
constexpr std::int64_t kPilBilinear = 2;
constexpr std::int64_t kPilBicubic = 3;

Error expected(std::string_view field, std::string_view what) {
  return invalid_input(fmt::format("{}: expected {}", field, what));
}

/// Errors: kInvalidInput.
Result<bool> read_switch(const json::Value& config, std::string_view name, bool absent) {
  const json::Value* const value = config.find(name);
  if (value == nullptr || value->is_null()) return absent;
  if (const auto read = value->boolean()) return *read;
  return expected(name, "true or false");
}

Result<std::uint32_t> read_side(std::string_view field, const json::Value* value) {
  const auto side = value == nullptr ? std::nullopt : value->integer();
  if (!side || *side < 1 || *side > kMaxSide) {
    return expected(field, fmt::format("a whole number from 1 to {}", kMaxSide));
  }
  return static_cast<std::uint32_t>(*side);
}

Result<images::ImageSize> read_both_sides(std::string_view field, const json::Value& value) {
  ASSIGN_OR_RETURN(const std::uint32_t height,
                   read_side(fmt::format("{}.height", field), value.find("height")));
  ASSIGN_OR_RETURN(const std::uint32_t width,
                   read_side(fmt::format("{}.width", field), value.find("width")));
  return images::ImageSize{.width = width, .height = height};
}

/// Steps that change pixels and that are not done here.
Status refuse_unknown_steps(const json::Value& config) {
  for (const std::string_view name : {"do_pad", "rescale_offset", "include_top"}) {
    ASSIGN_OR_RETURN(const bool is_on, read_switch(config, name, false));
    if (is_on) return expected(name, "false or nothing: this step is not done here");
  }
  if (const json::Value* const share = config.find("crop_pct");
      share != nullptr && !share->is_null()) {
    return expected("crop_pct",
                    "nothing: write the size before the cut into size.shortest_edge, and the part "
                    "into crop_size, with do_center_crop true");
  }
  return {};
}

Status read_size(const json::Value& config, bool is_cropped, Preprocessing& preprocessing) {
  constexpr std::string_view kForms = R"({"height", "width"} or {"shortest_edge"})";
  const json::Value* const size = config.find("size");
  if (size == nullptr) return expected("size", kForms);
  if (size->object() == nullptr) {
    // One number means a square to some of the tools and the shorter side to others, where a cut
    // follows.
    if (is_cropped) {
      return expected("size", fmt::format("{}, since one number beside do_center_crop can mean "
                                          "either",
                                          kForms));
    }
    ASSIGN_OR_RETURN(const std::uint32_t side, read_side("size", size));
    preprocessing.resized = {.width = side, .height = side};
    return {};
  }
  if (size->find("longest_edge") != nullptr) return expected("size", kForms);
  if (const json::Value* const edge = size->find("shortest_edge")) {
    ASSIGN_OR_RETURN(const std::uint32_t side, read_side("size.shortest_edge", edge));
    preprocessing.rule = ResizeRule::kShortestEdge;
    preprocessing.resized = {.width = side, .height = side};
    return {};
  }
  ASSIGN_OR_RETURN(preprocessing.resized, read_both_sides("size", *size));
  return {};
}

Status read_filter(const json::Value& config, Preprocessing& preprocessing) {
  const json::Value* const resample = config.find("resample");
  if (resample == nullptr || resample->is_null()) return {};
  if (resample->integer() == kPilBilinear) {
    preprocessing.filter = images::ResizeFilter::kBilinear;
  } else if (resample->integer() == kPilBicubic) {
    preprocessing.filter = images::ResizeFilter::kBicubic;
  } else {
    return expected("resample", "2 (bilinear) or 3 (bicubic)");
  }
  return {};
}

Status read_crop(const json::Value& config, Preprocessing& preprocessing) {
  const json::Value* const crop = config.find("crop_size");
  if (crop == nullptr) return expected("crop_size", R"({"height", "width"})");
  if (crop->object() == nullptr) {
    ASSIGN_OR_RETURN(const std::uint32_t side, read_side("crop_size", crop));
    preprocessing.crop = images::ImageSize{.width = side, .height = side};
  } else {
    ASSIGN_OR_RETURN(preprocessing.crop, read_both_sides("crop_size", *crop));
  }
  if (preprocessing.crop->width > preprocessing.resized.width ||
      preprocessing.crop->height > preprocessing.resized.height) {
    return expected("crop_size", "a part of what size gives");
  }
  return {};
}

Status read_scale(const json::Value& config, Preprocessing& preprocessing) {
  ASSIGN_OR_RETURN(const bool is_scaled, read_switch(config, "do_rescale", true));
  if (!is_scaled) {
    preprocessing.scale = 1;
    return {};
  }
  const json::Value* const factor = config.find("rescale_factor");
  if (factor == nullptr || factor->is_null()) return {};
  const auto number = factor->number();
  if (!number || !(*number > 0) || *number > kMaxScale) {
    return expected("rescale_factor", "a number above 0, such as 0.00392156862745098");
  }
  preprocessing.scale = *number;
  return {};
}

/// Errors: kInvalidInput.
Result<std::array<double, 3>> read_colours(const json::Value& config, std::string_view name) {
  const json::Value* const value = config.find(name);
  const json::Value::List* const list = value == nullptr ? nullptr : value->list();
  std::array<double, 3> colours = {};
  if (list == nullptr || list->size() != colours.size()) return expected(name, "three numbers");
  for (std::size_t i = 0; i < colours.size(); ++i) {
    const auto number = (*list)[i].number();
    if (!number || !std::isfinite(*number)) return expected(name, "three numbers");
    colours.at(i) = *number;
  }
  return colours;
}

Status read_normalisation(const json::Value& config, Preprocessing& preprocessing) {
  ASSIGN_OR_RETURN(const bool is_normalised, read_switch(config, "do_normalize", true));
  if (!is_normalised) return {};
  ASSIGN_OR_RETURN(preprocessing.mean, read_colours(config, "image_mean"));
  ASSIGN_OR_RETURN(preprocessing.deviation, read_colours(config, "image_std"));
  if (std::ranges::any_of(preprocessing.deviation, [](double number) { return !(number > 0); })) {
    return expected("image_std", "three numbers above 0");
  }
  return {};
}

/// What the shorter side makes of an image.
images::ImageSize resized_size(images::ImageSize size, const Preprocessing& preprocessing) {
  if (preprocessing.rule == ResizeRule::kExact) return preprocessing.resized;
  const std::uint64_t edge = preprocessing.resized.width;
  const std::uint64_t shorter = std::min(size.width, size.height);
  return {.width = static_cast<std::uint32_t>(edge * size.width / shorter),
          .height = static_cast<std::uint32_t>(edge * size.height / shorter)};
}

}  // namespace

Result<Preprocessing> parse_preprocessing(std::string_view text) {
  ASSIGN_OR_RETURN(const json::Value config, json::parse(text));
  if (config.object() == nullptr) return corrupt("expected a JSON object");
  RETURN_IF_ERROR(refuse_unknown_steps(config));
  ASSIGN_OR_RETURN(const bool is_resized, read_switch(config, "do_resize", true));
  if (!is_resized) return expected("do_resize", "true: images come in any size");
  ASSIGN_OR_RETURN(const bool is_cropped, read_switch(config, "do_center_crop", false));
  Preprocessing preprocessing;
  RETURN_IF_ERROR(read_size(config, is_cropped, preprocessing));
  RETURN_IF_ERROR(read_filter(config, preprocessing));
  if (is_cropped) RETURN_IF_ERROR(read_crop(config, preprocessing));
  if (!is_cropped && preprocessing.rule == ResizeRule::kShortestEdge) {
    return expected("do_center_crop", "true beside size.shortest_edge: a model sees one size");
  }
  RETURN_IF_ERROR(read_scale(config, preprocessing));
  RETURN_IF_ERROR(read_normalisation(config, preprocessing));
  return preprocessing;
}

std::vector<float> prepare(const images::Image& image, const Preprocessing& preprocessing) {
  const images::ImageSize resized = resized_size(image.size(), preprocessing);
  const images::ImageSize seen = preprocessing.input_size();
  const std::size_t num_pixels = std::size_t{seen.width} * seen.height;
  std::vector<std::uint8_t> pixels(num_pixels * 3);
  images::resize_part(image, resized,
                      {.left = (resized.width - seen.width) / 2,
                       .top = (resized.height - seen.height) / 2,
                       .size = seen},
                      preprocessing.filter, pixels);
  // In the order and the widths of numbers of the tools that models are trained with.
  std::array<std::array<float, 256>, 3> table = {};
  for (std::size_t channel = 0; channel < table.size(); ++channel) {
    for (std::size_t colour = 0; colour < table.at(channel).size(); ++colour) {
      const auto scaled = static_cast<float>(static_cast<double>(colour) * preprocessing.scale);
      table.at(channel).at(colour) = (scaled - static_cast<float>(preprocessing.mean.at(channel))) /
                                     static_cast<float>(preprocessing.deviation.at(channel));
    }
  }
  std::vector<float> input(num_pixels * 3);
  for (std::size_t channel = 0; channel < table.size(); ++channel) {
    const std::array<float, 256>& values = table.at(channel);
    const std::span<float> plane = std::span(input).subspan(channel * num_pixels, num_pixels);
    for (std::size_t i = 0; i < num_pixels; ++i) plane[i] = values[pixels[i * 3 + channel]];
  }
  return input;
}

}  // namespace assay::classification

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
/// As PIL numbers them.
constexpr auto kPilFilters = std::to_array<images::ResizeFilter>(
    {images::ResizeFilter::kNearest, images::ResizeFilter::kLanczos,
     images::ResizeFilter::kBilinear, images::ResizeFilter::kBicubic});
/// Of the shorter side, the part that ConvNeXT's cut keeps where crop_pct does not say it; from
/// this length on its processor cuts nothing.
constexpr double kConvNextShare = 224.0 / 256;
constexpr std::uint32_t kConvNextUncut = 384;
/// LeViT's processor makes the shorter side as much longer than `size` says.
constexpr double kLevitGrowth = 256.0 / 224;

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

/// The class of transformers that wrote the file, such as "ConvNextImageProcessor"; or "".
std::string_view processor_of(const json::Value& config) {
  for (const char* const name : {"image_processor_type", "feature_extractor_type"}) {
    const json::Value* const value = config.find(name);
    const std::string* const text = value == nullptr ? nullptr : value->text();
    if (text != nullptr) return *text;
  }
  return {};
}

/// Which part of the shorter side a cut keeps, where `size` is what the cut leaves.
/// Errors: kInvalidInput.
Result<std::optional<double>> read_kept_share(const json::Value& config) {
  const json::Value* const value = config.find("crop_pct");
  if (value == nullptr || value->is_null()) {
    if (processor_of(config).starts_with("ConvNext")) return kConvNextShare;
    return std::optional<double>();
  }
  const auto share = value->number();
  if (!share || !(*share > 0.1) || *share > 1) {
    return expected("crop_pct", "a number above 0.1, up to 1, such as 0.875");
  }
  return share;
}

void set_shortest_edge(Preprocessing& preprocessing, double length) {
  const auto side = static_cast<std::uint32_t>(length);
  preprocessing.rule = ResizeRule::kShortestEdge;
  preprocessing.resized = {.width = side, .height = side};
}

/// The shorter side is made longer than `size` says, and cut.
/// Errors: kInvalidInput.
Status read_size_of_cut(const json::Value& config, double kept_share, bool is_cropped,
                        Preprocessing& preprocessing) {
  const json::Value* const size = config.find("size");
  const bool is_object = size != nullptr && size->object() != nullptr;
  ASSIGN_OR_RETURN(const std::uint32_t side,
                   is_object ? read_side("size.shortest_edge", size->find("shortest_edge"))
                             : read_side("size", size));
  const images::ImageSize square{.width = side, .height = side};
  if (!is_cropped && side >= kConvNextUncut) {
    preprocessing.resized = square;
    return {};
  }
  if (side / kept_share > kMaxSide) {
    return expected("crop_pct", fmt::format("a share that makes no side longer than {}", kMaxSide));
  }
  set_shortest_edge(preprocessing, side / kept_share);
  if (!is_cropped) preprocessing.crop = square;
  return {};
}

Status read_size(const json::Value& config, bool is_cropped, Preprocessing& preprocessing) {
  constexpr std::string_view kForms = R"({"height", "width"} or {"shortest_edge"})";
  const bool is_levit = processor_of(config).starts_with("Levit");
  const json::Value* const size = config.find("size");
  if (size == nullptr) return expected("size", kForms);
  if (size->object() == nullptr) {
    // One number means a square to some of the tools and the shorter side to others, where a cut
    // follows.
    if (is_cropped && !is_levit) {
      return expected("size", fmt::format("{}, since one number beside do_center_crop can mean "
                                          "either",
                                          kForms));
    }
    ASSIGN_OR_RETURN(const std::uint32_t side, read_side("size", size));
    preprocessing.resized = {.width = side, .height = side};
    if (is_levit) set_shortest_edge(preprocessing, side * kLevitGrowth);
    return {};
  }
  if (size->find("longest_edge") != nullptr) return expected("size", kForms);
  if (const json::Value* const edge = size->find("shortest_edge")) {
    ASSIGN_OR_RETURN(const std::uint32_t side, read_side("size.shortest_edge", edge));
    set_shortest_edge(preprocessing, is_levit ? side * kLevitGrowth : side);
    return {};
  }
  ASSIGN_OR_RETURN(preprocessing.resized, read_both_sides("size", *size));
  return {};
}

Status read_filter(const json::Value& config, Preprocessing& preprocessing) {
  const json::Value* const resample = config.find("resample");
  if (resample == nullptr || resample->is_null()) return {};
  const std::int64_t number = resample->integer().value_or(-1);
  if (number < 0 || number >= std::ssize(kPilFilters)) {
    return expected("resample", "0 (nearest), 1 (Lanczos), 2 (bilinear) or 3 (bicubic)");
  }
  preprocessing.filter = kPilFilters.at(static_cast<std::size_t>(number));
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
  ASSIGN_OR_RETURN(const bool is_moved, read_switch(config, "rescale_offset", false));
  if (is_scaled && is_moved) preprocessing.offset = -1;
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
  // MobileViT's processor has no such step, and its files no word of it.
  const bool is_usual = config.find("do_flip_channel_order") == nullptr;
  ASSIGN_OR_RETURN(const bool is_normalised, read_switch(config, "do_normalize", is_usual));
  ASSIGN_OR_RETURN(preprocessing.is_blue_first,
                   read_switch(config, "do_flip_channel_order", false));
  ASSIGN_OR_RETURN(
      preprocessing.divides_twice,
      read_switch(config, "include_top", processor_of(config).starts_with("EfficientNet")));
  if (preprocessing.divides_twice && !is_normalised) {
    return expected("include_top", "false beside do_normalize false");
  }
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

/// In the order and the widths of numbers of the tools that models are trained with.
std::array<float, 256> values_of_colours(const Preprocessing& preprocessing, std::size_t channel) {
  const auto offset = static_cast<float>(preprocessing.offset);
  const auto mean = static_cast<float>(preprocessing.mean.at(channel));
  const auto deviation = static_cast<float>(preprocessing.deviation.at(channel));
  std::array<float, 256> values = {};
  for (std::size_t colour = 0; colour < values.size(); ++colour) {
    const auto scaled = static_cast<float>(static_cast<double>(colour) * preprocessing.scale);
    float value = (scaled + offset - mean) / deviation;
    if (preprocessing.divides_twice) value /= deviation;
    values.at(colour) = value;
  }
  return values;
}

}  // namespace

Result<Preprocessing> parse_preprocessing(std::string_view text) {
  ASSIGN_OR_RETURN(const json::Value config, json::parse(text));
  if (config.object() == nullptr) return corrupt("expected a JSON object");
  ASSIGN_OR_RETURN(const bool is_padded, read_switch(config, "do_pad", false));
  if (is_padded) return expected("do_pad", "false or nothing: this step is not done here");
  ASSIGN_OR_RETURN(const bool is_resized, read_switch(config, "do_resize", true));
  if (!is_resized) return expected("do_resize", "true: images come in any size");
  ASSIGN_OR_RETURN(const bool is_cropped, read_switch(config, "do_center_crop", false));
  Preprocessing preprocessing;
  ASSIGN_OR_RETURN(const std::optional<double> kept_share, read_kept_share(config));
  RETURN_IF_ERROR(kept_share ? read_size_of_cut(config, *kept_share, is_cropped, preprocessing)
                             : read_size(config, is_cropped, preprocessing));
  RETURN_IF_ERROR(read_filter(config, preprocessing));
  if (is_cropped) RETURN_IF_ERROR(read_crop(config, preprocessing));
  if (!preprocessing.crop && preprocessing.rule == ResizeRule::kShortestEdge) {
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
  std::vector<float> input(num_pixels * 3);
  for (std::size_t channel = 0; channel < 3; ++channel) {
    const std::array<float, 256> values = values_of_colours(preprocessing, channel);
    const std::size_t place = preprocessing.is_blue_first ? 2 - channel : channel;
    const std::span<float> plane = std::span(input).subspan(place * num_pixels, num_pixels);
    for (std::size_t i = 0; i < num_pixels; ++i) plane[i] = values[pixels[i * 3 + channel]];
  }
  return input;
}

}  // namespace assay::classification

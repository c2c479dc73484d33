#include "validator/augmentation.h"

#include "core/check.h"
#include "core/random.h"
#include "core/shown_text.h"
#include "images/decode.h"
#include "images/encode.h"
#include "images/transform.h"
#include "json/value.h"
#include "json/writer.h"
#include "validator/compat_transform_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
#include <system_error>
#include <utility>

namespace assay::validator {
namespace {

using images::Image;
using images::ImageSize;
using images::PixelBox;

constexpr double kMaxRotationDegrees = 20;
constexpr std::uint32_t kMaxSide = 4'096;
constexpr double kMaxBlur = 50;
// By step of severity; the first is that of kWorn, both are those of kNoisy.
constexpr std::array kSaturations = {0.4, 0.3};
constexpr std::array kContrasts = {0.85, 0.725};
constexpr std::array kJpegQualities = {60, 40};
constexpr std::array kNoises = {8.0, 11.4};  // variances of 0.001 and 0.002 of the range
constexpr std::array kBlurs = {7.0 / 6, 9.0 / 6};
constexpr std::array kCompatShrinks = {2, 3};
constexpr double kCompatMinPart = 0.2;
constexpr int kMaxShrink = 16;
/// The noise's own seed: what is drawn before it never shifts it.
constexpr std::uint64_t kNoiseSeed = 0x6e6f697365;

PixelBox middle_square(ImageSize size) {
  const std::uint32_t side = std::min(size.width, size.height);
  return {.left = (size.width - side) / 2,
          .top = (size.height - side) / 2,
          .size = {.width = side, .height = side}};
}

/// A square with a random share of the area, anywhere; the middle one where none fits.
PixelBox random_square(ImageSize size, double min_part, RandomSource& random) {
  const double share = min_part + (1 - min_part) * random.unit();
  const double wanted = std::sqrt(share * static_cast<double>(size.num_pixels()));
  const std::uint32_t longest = std::min(size.width, size.height);
  const auto side =
      std::clamp(static_cast<std::uint32_t>(std::lrint(wanted)), std::uint32_t{1}, longest);
  const auto left = static_cast<std::uint32_t>(random.below(size.width - side + 1));
  const auto top = static_cast<std::uint32_t>(random.below(size.height - side + 1));
  return {.left = left, .top = top, .size = {.width = side, .height = side}};
}

/// One of the first `num_steps` values, or none, each as likely.
template <typename Value, std::size_t size>
std::optional<Value> draw_step(const std::array<Value, size>& values, std::size_t num_steps,
                               RandomSource& random) {
  const std::size_t step = random.below(num_steps + 1);
  if (step == 0) return std::nullopt;
  return values.at(step - 1);
}

Result<Image> recompress(const Image& image, int quality) {
  ASSIGN_OR_RETURN(const auto encoded, images::encode_jpeg(image, {.quality = quality}));
  return images::decode(encoded);
}

/// `value`, or null.
template <typename Value>
void write_optional(json::Writer& writer, std::string_view name, std::optional<Value> value) {
  writer.name(name);
  value ? writer.number(static_cast<double>(*value)) : writer.null();
}

Error out_of_range(std::string_view name, std::string_view expected) {
  return invalid_input(fmt::format("\"{}\" of an augmentation: expected {}", name, expected));
}

struct Range {
  double least;
  double most;
};

Result<double> number_within(const json::Value& object, std::string_view name, Range range) {
  const json::Value* value = object.find(name);
  const auto number = value == nullptr ? std::nullopt : value->number();
  if (!number || !(*number >= range.least && *number <= range.most)) {
    return out_of_range(name, fmt::format("a number from {} to {}", range.least, range.most));
  }
  return *number;
}

Result<std::optional<double>> optional_within(const json::Value& object, std::string_view name,
                                              Range range) {
  const json::Value* value = object.find(name);
  if (value != nullptr && value->is_null()) return std::optional<double>();
  ASSIGN_OR_RETURN(const double number, number_within(object, name, range));
  return std::optional<double>(number);
}

Result<std::uint32_t> pixels_of(const json::Value& object, std::string_view name) {
  ASSIGN_OR_RETURN(const double number, number_within(object, name, {0, 1e9}));
  return static_cast<std::uint32_t>(number);
}

Result<bool> boolean_of(const json::Value& object, std::string_view name) {
  const json::Value* value = object.find(name);
  const auto boolean = value == nullptr ? std::nullopt : value->boolean();
  if (!boolean) return out_of_range(name, "true or false");
  return *boolean;
}

/// A seed has 64 bits, more than a JSON number holds everywhere: it stands as text.
Result<std::uint64_t> seed_of(const json::Value& object) {
  ASSIGN_OR_RETURN(const std::string text, object.require_text("seed"));
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size()) {
    return out_of_range("seed", "a text of decimal digits");
  }
  return seed;
}

Result<PixelBox> part_of(const json::Value& object) {
  PixelBox part;
  ASSIGN_OR_RETURN(part.left, pixels_of(object, "left"));
  ASSIGN_OR_RETURN(part.top, pixels_of(object, "top"));
  ASSIGN_OR_RETURN(part.size.width, pixels_of(object, "width"));
  ASSIGN_OR_RETURN(part.size.height, pixels_of(object, "height"));
  return part;
}

}  // namespace

std::string_view to_string(AugmentationStyle style) {
  return style == AugmentationStyle::kCompat ? "compat" : "mended";
}

Result<AugmentationStyle> parse_augmentation_style(std::string_view text) {
  for (const auto style : {AugmentationStyle::kMended, AugmentationStyle::kCompat}) {
    if (text == to_string(style)) return style;
  }
  return invalid_input(fmt::format("{}: expected mended or compat", shown_text(text)));
}

Augmentation draw_augmentation(std::uint64_t seed, ImageSize size,
                               const AugmentationOptions& options) {
  CHECK(size.num_pixels() > 0, "an image without pixels");
  SeededRandom random(seed);
  Augmentation drawn{.seed = seed};
  drawn.style = options.style;
  drawn.side = options.side;
  drawn.level = static_cast<AugmentationLevel>(random.below(4));
  if (drawn.level == AugmentationLevel::kPlain) {
    drawn.part = middle_square(size);
    return drawn;
  }
  drawn.rotation_degrees = kMaxRotationDegrees * (2 * random.unit() - 1);
  const bool is_compat = options.style == AugmentationStyle::kCompat;
  drawn.part = random_square(size, is_compat ? kCompatMinPart : options.min_part, random);
  if (!is_compat) {
    drawn.is_flipped_horizontally = random.below(2) == 1;
    drawn.is_flipped_vertically = random.below(2) == 1;
  }
  if (drawn.level == AugmentationLevel::kTurned) return drawn;
  const std::size_t num_steps = drawn.level == AugmentationLevel::kNoisy ? 2 : 1;
  drawn.saturation = draw_step(kSaturations, num_steps, random);
  drawn.contrast = draw_step(kContrasts, num_steps, random);
  if (is_compat) {
    drawn.shrink = draw_step(kCompatShrinks, num_steps, random);
  } else {
    drawn.jpeg_quality = draw_step(kJpegQualities, num_steps, random);
  }
  if (drawn.level == AugmentationLevel::kWorn) return drawn;
  drawn.noise = draw_step(kNoises, num_steps, random);
  drawn.blur = draw_step(kBlurs, num_steps, random);
  return drawn;
}

Result<Image> augment(const Image& image, const Augmentation& augmentation) {
  const PixelBox& part = augmentation.part;
  const auto fits = [](std::uint32_t from, std::uint32_t length, std::uint32_t whole) {
    return length > 0 && length <= whole && from <= whole - length;
  };
  if (!fits(part.left, part.size.width, image.width()) ||
      !fits(part.top, part.size.height, image.height())) {
    return invalid_input(fmt::format("the augmentation is of an image of another size than {} x {}",
                                     image.width(), image.height()));
  }
  const ImageSize square{.width = augmentation.side, .height = augmentation.side};
  const bool is_compat = augmentation.style == AugmentationStyle::kCompat;
  const auto turn = is_compat ? images::rotate_nearest : images::rotate;
  Image result = augmentation.rotation_degrees == 0
                     ? images::crop(image, part)
                     : images::crop(turn(image, augmentation.rotation_degrees), part);
  result = images::resize(result, square, images::ResizeFilter::kBilinear);
  if (augmentation.is_flipped_horizontally) result = images::flip_horizontally(result);
  if (augmentation.is_flipped_vertically) result = images::flip_vertically(result);
  if (const auto factor = augmentation.saturation) {
    result = is_compat ? scale_chroma_unclamped(result, *factor)
                       : images::adjust_saturation(result, *factor);
  }
  if (const auto factor = augmentation.contrast) {
    result = is_compat ? darken(result, *factor) : images::adjust_contrast(result, *factor);
  }
  if (const auto quality = augmentation.jpeg_quality) {
    ASSIGN_OR_RETURN(result, recompress(result, *quality));
  }
  if (const auto factor = augmentation.shrink) result = shrink_and_stretch(result, *factor);
  if (const auto deviation = augmentation.noise) {
    SeededRandom random(augmentation.seed ^ kNoiseSeed);
    result = is_compat ? add_colour_noise(result, *deviation, random)
                       : images::add_noise(result, *deviation, random);
  }
  if (const auto deviation = augmentation.blur) result = images::blur(result, *deviation);
  return result;
}

void write_json(json::Writer& writer, const Augmentation& augmentation) {
  const bool is_compat = augmentation.style == AugmentationStyle::kCompat;
  writer.begin_object().name("seed").text(fmt::format("{}", augmentation.seed));
  if (is_compat) writer.name("style").text(to_string(augmentation.style));
  writer.name("level").integer(static_cast<std::int64_t>(augmentation.level));
  writer.name("side").unsigned_integer(augmentation.side);
  writer.name("rotation_degrees").number(augmentation.rotation_degrees);
  writer.name("left").unsigned_integer(augmentation.part.left);
  writer.name("top").unsigned_integer(augmentation.part.top);
  writer.name("width").unsigned_integer(augmentation.part.size.width);
  writer.name("height").unsigned_integer(augmentation.part.size.height);
  writer.name("flipped_horizontally").boolean(augmentation.is_flipped_horizontally);
  writer.name("flipped_vertically").boolean(augmentation.is_flipped_vertically);
  write_optional(writer, "saturation", augmentation.saturation);
  write_optional(writer, "contrast", augmentation.contrast);
  write_optional(writer, "jpeg_quality", augmentation.jpeg_quality);
  if (is_compat) write_optional(writer, "shrink", augmentation.shrink);
  write_optional(writer, "noise", augmentation.noise);
  write_optional(writer, "blur", augmentation.blur);
  writer.end_object();
}

std::string to_json(const Augmentation& augmentation) {
  json::Writer writer;
  write_json(writer, augmentation);
  return writer.take();
}

Result<Augmentation> parse_augmentation(std::string_view text) {
  ASSIGN_OR_RETURN(const json::Value object, json::parse(text));
  return read_augmentation(object);
}

Result<Augmentation> read_augmentation(const json::Value& object) {
  Augmentation augmentation;
  ASSIGN_OR_RETURN(augmentation.seed, seed_of(object));
  if (object.find("style") != nullptr) {
    ASSIGN_OR_RETURN(const std::string style, object.require_text("style"));
    ASSIGN_OR_RETURN(augmentation.style, parse_augmentation_style(style));
  }
  ASSIGN_OR_RETURN(const double level, number_within(object, "level", {0, 3}));
  augmentation.level = static_cast<AugmentationLevel>(level);
  ASSIGN_OR_RETURN(const double side, number_within(object, "side", {1, kMaxSide}));
  augmentation.side = static_cast<std::uint32_t>(side);
  ASSIGN_OR_RETURN(augmentation.rotation_degrees,
                   number_within(object, "rotation_degrees", {-360, 360}));
  ASSIGN_OR_RETURN(augmentation.part, part_of(object));
  ASSIGN_OR_RETURN(augmentation.is_flipped_horizontally,
                   boolean_of(object, "flipped_horizontally"));
  ASSIGN_OR_RETURN(augmentation.is_flipped_vertically, boolean_of(object, "flipped_vertically"));
  ASSIGN_OR_RETURN(augmentation.saturation, optional_within(object, "saturation", {0, 10}));
  ASSIGN_OR_RETURN(augmentation.contrast, optional_within(object, "contrast", {0, 10}));
  ASSIGN_OR_RETURN(const auto quality, optional_within(object, "jpeg_quality", {1, 100}));
  if (quality) augmentation.jpeg_quality = static_cast<int>(*quality);
  if (augmentation.style == AugmentationStyle::kCompat) {
    ASSIGN_OR_RETURN(const auto shrink, optional_within(object, "shrink", {1, kMaxShrink}));
    if (shrink) augmentation.shrink = static_cast<int>(*shrink);
  }
  ASSIGN_OR_RETURN(augmentation.noise, optional_within(object, "noise", {0, 255}));
  ASSIGN_OR_RETURN(augmentation.blur, optional_within(object, "blur", {0.01, kMaxBlur}));
  return augmentation;
}

}  // namespace assay::validator

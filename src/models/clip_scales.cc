#include "models/clip_scales.h"

#include "core/bytes.h"
#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "json/value.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace assay::models {
namespace {

constexpr std::int64_t kScalesVersion = 1;
/// ViT-L/14 has 172,032 numbers of some 20 digits.
constexpr ByteCount kMaxFile{std::uint64_t{16} << 20};

const json::Value::List* list_of(const json::Value& root, std::string_view name) {
  const json::Value* const member = root.find(name);
  return member == nullptr ? nullptr : member->list();
}

std::optional<Sha256> as_digest(const json::Value& value) {
  const std::string* const hex = value.text();
  if (hex == nullptr) return std::nullopt;
  const auto digest = Sha256::parse(*hex);
  return digest ? std::optional(*digest) : std::nullopt;
}

Result<Sha256> digest_at(const json::Value& root, std::string_view name) {
  const json::Value* const member = root.find(name);
  const auto digest = member == nullptr ? std::nullopt : as_digest(*member);
  if (!digest) return corrupt(fmt::format("'{}' is not a digest", name));
  return *digest;
}

/// That the scales are meant for this tower. Errors: kInvalidInput.
Status check_tower(const ClipScales& scales, const ScaledTower& tower) {
  if (scales.model != tower.model) {
    return invalid_input(
        fmt::format("measured with other weights: they have the SHA-256 {}, those "
                    "of the model {}",
                    scales.model.to_hex(), tower.model.to_hex()));
  }
  if (scales.activation != tower.activation) {
    return invalid_input(fmt::format("measured with the activation {}, not {}",
                                     to_string(scales.activation), to_string(tower.activation)));
  }
  if (scales.block_inputs.size() != tower.shape.num_block_inputs()) {
    return invalid_input(fmt::format("{} numbers, but {} has {}", scales.block_inputs.size(),
                                     to_string(tower.shape), tower.shape.num_block_inputs()));
  }
  return {};
}

}  // namespace

Sha256 digest_of(const ClipScales& scales) {
  crypto::Sha256Hasher hasher;
  hasher.update(fmt::format("int8 scales {}\n{}\n{}\n", kScalesVersion, scales.model.to_hex(),
                            to_string(scales.activation)));
  for (const float value : scales.block_inputs) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    std::array<std::byte, sizeof bits> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes.at(i) = static_cast<std::byte>((bits >> (8 * i)) & 0xFFU);
    }
    hasher.update(bytes);
  }
  return hasher.finish();
}

std::filesystem::path clip_scales_path(const std::filesystem::path& model, Activation activation) {
  return fmt::format("{}.int8-{}.json", model.native(), to_string(activation));
}

std::string to_json(const ClipScales& scales) {
  json::Writer writer;
  writer.begin_object();
  writer.name("version").integer(kScalesVersion);
  writer.name("model").text(scales.model.to_hex());
  writer.name("activation").text(to_string(scales.activation));
  writer.name("images").begin_list();
  for (const Sha256& image : scales.images) writer.text(image.to_hex());
  writer.end_list();
  writer.name("block_inputs").begin_list();
  for (const float value : scales.block_inputs) writer.number(double{value});
  writer.end_list();
  writer.name("sha256").text(digest_of(scales).to_hex());
  return writer.end_object().take() + "\n";
}

Result<ClipScales> parse_clip_scales(std::string_view json, const ScaledTower& tower) {
  ASSIGN_OR_RETURN(const json::Value root, json::parse(json));
  const json::Value* const version = root.find("version");
  const auto version_number = version == nullptr ? std::nullopt : version->integer();
  if (!version_number) return corrupt("'version' is not an integer");
  if (*version_number != kScalesVersion) {
    return invalid_input(
        fmt::format("of version {}, but this program reads {}", *version_number, kScalesVersion));
  }
  ASSIGN_OR_RETURN(const Sha256 model, digest_at(root, "model"));
  ClipScales scales{.model = model};
  const auto activation = root.require_text("activation");
  if (!activation) return corrupt(activation.error().message);
  ASSIGN_OR_RETURN(scales.activation, parse_activation(*activation));
  const json::Value::List* const images = list_of(root, "images");
  const json::Value::List* const numbers = list_of(root, "block_inputs");
  if (images == nullptr) return corrupt("'images' is not a list");
  if (numbers == nullptr) return corrupt("'block_inputs' is not a list");
  for (const json::Value& image : *images) {
    const auto digest = as_digest(image);
    if (!digest) return corrupt("'images' holds something else than digests");
    scales.images.push_back(*digest);
  }
  scales.block_inputs.reserve(numbers->size());
  for (const json::Value& number : *numbers) {
    const double value = number.number().value_or(-1);
    const auto narrow = static_cast<float>(value);
    if (!(value >= 0) || !std::isfinite(narrow)) {
      return corrupt("'block_inputs' holds something else than sizes");
    }
    scales.block_inputs.push_back(narrow);
  }
  ASSIGN_OR_RETURN(const Sha256 digest, digest_at(root, "sha256"));
  if (digest != digest_of(scales)) return corrupt("'sha256' does not fit the numbers");
  RETURN_IF_ERROR(check_tower(scales, tower));
  return scales;
}

Result<std::optional<ClipScales>> read_clip_scales(files::FileSystem& file_system,
                                                   const std::filesystem::path& path,
                                                   const ScaledTower& tower) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return std::optional<ClipScales>();
  ASSIGN_OR_RETURN(const std::string text, files::read_file(file_system, path, kMaxFile));
  auto scales = parse_clip_scales(text, tower);
  if (scales) return std::optional(std::move(*scales));
  Error error = std::move(scales).error();
  error.message += "; remove the file, and the next run with int8 measures anew";
  return std::move(error).within(path.native());
}

Status write_clip_scales(files::FileSystem& file_system, const std::filesystem::path& path,
                         const ClipScales& scales) {
  return files::write_file(file_system, path, to_json(scales));
}

}  // namespace assay::models

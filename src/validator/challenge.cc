#include "validator/challenge.h"

#include "crypto/digest.h"
#include "images/decode.h"
#include "images/encode.h"

#include <fmt/format.h>

#include <utility>

namespace assay::validator {
namespace {

Result<std::vector<std::byte>> make_wire(const images::Image& image,
                                         const Augmentation& augmentation, int jpeg_quality) {
  ASSIGN_OR_RETURN(const images::Image varied, augment(image, augmentation));
  return images::encode_jpeg(varied,
                             {.quality = jpeg_quality, .chroma = images::ChromaSampling::kQuarter});
}

}  // namespace

Result<PreparedChallenge> prepare_challenge(const ShelfImage& image, std::uint64_t seed,
                                            const ChallengeOptions& options) {
  ASSIGN_OR_RETURN(const images::Image decoded,
                   with_context(images::decode(image.bytes), image.name));
  const Augmentation augmentation = draw_augmentation(seed, decoded.size(), options.augmentation);
  ASSIGN_OR_RETURN(
      std::vector<std::byte> wire,
      with_context(make_wire(decoded, augmentation, options.jpeg_quality), image.name));
  ChallengeRecipe recipe{.image_name = image.name,
                         .image_hash = crypto::sha256(image.bytes),
                         .augmentation = augmentation,
                         .jpeg_quality = options.jpeg_quality,
                         .wire_hash = crypto::sha256(wire)};
  return PreparedChallenge{.recipe = std::move(recipe), .wire = std::move(wire)};
}

Result<std::vector<std::byte>> replay_challenge(const ShelfImage& image,
                                                const ChallengeRecipe& recipe) {
  if (crypto::sha256(image.bytes) != recipe.image_hash) {
    return corrupt(fmt::format("{} has been changed since: it had the SHA-256 {}",
                               recipe.image_name, recipe.image_hash.to_hex()));
  }
  ASSIGN_OR_RETURN(const images::Image decoded,
                   with_context(images::decode(image.bytes), image.name));
  ASSIGN_OR_RETURN(
      std::vector<std::byte> wire,
      with_context(make_wire(decoded, recipe.augmentation, recipe.jpeg_quality), image.name));
  if (crypto::sha256(wire) != recipe.wire_hash) {
    return corrupt(fmt::format(
        "{} gives other bytes than were sent: another version of Assay or of libjpeg made those",
        recipe.image_name));
  }
  return wire;
}

}  // namespace assay::validator

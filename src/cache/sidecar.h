/// \file
/// The JSON file beside each image: what it shows and where it comes from.

#pragma once

#include "cache/generator.h"
#include "cache/label_judge.h"
#include "cache/layout.h"
#include "core/bytes.h"
#include "core/result.h"
#include "core/sha256.h"
#include "core/timestamp.h"
#include "images/probe.h"
#include "json/value.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::cache {

/// Whether an item can be served. The index holds the numbers: do not change the values.
enum class ItemState : std::uint8_t {
  kReady = 0,       ///< A label, and a description that agrees with it.
  kNoSidecar = 1,   ///< Nothing beside the image: a file that was put there by hand.
  kNoLabel = 2,     ///< A sidecar without `label` 0 or 1.
  kDisagrees = 3,   ///< `label` 1 without a description, or 0 with one.
  kBadSidecar = 4,  ///< No JSON object.
  kBroken = 5,      ///< The image does not decode.
};
inline constexpr std::size_t kNumItemStates = 6;

/// In snake case, for JSON.
std::string_view to_string(ItemState state);

/// Whether an item is one of those to draw from when `wanted` is asked for, or any label.
bool is_eligible(ItemState state, std::optional<Label> label, std::optional<Label> wanted);

/// What our own sidecars say of the image itself, so that an index can be made anew without
/// decoding.
struct ImageFacts {
  std::uint64_t size_bytes = 0;
  Sha256 content;
  std::uint64_t look = 0;  ///< images::perceptual_hash().
  std::string format;      ///< `jpeg`, as PIL calls it in lower case.
  images::ImageSize size;
};

/// A sidecar as it was found, of any origin.
struct Sidecar {
  ItemState state = ItemState::kBadSidecar;
  std::optional<Label> label = {};
  std::string source = {};         ///< Empty when it says none.
  std::string original_name = {};  ///< The same.
  std::optional<ImageFacts> facts = {};
};

/// Never fails: what cannot be read is a state. As the program that these files are for it takes
/// NaN and infinities, and `true` and 1.0 are the label 1. A description of blanks or of `nan` is
/// none.
Sidecar read_sidecar(std::string_view text);

/// The row of a table that an image was taken from.
struct TableOrigin {
  std::string table = {};     ///< The file: its path in the data set, or on the disk.
  std::string data_set = {};  ///< `owner/name`; empty: no hub's.
  std::string revision = {};  ///< The commit.
  std::uint64_t row = 0;      ///< From 0.
  /// The other columns. Those named as one of our own members get `column_` in front.
  std::vector<std::pair<std::string, json::Value>> columns = {};
};

/// What a new sidecar says.
struct SidecarDraft {
  std::optional<Label> label = {};
  /// Of the works that are seen: with kRoadwork alone. Empty, or `nan`: a default, without which
  /// other programs would pass over the item.
  std::string description = {};
  std::string source = {};
  std::string original_name = {};
  std::string image_mode = {};  ///< As PIL names it.
  images::Orientation orientation = images::Orientation::kUpright;
  bool is_animated = false;
  Timestamp imported = {};
  /// Of an image that was made; the description is then its prompt.
  std::optional<GenerationOrigin> generation = {};
  /// Of an image from a table; one without a label then says `null`, as its row does.
  std::optional<TableOrigin> table = {};
  /// Of an image whose label was checked.
  std::optional<LabelScore> label_score = {};
};

std::string sidecar_text(const SidecarDraft& draft, const ImageFacts& facts);

/// What sidecar_text() said of how the image was made; none when it was not, or by others.
std::optional<GenerationOrigin> read_generation(std::string_view text);

/// The sidecar with another label and description, every other member kept as it stands; a new one
/// of an empty text. Errors: kCorrupt (no JSON object), kExhausted (too deep).
Result<std::string> relabelled(std::string_view text, Label label, std::string_view description);

/// The description of roadwork of which nobody said more.
inline constexpr std::string_view kDefaultDescription = "Roadwork on or beside the road.";

/// A larger sidecar is some other file.
inline constexpr ByteCount kMaxSidecarSize{1U << 20};

}  // namespace assay::cache

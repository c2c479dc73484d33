#include "cache/sidecar.h"

#include "core/hex.h"
#include "json/python_text.h"
#include "json/value.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

namespace assay::cache {
namespace {

// Names of members: other programs read the first two, and write the format and the size.
constexpr std::string_view kLabel = "label";
constexpr std::string_view kDescription = "scene_description";
constexpr std::string_view kSource = "source";
constexpr std::string_view kFormat = "image_format";
constexpr std::string_view kSize = "image_size";
constexpr std::string_view kBytes = "image_bytes";
constexpr std::string_view kContent = "sha256";
constexpr std::string_view kLook = "perceptual_hash";
constexpr std::string_view kLabelCheck = "label_check";
constexpr std::string_view kPrompt = "prompt";
constexpr std::string_view kModel = "model_name";
constexpr std::string_view kGenerator = "generator";
constexpr std::string_view kGeneratorVersion = "generator_version";
constexpr std::string_view kSeed = "seed";
constexpr std::string_view kSteps = "steps";
constexpr std::string_view kGuidance = "guidance";
constexpr std::string_view kStrength = "strength";
constexpr std::string_view kScheduler = "scheduler";
constexpr std::string_view kNegativePrompt = "negative_prompt";
constexpr std::string_view kModelDigest = "model_digest";
constexpr std::string_view kPromptSource = "prompt_source";
constexpr std::string_view kSourceItem = "source_item";
constexpr std::string_view kSourceSeed = "source_seed";

std::optional<Label> label_in(const json::Value* value) {
  if (value == nullptr) return std::nullopt;
  double number = std::numeric_limits<double>::quiet_NaN();
  if (const auto boolean = value->boolean()) number = *boolean ? 1 : 0;
  if (const auto given = value->number()) number = *given;
  if (number == 1) return Label::kRoadwork;
  if (number == 0) return Label::kNone;
  return std::nullopt;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

/// Blanks, or the word that pandas writes for nothing.
bool describes_nothing(std::string_view text) { return is_blank(text) || text == "nan"; }

/// How a description counts: other programs take any that Python holds for true; one that
/// describes_nothing() counts as none all the same.
enum class Description : std::uint8_t { kNone, kEmptyWords, kSome };

Description description_in(const json::Value* value) {
  if (value == nullptr || value->is_null()) return Description::kNone;
  if (const std::string* text = value->text()) {
    if (text->empty()) return Description::kNone;
    return describes_nothing(*text) ? Description::kEmptyWords : Description::kSome;
  }
  if (value->boolean() == false || value->number() == 0.0) return Description::kNone;
  const auto* const list = value->list();
  const auto* const object = value->object();
  const bool is_empty =
      (list != nullptr && list->empty()) || (object != nullptr && object->empty());
  if (is_empty) return Description::kNone;
  return Description::kSome;
}

std::optional<std::uint32_t> side_in(const json::Value& value) {
  const auto side = value.integer();
  if (!side || *side <= 0 || std::cmp_greater(*side, std::numeric_limits<std::uint32_t>::max())) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(*side);
}

std::optional<std::uint64_t> look_in(std::string_view text) {
  std::uint64_t look = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), look, 16);
  const bool is_whole = failure == std::errc() && end == text.data() + text.size();
  return is_whole && text.size() == 16 ? std::optional(look) : std::nullopt;
}

/// Empty when there is no such text.
std::string_view text_of(const json::Value& object, std::string_view name) {
  const json::Value* const member = object.find(name);
  const std::string* const text = member == nullptr ? nullptr : member->text();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

std::optional<images::ImageSize> size_in(const json::Value& object) {
  const json::Value* const member = object.find(kSize);
  const json::Value::List* const sides = member == nullptr ? nullptr : member->list();
  if (sides == nullptr || sides->size() != 2) return std::nullopt;
  const auto width = side_in(sides->front());
  const auto height = side_in(sides->back());
  if (!width || !height) return std::nullopt;
  return images::ImageSize{.width = *width, .height = *height};
}

std::optional<ImageFacts> facts_in(const json::Value& object) {
  const json::Value* const bytes = object.find(kBytes);
  const std::int64_t size_bytes = bytes == nullptr ? -1 : bytes->integer().value_or(-1);
  const auto content = Sha256::parse(text_of(object, kContent));
  const auto look = look_in(text_of(object, kLook));
  const auto size = size_in(object);
  if (size_bytes < 0 || !content || !look || !size) return std::nullopt;
  return ImageFacts{.size_bytes = static_cast<std::uint64_t>(size_bytes),
                    .content = *content,
                    .look = *look,
                    .format = std::string(text_of(object, kFormat)),
                    .size = *size};
}

/// Of the files of other programs: the table that a photo was taken from, or the model that drew
/// it.
std::string source_in(const json::Value& object) {
  for (const std::string_view name : {kSource, kModel}) {
    const std::string_view text = text_of(object, name);
    if (!text.empty()) return std::string(text);
  }
  return std::filesystem::path(text_of(object, "source_parquet")).stem().native();
}

void write_value(json::Writer& writer, const json::Value& value) {
  if (const auto* list = value.list()) {
    writer.begin_list();
    for (const json::Value& entry : *list) write_value(writer, entry);
    writer.end_list();
  } else if (const auto* object = value.object()) {
    writer.begin_object();
    for (const auto& [name, member] : *object) write_value(writer.name(name), member);
    writer.end_object();
  } else if (const std::string* text = value.text()) {
    writer.text(*text);
  } else if (const auto boolean = value.boolean()) {
    writer.boolean(*boolean);
  } else if (const auto integer = value.integer()) {
    writer.integer(*integer);
  } else if (const auto number = value.number()) {
    writer.number(*number);
  } else {
    writer.null();
  }
}

void write_settings(json::Writer& writer, const GenerationSettings& settings) {
  const auto text = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) writer.name(name).text(value);
  };
  if (settings.steps) writer.name(kSteps).integer(*settings.steps);
  if (settings.guidance) writer.name(kGuidance).number(*settings.guidance);
  if (settings.strength) writer.name(kStrength).number(*settings.strength);
  text(kScheduler, settings.scheduler);
  text(kNegativePrompt, settings.negative_prompt);
  text(kModelDigest, settings.model_digest);
  text(kPromptSource, settings.prompt_source);
}

GenerationSettings settings_in(const json::Value& value) {
  const auto number = [&](std::string_view name) -> std::optional<double> {
    const json::Value* const member = value.find(name);
    return member == nullptr ? std::nullopt : member->number();
  };
  const auto text = [&](std::string_view name) { return std::string(text_of(value, name)); };
  const json::Value* const steps = value.find(kSteps);
  return {.steps = steps == nullptr ? std::nullopt : steps->integer(),
          .guidance = number(kGuidance),
          .strength = number(kStrength),
          .scheduler = text(kScheduler),
          .negative_prompt = text(kNegativePrompt),
          .model_digest = text(kModelDigest),
          .prompt_source = text(kPromptSource)};
}

/// The first six by the names of the program that these files are for; it writes no seed.
void write_generation(json::Writer& writer, const GenerationOrigin& origin, Timestamp made) {
  writer.name(kPrompt).text(origin.prompt);
  writer.name("prompt_long").text(origin.prompt);
  writer.name("time").number(std::chrono::duration<double>(made.time_since_epoch()).count());
  writer.name(kModel).text(origin.model_name);
  writer.name("gen_time").number(origin.seconds);
  writer.name("mask_center").null();
  writer.name(kGenerator).text(origin.generator);
  writer.name(kGeneratorVersion).integer(origin.version);
  writer.name(kSeed).unsigned_integer(origin.seed);
  write_settings(writer, origin.settings);
  if (!origin.source_item.empty()) writer.name(kSourceItem).text(origin.source_item);
  if (origin.source_seed) writer.name(kSourceSeed).unsigned_integer(*origin.source_seed);
}

void write_label_score(json::Writer& writer, const LabelScore& score) {
  writer.name(kLabelCheck).begin_object();
  writer.name("model").text(score.model);
  writer.name("share").number(score.share);
  writer.name("minimum").number(score.minimum_share);
  writer.name("doubtful").boolean(score.is_doubtful());
  writer.end_object();
}

/// Members that a column of a table must not stand in for.
constexpr auto kOwnMembers = std::to_array<std::string_view>(
    {kLabel,        kDescription,     kSource,           kFormat,
     kSize,         kBytes,           kContent,          kLook,
     kModel,        kGenerator,       kGeneratorVersion, kSeed,
     kPrompt,       "source_parquet", "original_index",  "dataset",
     "revision",    "imported",       "image_mode",      "exif_orientation",
     "is_animated", "original_name",  kLabelCheck});

/// The first two by the names of the program that these files are for.
void write_table_origin(json::Writer& writer, const TableOrigin& origin, Timestamp imported) {
  writer.name("source_parquet").text(origin.table);
  writer.name("original_index").text(std::to_string(origin.row));
  if (!origin.data_set.empty()) {
    writer.name("dataset").text(origin.data_set);
    writer.name("revision").text(origin.revision);
  }
  writer.name("imported").text(to_rfc3339(imported));
}

void write_columns(json::Writer& writer, const TableOrigin& origin) {
  for (const auto& [name, value] : origin.columns) {
    const bool is_own = std::ranges::find(kOwnMembers, name) != kOwnMembers.end();
    write_value(writer.name(is_own ? "column_" + name : name), value);
  }
}

std::string description_for(Label label, std::string_view description) {
  if (label == Label::kNone) return "";
  return std::string(describes_nothing(description) ? kDefaultDescription : description);
}

}  // namespace

std::string_view to_string(ItemState state) {
  constexpr std::array<std::string_view, kNumItemStates> kNames = {
      "ready", "no_sidecar", "no_label", "disagrees", "bad_sidecar", "broken"};
  return kNames[static_cast<std::size_t>(state)];
}

bool is_eligible(ItemState state, std::optional<Label> label, std::optional<Label> wanted) {
  if (wanted) return state == ItemState::kReady && label == wanted;
  return state == ItemState::kReady || state == ItemState::kNoLabel ||
         state == ItemState::kDisagrees;
}

Sidecar read_sidecar(std::string_view text) {
  const auto value = json::parse_python(text, kMaxSidecarSize);
  if (!value || value->object() == nullptr) return {};
  Sidecar sidecar{.state = ItemState::kNoLabel, .label = label_in(value->find(kLabel))};
  sidecar.source = source_in(*value);
  sidecar.original_name = text_of(*value, "original_name");
  sidecar.facts = facts_in(*value);
  if (!sidecar.label) return sidecar;
  const Description description = description_in(value->find(kDescription));
  const Description fitting =
      *sidecar.label == Label::kRoadwork ? Description::kSome : Description::kNone;
  sidecar.state = description == fitting ? ItemState::kReady : ItemState::kDisagrees;
  return sidecar;
}

std::string sidecar_text(const SidecarDraft& draft, const ImageFacts& facts) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  if (draft.label) {
    writer.name(kLabel).integer(static_cast<std::int64_t>(*draft.label));
    writer.name(kDescription).text(description_for(*draft.label, draft.description));
  } else if (draft.table) {
    writer.name(kLabel).null();
    writer.name(kDescription);
    draft.description.empty() ? writer.null() : writer.text(draft.description);
  }
  writer.name(kSource).text(draft.source);
  if (draft.generation) {
    write_generation(writer, *draft.generation, draft.imported);
  } else if (draft.table) {
    write_table_origin(writer, *draft.table, draft.imported);
  } else {
    writer.name("original_name").text(draft.original_name);
    writer.name("imported").text(to_rfc3339(draft.imported));
  }
  writer.name(kFormat).text(facts.format);
  writer.name(kSize).begin_list();
  writer.unsigned_integer(facts.size.width).unsigned_integer(facts.size.height).end_list();
  writer.name("image_mode").text(draft.image_mode);
  writer.name("exif_orientation").integer(static_cast<std::int64_t>(draft.orientation));
  writer.name("is_animated").boolean(draft.is_animated);
  writer.name(kBytes).unsigned_integer(facts.size_bytes);
  writer.name(kContent).text(facts.content.to_hex());
  writer.name(kLook).text(fmt::format("{:016x}", facts.look));
  if (draft.label_score) write_label_score(writer, *draft.label_score);
  if (draft.table) write_columns(writer, *draft.table);
  writer.end_object();
  return writer.take() + "\n";
}

std::optional<GenerationOrigin> read_generation(std::string_view text) {
  const auto value = json::parse_python(text, kMaxSidecarSize);
  if (!value) return std::nullopt;
  const auto integer = [&](std::string_view name) -> std::optional<std::int64_t> {
    const json::Value* const member = value->find(name);
    return member == nullptr ? std::nullopt : member->integer();
  };
  const auto seed = integer(kSeed);
  const auto version = integer(kGeneratorVersion);
  const std::string_view generator = text_of(*value, kGenerator);
  if (generator.empty() || !seed || *seed < 0 || !version) return std::nullopt;
  GenerationOrigin origin{.generator = std::string(generator),
                          .model_name = std::string(text_of(*value, kModel)),
                          .version = *version,
                          .prompt = std::string(text_of(*value, kPrompt)),
                          .seed = static_cast<std::uint64_t>(*seed),
                          .source_item = std::string(text_of(*value, kSourceItem)),
                          .settings = settings_in(*value)};
  if (const auto source = integer(kSourceSeed); source && *source >= 0) {
    origin.source_seed = static_cast<std::uint64_t>(*source);
  }
  return origin;
}

Result<std::string> relabelled(std::string_view text, Label label, std::string_view description) {
  std::vector<json::RawMember> members;
  if (!text.empty()) {
    ASSIGN_OR_RETURN(members, json::python_members(text));
  }
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name(kLabel).integer(static_cast<std::int64_t>(label));
  writer.name(kDescription).text(description_for(label, description));
  for (const json::RawMember& member : members) {
    if (member.name == kLabel || member.name == kDescription) continue;
    writer.name(member.name).raw(member.value);
  }
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::cache

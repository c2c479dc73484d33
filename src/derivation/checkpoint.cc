#include "derivation/checkpoint.h"

#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "json/python_repr.h"
#include "records/json_members.h"
#include "records/python_time.h"

#include <fmt/format.h>

#include <utility>

// Persisted names and forms: see docs/formats/history.md before changing any.

namespace assay::derivation {
namespace {

constexpr std::int64_t kCheckpointVersion = 1;
constexpr std::string_view kCheckpointFormat = "assay-history-checkpoint";
// Open generations, and what is remembered of finished ones: a few hundred bytes each.
constexpr ByteCount kMaxCheckpointSize{std::uint64_t{4} << 30};

std::optional<std::uint64_t> count_of(const records::JsonMembers& members, std::string_view name) {
  const std::string* value = members.find(name);
  const auto number = value == nullptr ? std::nullopt : records::decode_json_integer(*value);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::string text_of(const records::JsonMembers& members, std::string_view name) {
  const std::string* value = members.find(name);
  return value == nullptr ? "" : records::decode_json_text(*value).value_or("");
}

std::optional<DerivedAnchor> anchor_from(const std::string& json) {
  const auto members = records::JsonMembers::parse(json);
  if (!members) return std::nullopt;
  const auto num_bytes = count_of(*members, "bytes");
  const auto num_lines = count_of(*members, "lines");
  const auto tail_bytes = count_of(*members, "tail_bytes");
  if (!num_bytes || !num_lines || !tail_bytes || *tail_bytes > *num_bytes) return std::nullopt;
  return DerivedAnchor{.num_bytes = *num_bytes,
                       .num_lines = *num_lines,
                       .tail_bytes = *tail_bytes,
                       .tail_sha256_hex = text_of(*members, "tail_sha256")};
}

std::string ply_rules_text(const PlyRules& rules) {
  records::JsonMembers members;
  members.set("min_score", json::python_repr(rules.min_score));
  members.set_optional_integer("feedback_timeout_ms",
                               rules.feedback_timeout
                                   ? std::optional<std::int64_t>(rules.feedback_timeout->count())
                                   : std::nullopt);
  return members.to_text();
}

std::optional<PlyRules> ply_rules_from(const std::string& json) {
  const auto members = records::JsonMembers::parse(json);
  if (!members) return std::nullopt;
  const std::string* score = members->find("min_score");
  const std::string* timeout = members->find("feedback_timeout_ms");
  if (score == nullptr || timeout == nullptr) return std::nullopt;
  const auto number = records::decode_json_number(*score);
  if (!number) return std::nullopt;
  PlyRules rules{.min_score = *number, .feedback_timeout = {}};
  if (*timeout == "null") return rules;
  const auto count = count_of(*members, "feedback_timeout_ms");
  if (!count) return std::nullopt;
  rules.feedback_timeout = std::chrono::milliseconds(*count);
  return rules;
}

}  // namespace

std::string encode_checkpoint(const Checkpoint& checkpoint) {
  records::JsonMembers files;
  for (const auto& [name, anchor] : checkpoint.files) {
    records::JsonMembers file;
    file.set_integer("bytes", static_cast<std::int64_t>(anchor.num_bytes));
    file.set_integer("lines", static_cast<std::int64_t>(anchor.num_lines));
    file.set_integer("tail_bytes", static_cast<std::int64_t>(anchor.tail_bytes));
    file.set_text("tail_sha256", anchor.tail_sha256_hex);
    files.set(name, file.to_text());
  }
  records::JsonMembers body;
  body.set_integer("last_sequence", static_cast<std::int64_t>(checkpoint.last_sequence));
  body.set_text("time", records::python_isoformat(checkpoint.time));
  if (!checkpoint.rotated_month.empty()) body.set_text("rotated", checkpoint.rotated_month);
  if (checkpoint.ply_rules) body.set("ply_rules", ply_rules_text(*checkpoint.ply_rules));
  body.set("files", files.to_text());
  body.set("state", checkpoint.state);
  const std::string body_text = body.to_text();
  records::JsonMembers root;
  root.set_text("format", kCheckpointFormat);
  root.set_integer("format_version", kCheckpointVersion);
  root.set_text("body_sha256", crypto::sha256(body_text).to_hex());
  root.set("body", body_text);
  return root.to_text() + "\n";
}

Result<Checkpoint> decode_checkpoint(std::string_view text) {
  const auto root = records::JsonMembers::parse(text);
  if (!root || text_of(*root, "format") != kCheckpointFormat) {
    return corrupt("not the manifest of a checkpoint");
  }
  if (const auto version = count_of(*root, "format_version");
      !version || *version > static_cast<std::uint64_t>(kCheckpointVersion)) {
    return invalid_input(
        fmt::format("a checkpoint of a later version than {}, which this program reads; use the "
                    "program that wrote it",
                    kCheckpointVersion));
  }
  const std::string* body_text = root->find("body");
  if (body_text == nullptr ||
      crypto::sha256(*body_text).to_hex() != text_of(*root, "body_sha256")) {
    return corrupt("the digest of the checkpoint does not fit its content");
  }
  const auto body = records::JsonMembers::parse(*body_text);
  const auto last_sequence = body ? count_of(*body, "last_sequence") : std::nullopt;
  const std::string* files = body ? body->find("files") : nullptr;
  const std::string* state = body ? body->find("state") : nullptr;
  const auto file_members = files == nullptr ? std::nullopt : records::JsonMembers::parse(*files);
  if (!last_sequence || !file_members || state == nullptr) {
    return corrupt("a checkpoint without one of its parts");
  }
  Checkpoint checkpoint;
  checkpoint.last_sequence = *last_sequence;
  checkpoint.state = *state;
  checkpoint.rotated_month = text_of(*body, "rotated");
  if (const std::string* rules = body->find("ply_rules"); rules != nullptr) {
    checkpoint.ply_rules = ply_rules_from(*rules);
  }
  if (const auto time = parse_timestamp(text_of(*body, "time"))) checkpoint.time = *time;
  for (const auto& member : file_members->all()) {
    const auto anchor = anchor_from(member.value);
    if (!anchor) return corrupt(fmt::format("a checkpoint that says nothing of {}", member.name));
    checkpoint.files[member.name] = *anchor;
  }
  return checkpoint;
}

Status write_checkpoint(files::FileSystem& file_system, const std::filesystem::path& path,
                        const Checkpoint& checkpoint) {
  return files::write_file(file_system, path, encode_checkpoint(checkpoint));
}

Result<std::optional<Checkpoint>> read_checkpoint(files::FileSystem& file_system,
                                                  const std::filesystem::path& path) {
  auto text = files::read_file(file_system, path, kMaxCheckpointSize);
  if (!text) {
    if (text.error().code == ErrorCode::kNotFound) return std::optional<Checkpoint>();
    return std::move(text.error());
  }
  auto checkpoint = decode_checkpoint(*text);
  if (!checkpoint) return std::move(checkpoint.error()).within(path.native());
  return std::optional<Checkpoint>(std::move(*checkpoint));
}

}  // namespace assay::derivation

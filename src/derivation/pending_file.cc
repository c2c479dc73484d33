#include "derivation/pending_file.h"

#include "json/python_text.h"
#include "records/json_members.h"

#include <array>
#include <optional>
#include <utility>

namespace assay::derivation {
namespace {

constexpr std::array<std::string_view, 1> kMetadata = {"metadata"};
constexpr std::array<std::string_view, 2> kIdPath = {"metadata", "generation_id"};

// A record in Python's form; `generation_id` where it does not say its own.
std::optional<std::string> usable_record(std::string_view value, std::string_view generation_id) {
  const auto text = json::python_dumps(value);
  auto record = text ? records::JsonMembers::parse(*text) : std::nullopt;
  if (!record) return std::nullopt;
  if (!records::json_at(*record, kIdPath)) {
    if (generation_id.empty()) return std::nullopt;
    records::JsonMembers id;
    id.set_text("generation_id", generation_id);
    records::merge_at(*record, kMetadata, id);
  }
  return record->to_text();
}

}  // namespace

PendingFile read_pending(std::string_view content) {
  PendingFile pending;
  const auto add = [&](std::string_view value, std::string_view generation_id) {
    if (auto record = usable_record(value, generation_id)) {
      pending.records.push_back(std::move(*record));
    } else {
      pending.is_whole = false;
    }
  };
  const std::size_t start = content.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) {
    pending.is_whole = content.empty();
  } else if (content[start] == '[') {
    const auto found = records::find_json_items(content);
    pending.is_whole = found.is_whole;
    for (const std::string& item : found.items) add(item, "");
  } else {
    const auto found = records::find_json_members(content);
    pending.is_whole = found.is_whole;
    for (const auto& member : found.members.all()) add(member.value, member.name);
  }
  return pending;
}

}  // namespace assay::derivation

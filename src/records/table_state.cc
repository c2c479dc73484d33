#include "records/generation_table.h"
#include "records/json_members.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

// The state as the checkpoint keeps it: docs/formats/history.md.

namespace assay::records {
namespace {

// Nothing when there is no such list.
std::optional<std::vector<std::string>> list_items(const std::string* list) {
  if (list == nullptr) return std::nullopt;
  auto found = find_json_items(*list);
  if (!found.is_whole) return std::nullopt;
  return std::move(found.items);
}

class ListText {
 public:
  void add(std::string_view item) {
    text_ += is_empty_ ? "\n" : ",\n";
    text_ += item;
    is_empty_ = false;
  }
  std::string take() && { return std::move(text_) + (is_empty_ ? "]" : "\n]"); }

 private:
  std::string text_ = "[";
  bool is_empty_ = true;
};

}  // namespace

std::string GenerationTable::state() const {
  JsonMembers members;
  members.set_integer("num_finished", static_cast<std::int64_t>(num_finished_));
  members.set_integer("num_forgotten", static_cast<std::int64_t>(num_forgotten_));
  ListText open_list;
  for (const auto& [generation_id, open] : open_) {
    JsonMembers item;
    item.set("known", to_json(open.known));
    item.set("record", open.record);
    open_list.add(item.to_text());
  }
  members.set("open", std::move(open_list).take());
  ListText finished_list;
  for (const std::string& generation_id : waiting_beyond_) {
    finished_list.add(to_json(finished_.at(generation_id)));
  }
  for (const std::string& generation_id : finished_order_) {
    finished_list.add(to_json(finished_.at(generation_id)));
  }
  members.set("finished", std::move(finished_list).take());
  ListText key_list;
  for (const std::string& scoped_key : key_order_) {
    JsonMembers item;
    const std::size_t end_of_kind = scoped_key.find('\n');
    item.set_text("key", std::string_view(scoped_key).substr(end_of_kind + 1));
    if (end_of_kind > 0) {
      item.set_text("event", std::string_view(scoped_key).substr(0, end_of_kind));
    }
    const FirstOfKey& first = keys_.at(scoped_key);
    item.set_text("generation_id", first.generation_id);
    if (first.verdict != Verdict::kApplied) item.set_text("verdict", to_string(first.verdict));
    key_list.add(item.to_text());
  }
  members.set("keys", std::move(key_list).take());
  return members.to_text();
}

Status GenerationTable::load_state(std::string_view state) {
  const Error damaged = corrupt("the state of the generations is no object of the known form");
  const auto members = JsonMembers::parse(state);
  if (!members) return damaged;
  const std::string* count = members->find("num_finished");
  const auto num_finished = count == nullptr ? std::nullopt : decode_json_integer(*count);
  const auto open = list_items(members->find("open"));
  const auto finished = list_items(members->find("finished"));
  const auto keys = list_items(members->find("keys"));
  if (!num_finished || !open || !finished || !keys) return damaged;
  num_finished_ = static_cast<std::uint64_t>(*num_finished);
  const std::string* forgotten = members->find("num_forgotten");
  const auto num_forgotten = forgotten == nullptr ? std::nullopt : decode_json_integer(*forgotten);
  // Earlier versions did not count them, and forgot whatever was old.
  num_forgotten_ = num_forgotten
                       ? static_cast<std::uint64_t>(*num_forgotten)
                       : num_finished_ - std::min<std::uint64_t>(num_finished_, finished->size());
  for (const std::string& item : *open) {
    const auto parts = JsonMembers::parse(item);
    const std::string* record = parts ? parts->find("record") : nullptr;
    const std::string* json = parts ? parts->find("known") : nullptr;
    auto known = json == nullptr ? std::nullopt : known_generation_from(*json);
    if (record == nullptr || !known) return damaged;
    std::string generation_id = known->generation_id;
    open_.emplace(std::move(generation_id), Open{.record = *record, .known = std::move(*known)});
  }
  for (const std::string& item : *finished) {
    auto known = known_generation_from(item);
    if (!known) return damaged;
    remember(std::move(*known));
  }
  for (const std::string& item : *keys) {
    const auto parts = JsonMembers::parse(item);
    if (!parts) return damaged;
    const std::string* key = parts->find("key");
    const std::string* generation_id = parts->find("generation_id");
    auto key_text = key == nullptr ? std::nullopt : decode_json_text(*key);
    auto id_text = generation_id == nullptr ? std::nullopt : decode_json_text(*generation_id);
    if (!key_text || !id_text) return damaged;
    const std::string* event = parts->find("event");
    const auto kind = event == nullptr ? std::nullopt : decode_json_text(*event);
    const std::string* verdict = parts->find("verdict");
    const auto name = verdict == nullptr ? std::nullopt : decode_json_text(*verdict);
    remember_key(fmt::format("{}\n{}", kind.value_or(""), *key_text),
                 {.generation_id = std::move(*id_text),
                  .verdict = verdict_of(name.value_or("")).value_or(Verdict::kApplied)});
  }
  ++open_version_;
  return {};
}

bool GenerationTable::is_waiting(const SupersededPly& ply) const {
  const auto is_it = [&](const KnownGeneration& known) {
    return known.ply.is_waiting() && known.ply.pending_path == ply.pending_path;
  };
  if (const auto open = open_.find(ply.generation_id); open != open_.end()) {
    return is_it(open->second.known);
  }
  const auto finished = finished_.find(ply.generation_id);
  return finished != finished_.end() && is_it(finished->second);
}

std::vector<SupersededPly> GenerationTable::known_ply() const {
  std::vector<SupersededPly> found;
  const auto add = [&](const KnownGeneration& known) {
    found.push_back({.generation_id = known.generation_id,
                     .pending_path = known.ply.is_waiting() ? known.ply.pending_path : ""});
  };
  for (const auto& [generation_id, open] : open_) add(open.known);
  for (const auto& [generation_id, known] : finished_) add(known);
  return found;
}

}  // namespace assay::records

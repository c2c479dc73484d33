#include "record_files/damage_notes.h"

#include "files/atomic_file.h"
#include "records/json_members.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <utility>

namespace assay::record_files {
namespace {

namespace fs = std::filesystem;

constexpr ByteCount kMaxNoteSize{std::uint64_t{64} << 20};

std::uint64_t number_of(const records::JsonMembers& members, std::string_view name) {
  const std::string* value = members.find(name);
  const auto number = value == nullptr ? std::nullopt : records::decode_json_integer(*value);
  return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

std::string text_or_empty(const records::JsonMembers& members, std::string_view name) {
  const std::string* value = members.find(name);
  return value == nullptr ? "" : records::decode_json_text(*value).value_or("");
}

std::optional<files::JournalDamage> decode_note(std::string_view json) {
  const auto members = records::JsonMembers::parse(json);
  if (!members) return std::nullopt;
  const std::string* lost = members->find("lost");
  if (lost == nullptr || text_or_empty(*members, "format") != "assay-journal-damage") {
    return std::nullopt;
  }
  files::JournalDamage damage{.segment = text_or_empty(*members, "segment"),
                              .reason = text_or_empty(*members, "reason"),
                              .num_salvaged = number_of(*members, "records_salvaged"),
                              .lost = {}};
  for (const std::string& item : records::find_json_items(*lost).items) {
    const auto part = records::JsonMembers::parse(item);
    if (!part) return std::nullopt;
    const files::LostRecords records{.first_sequence = number_of(*part, "first_sequence"),
                                     .last_sequence = number_of(*part, "last_sequence"),
                                     .num_at_least = number_of(*part, "at_least"),
                                     .num_at_most = number_of(*part, "at_most")};
    if (records.last_sequence < records.first_sequence) return std::nullopt;
    damage.lost.push_back(records);
  }
  return damage;
}

}  // namespace

std::string DamageNote::to_text() const {
  const std::string lost =
      damage.lost.empty() ? "" : fmt::format("events {} are lost: ", files::to_text(damage.lost));
  return lost + damage.reason;
}

Result<std::vector<DamageNote>> read_damage_notes(files::FileSystem& file_system,
                                                  const fs::path& data_folder) {
  ASSIGN_OR_RETURN(const auto paths,
                   files::list_damage_notes(file_system, data_folder / "journal"));
  std::vector<DamageNote> notes;
  for (const fs::path& path : paths) {
    DamageNote note{.path = path.lexically_relative(data_folder), .damage = {}};
    auto content = files::read_file(file_system, path, kMaxNoteSize);
    auto damage = content ? decode_note(*content) : std::nullopt;
    note.damage = damage ? std::move(*damage)
                         : files::JournalDamage{.segment = {},
                                                .reason = "a note that cannot be read",
                                                .num_salvaged = 0,
                                                .lost = {}};
    notes.push_back(std::move(note));
  }
  return notes;
}

}  // namespace assay::record_files

#include "files/journal_damage.h"

#include "files/atomic_file.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace assay::files {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNoteSuffix = ".json";

// A JSON text. Paths may hold any byte: what is not printable ASCII becomes `?`, so that the note
// is JSON whatever the folder is called.
std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    json += c >= ' ' && c <= '~' ? c : '?';
  }
  return json + "\"";
}

std::string encode_note(const JournalDamage& damage) {
  std::string json = fmt::format(
      R"({{"format": "assay-journal-damage", "format_version": 1, "segment": {}, "reason": {}, )"
      R"("records_salvaged": {}, "lost": [)",
      damage.segment.empty() ? std::string("null") : json_text(damage.segment),
      json_text(damage.reason), damage.num_salvaged);
  std::string_view separator;
  for (const LostRecords& lost : damage.lost) {
    fmt::format_to(
        std::back_inserter(json),
        R"({}{{"first_sequence": {}, "last_sequence": {}, "at_least": {}, "at_most": {}}})",
        std::exchange(separator, ", "), lost.first_sequence, lost.last_sequence, lost.num_at_least,
        lost.num_at_most);
  }
  return json + "]}\n";
}

}  // namespace

std::string to_text(const std::vector<LostRecords>& lost) {
  std::string text;
  for (const LostRecords& part : lost) {
    if (!text.empty()) text += ", ";
    const std::uint64_t num_numbers = part.last_sequence - part.first_sequence + 1;
    if (part.num_at_least < part.num_at_most) {
      text += fmt::format("at most {} of ", part.num_at_most);
    } else if (part.num_at_most < num_numbers) {
      text += fmt::format("{} of ", part.num_at_most);
    }
    text += num_numbers == 1 ? fmt::to_string(part.first_sequence)
                             : fmt::format("{} to {}", part.first_sequence, part.last_sequence);
  }
  return text;
}

Status write_damage_note(FileSystem& file_system, const fs::path& folder, std::string_view name,
                         const JournalDamage& damage) {
  return write_file(file_system,
                    folder / kJournalQuarantine / fmt::format("{}{}", name, kNoteSuffix),
                    encode_note(damage));
}

Result<std::vector<fs::path>> list_damage_notes(FileSystem& file_system, const fs::path& folder) {
  std::vector<fs::path> notes;
  const fs::path quarantine = folder / kJournalQuarantine;
  auto names = file_system.list(quarantine);
  if (!names) {
    if (names.error().code == ErrorCode::kNotFound) return notes;
    return std::move(names.error());
  }
  for (const std::string& name : *names) {
    if (name.ends_with(kNoteSuffix) && !is_temporary_name(name)) notes.push_back(quarantine / name);
  }
  return notes;
}

}  // namespace assay::files

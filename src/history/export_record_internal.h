/// \file
/// A record on its way to an output: which fields go, in which order, and how each is written.

#pragma once

#include "core/result.h"
#include "history/export.h"
#include "records/record_fields.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace assay::history {

/// What read_history() has to read for an export.
std::vector<records::RecordField> export_fields();

bool passes(const records::RecordView& record, const ExportFilter& filter);

/// A text as a field holds it; nothing when it is no text or empty.
inline std::string_view text_of(const json::Field& field) {
  return field.kind == json::FieldKind::kText ? field.text : std::string_view();
}

/// What tells records of one prompt from others: the hash of the image, else the prompt.
std::string prompt_key_of(const records::RecordView& record);

/// Add one value as json.dumps writes it; `null` for what is absent.
/// Errors: kExhausted (nested too deep), kCorrupt (no JSON: a bug of the reader).
Status append_value(std::string& json, const json::Field& field);

/// The settings of a miner are the same in most records: those met last are remembered.
/// Threads: one thread at a time.
class ConfigText {
 public:
  /// Errors: as append_value().
  Status append(std::string& json, const json::Field& field);

 private:
  struct Remembered {
    std::string raw;
    std::string json;
  };

  std::array<Remembered, 8> remembered_;
  std::size_t next_ = 0;
};

/// Writes records as json.dumps does. Threads: one thread at a time.
class ExportText {
 public:
  /// Add the line of a record, without LF. On failure `line` is as it was.
  /// Errors: as append_value().
  Status append_line(std::string& line, const records::RecordView& record);

 private:
  Status append_members(std::string& line, const records::RecordView& record);

  ConfigText config_;
};

}  // namespace assay::history

#include "history/export_record_internal.h"
#include "history/tally_internal.h"
#include "json/python_repr.h"
#include "json/python_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace assay::history {
namespace {

using records::RecordField;

/// What no integer has.
bool is_of_real(char character) { return character == '.' || character == 'e' || character == 'E'; }

template <typename Minimum>
bool reaches(const json::Field& field, const std::optional<Minimum>& minimum) {
  // A NaN is not lower, but no reason to take the record either.
  return !minimum || (field.is_number() && field.number >= static_cast<double>(*minimum));
}

}  // namespace

std::vector<RecordField> export_fields() {
  return {RecordField::kGenerationId,  RecordField::kTimestamp,       RecordField::kTaskType,
          RecordField::kPrompt,        RecordField::kBase64ImageHash, RecordField::kImageFilePath,
          RecordField::kMinerConfig,   RecordField::kEnhancedPrompt,  RecordField::kNumGaussians,
          RecordField::kPlyFilePath,   RecordField::kPlyFileHash,     RecordField::kClipScore,
          RecordField::kGaussianStats, RecordField::kScore,           RecordField::kAccepted};
}

bool passes(const records::RecordView& record, const ExportFilter& filter) {
  if (filter.rejected == Rejected::kLeftOut && !is_true(record[RecordField::kAccepted])) {
    return false;
  }
  if (filter.task_type) {
    const json::Field& task_type = record[RecordField::kTaskType];
    if (task_type.kind != json::FieldKind::kText || task_type.text != *filter.task_type) {
      return false;
    }
  }
  return reaches(record[RecordField::kClipScore], filter.min_clip) &&
         reaches(record[RecordField::kScore], filter.min_score) &&
         reaches(record[RecordField::kNumGaussians], filter.min_gaussians);
}

std::string prompt_key_of(const records::RecordView& record) {
  const std::string_view image = text_of(record[RecordField::kBase64ImageHash]);
  if (!image.empty()) return fmt::format("image {}", image);
  return fmt::format("prompt {}", text_of(record[RecordField::kPrompt]));
}

Status append_value(std::string& json, const json::Field& field) {
  switch (field.kind) {
    case json::FieldKind::kAbsent:
    case json::FieldKind::kNull:
      json += "null";
      return {};
    case json::FieldKind::kBoolean:
      json += field.boolean ? "true" : "false";
      return {};
    case json::FieldKind::kInteger:
      fmt::format_to(std::back_inserter(json), "{}", field.integer);
      return {};
    case json::FieldKind::kText:
      json::append_python_string(json, field.text);
      return {};
    case json::FieldKind::kNumber:
      if (json::is_python_repr(field.raw)) {
        json += field.raw;
        return {};
      }
      // Not of large integers, whose digits stay. Feedback that came late may stand in no line.
      if (std::isfinite(field.number) &&
          (field.raw.empty() || std::ranges::any_of(field.raw, is_of_real))) {
        json += json::python_repr(field.number);
        return {};
      }
      break;
    case json::FieldKind::kObject:
    case json::FieldKind::kList:
      break;
  }
  return json::append_python_dumps(json, field.raw);
}

Status ConfigText::append(std::string& json, const json::Field& field) {
  if (field.kind != json::FieldKind::kObject) return append_value(json, field);
  const auto* known = std::ranges::find(remembered_, field.raw, &Remembered::raw);
  if (known == remembered_.end()) {
    Remembered& slot = remembered_[next_];
    ASSIGN_OR_RETURN(slot.json, json::python_dumps(field.raw));
    slot.raw = field.raw;
    known = &slot;
    next_ = (next_ + 1) % remembered_.size();
  }
  json += known->json;
  return {};
}

Status ExportText::append_members(std::string& line, const records::RecordView& record) {
  struct Member {
    std::string_view start;
    RecordField field;
  };
  constexpr std::array<Member, 11> kMembers = {
      {{R"({"generation_id": )", RecordField::kGenerationId},
       {R"(, "task_type": )", RecordField::kTaskType},
       {R"(, "prompt": )", RecordField::kPrompt},
       {R"(, "enhanced_prompt": )", RecordField::kEnhancedPrompt},
       {R"(, "image_file_path": )", RecordField::kImageFilePath},
       {R"(, "output_ply_path": )", RecordField::kPlyFilePath},
       {R"(, "output_ply_hash": )", RecordField::kPlyFileHash},
       {R"(, "validator_score": )", RecordField::kScore},
       {R"(, "clip_score": )", RecordField::kClipScore},
       {R"(, "num_gaussians": )", RecordField::kNumGaussians},
       {R"(, "gaussian_stats": )", RecordField::kGaussianStats}}};
  for (const auto& [start, field] : kMembers) {
    line += start;
    RETURN_IF_ERROR(append_value(line, record[field]));
  }
  line += R"(, "miner_config": )";
  RETURN_IF_ERROR(config_.append(line, record[RecordField::kMinerConfig]));
  line += R"(, "timestamp": )";
  RETURN_IF_ERROR(append_value(line, record[RecordField::kTimestamp]));
  line += '}';
  return {};
}

Status ExportText::append_line(std::string& line, const records::RecordView& record) {
  const std::size_t start = line.size();
  Status appended = append_members(line, record);
  if (!appended) line.resize(start);
  return appended;
}

}  // namespace assay::history

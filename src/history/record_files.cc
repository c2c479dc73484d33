#include "history/record_files_internal.h"
#include "json/value.h"

#include <initializer_list>

namespace assay::history {
namespace {

/// The text at a path of members; empty when there is none.
std::string text_at(const json::Value& record, std::initializer_list<std::string_view> path) {
  const json::Value* value = &record;
  for (const std::string_view name : path) {
    value = value->find(name);
    if (value == nullptr) return {};
  }
  return value->text() == nullptr ? std::string() : *value->text();
}

}  // namespace

std::optional<RecordFiles> read_record_files(std::string_view line) {
  const auto record = json::parse(line);
  if (!record || record->object() == nullptr) return std::nullopt;
  RecordFiles files{.id = text_at(*record, {"metadata", "generation_id"}), .time = {}, .blobs = {}};
  if (const auto time = parse_timestamp(text_at(*record, {"metadata", "timestamp"}))) {
    files.time = *time;
  }
  files.blobs[0] = {.kind = BlobKind::kImage,
                    .path = text_at(*record, {"task", "image_file_path"}),
                    .hash = text_at(*record, {"task", "base64_image_hash"})};
  files.blobs[1] = {.kind = BlobKind::kPly,
                    .path = text_at(*record, {"generation", "output", "ply_file_path"}),
                    .hash = text_at(*record, {"generation", "output", "ply_file_hash"})};
  files.blobs[2] = {.kind = BlobKind::kRejectedSample,
                    .path = text_at(*record, {"generation", "output", "rejected_sample_path"}),
                    .hash = text_at(*record, {"generation", "output", "rejected_sample_hash"})};
  return files;
}

}  // namespace assay::history

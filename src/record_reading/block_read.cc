#include "record_reading/block_read_internal.h"
#include "records/record_time.h"

#include <algorithm>
#include <array>
#include <utility>

namespace assay::record_reading {
namespace {

using json::FieldKind;
using json::LineVerdict;

constexpr std::array kSections = {
    records::RecordField::kMetadata,          records::RecordField::kTask,
    records::RecordField::kMinerConfig,       records::RecordField::kGeneration,
    records::RecordField::kValidatorFeedback, records::RecordField::kFailureAnalysis};

/// The paths by RecordField; empty where nobody needs the field.
std::array<std::string_view, records::kRecordFieldPaths.size()> needed_paths(
    const ReadOptions& options) {
  if (options.fields.empty()) return records::kRecordFieldPaths;
  std::array<std::string_view, records::kRecordFieldPaths.size()> paths{};
  const auto add = [&](records::RecordField field) {
    const auto index = static_cast<std::size_t>(field);
    paths[index] = records::kRecordFieldPaths[index];
  };
  add(records::RecordField::kGenerationId);
  add(records::RecordField::kTimestamp);
  std::ranges::for_each(kSections, add);
  std::ranges::for_each(options.fields, add);
  return paths;
}

}  // namespace

BlockRead::BlockRead(const ReadOptions& options, const LateFeedback& feedback, PassIds& ids,
                     const OnRecord& on_record, unsigned worker)
    : options_(&options),
      on_record_(&on_record),
      ids_(&ids),
      has_late_feedback_(!feedback.is_empty()),
      worker_(worker),
      scan_(needed_paths(options)),
      merge_(feedback) {}

Status BlockRead::read(const LineBlock& block, std::uint64_t ordinal) {
  counts_.num_too_long += block.num_too_long;
  Status status;
  const std::string_view text = block.text();
  Foreseen next = foresee(text);
  for_each_line(text, [&](std::string_view line) {
    if (!status) return;
    const auto at = static_cast<std::size_t>(line.data() - text.data());
    const std::size_t next_at = std::min(at + line.size() + 1, text.size());
    // While this line is read the memory for its id and for that of the next one comes near.
    const Foreseen foreseen = std::exchange(next, foresee(text.substr(next_at)));
    status = read_line(line, ordinal + at, foreseen);
  });
  return status;
}

BlockRead::Foreseen BlockRead::foresee(std::string_view rest) const {
  constexpr std::string_view kStart = R"({"metadata": {"generation_id": ")";
  if (rest.size() <= kStart.size() + kUuidLength || !rest.starts_with(kStart)) return {};
  const auto digest = digest_uuid(rest.substr(kStart.size(), kUuidLength));
  if (!digest) return {};
  const std::size_t hash = IdDigestHash()(*digest);
  ids_->seen.prepare_shard(hash);
  return {.raw = rest.data() + kStart.size() - 1, .digest = *digest, .hash = hash};
}

Status BlockRead::read_line(std::string_view line, std::uint64_t ordinal,
                            const Foreseen& foreseen) {
  if (foreseen.raw != nullptr) ids_->seen.prepare_slot(foreseen.hash);
  if (!count_verdict(scan_.scan(line))) return {};
  records::RecordView record{.fields = scan_.fields(), .line = line};
  const json::Field& id = record[records::RecordField::kGenerationId];
  if (id.kind == FieldKind::kText && !id.text.empty()) {
    const bool was_foreseen = id.raw.data() == foreseen.raw && id.raw.size() == kUuidLength + 2;
    const IdDigest digest = was_foreseen ? foreseen.digest : digest_id(id.text);
    const std::size_t hash = was_foreseen ? foreseen.hash : IdDigestHash()(digest);
    if (!is_the_one(digest, hash, ordinal)) {
      ++counts_.num_duplicate;
      return {};
    }
    if (has_late_feedback_) {
      merged_.assign(record.fields.begin(), record.fields.end());
      if (merge_.apply(digest, merged_)) ++counts_.num_late_feedback;
      record.fields = merged_;
    }
  }
  if (ids_->kind == PassKind::kLocate) return {};
  count_missing_sections();
  record.time = read_time();
  if (options_->since && (!record.time || *record.time < *options_->since)) {
    ++counts_.num_outside;
    return {};
  }
  ++counts_.num_records;
  return (*on_record_)(record, worker_, ordinal);
}

bool BlockRead::is_the_one(const IdDigest& digest, std::size_t hash, std::uint64_t ordinal) {
  if (ids_->kind == PassKind::kLocate) {
    ids_->contested->note_known(digest, ordinal);
    return false;
  }
  if (ids_->kind == PassKind::kLast) {
    const auto last = ids_->contested->find(digest);
    if (last) return *last == ordinal;
  }
  const bool is_new = ids_->seen.insert(digest, hash);
  if (!is_new) ids_->contested->note(digest, ordinal);
  return is_new;
}

bool BlockRead::count_verdict(LineVerdict verdict) {
  switch (verdict) {
    case LineVerdict::kRead:
      return true;
    case LineVerdict::kReadWithNan:
      ++counts_.num_nan;
      return true;
    case LineVerdict::kReadWithBigInteger:
      ++counts_.num_big_integer;
      return true;
    case LineVerdict::kReadWithSurrogate:
      ++counts_.num_lone_surrogate;
      return true;
    case LineVerdict::kBlank:
      ++counts_.num_blank;
      return false;
    case LineVerdict::kBadJson:
      ++counts_.num_bad_json;
      return false;
    case LineVerdict::kBadUtf8:
      ++counts_.num_bad_utf8;
      return false;
    case LineVerdict::kNoObject:
      ++counts_.num_no_object;
      return false;
    case LineVerdict::kTooLong:
      ++counts_.num_too_long;
      return false;
  }
  return false;
}

void BlockRead::count_missing_sections() {
  const records::RecordView record{.fields = scan_.fields(), .line = {}};
  const auto is_missing = [&](records::RecordField section) {
    return record[section].kind != FieldKind::kObject;
  };
  if (std::ranges::any_of(kSections, is_missing)) ++counts_.num_missing_section;
}

std::optional<Timestamp> BlockRead::read_time() {
  const records::RecordView record{.fields = scan_.fields(), .line = {}};
  const json::Field& text = record[records::RecordField::kTimestamp];
  const auto time = text.kind == FieldKind::kText ? records::parse_record_time(text.text)
                                                  : std::optional<records::RecordTime>();
  if (!time) {
    ++counts_.num_bad_timestamp;
    return std::nullopt;
  }
  if (!time->has_offset) ++counts_.num_no_offset;
  return time->instant;
}

}  // namespace assay::record_reading

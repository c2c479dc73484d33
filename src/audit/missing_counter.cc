#include "audit/image_rule.h"
#include "audit/json_payload.h"
#include "audit/missing_counter_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace assay::audit {

namespace {

std::size_t place_of(std::int32_t code) { return static_cast<std::size_t>(std::int64_t{code} + 1); }

// An address is looked at for half of all jobs, and nearly all begin with a plain letter.
bool is_address(std::string_view text) {
  const auto first = text.empty() ? 0U : static_cast<unsigned char>(text.front());
  return (first > 0x20 && first < 0x80) || !is_blank(text);
}

bool has_address(const tables::LeafColumn& uris, std::size_t row) {
  if (uris.kind != tables::LeafKind::kText) return false;
  const auto uri = uris.text(row);
  return uri && is_address(*uri);
}

ImageClaim claim_of(const PayloadImage& image) {
  if (image.has_image != true) return ImageClaim::kNone;
  return image.image_uri && is_address(*image.image_uri) ? ImageClaim::kWithAddress
                                                         : ImageClaim::kWithoutAddress;
}

}  // namespace

MissingCounter::MissingCounter(const MissingOptions& options,
                               const std::vector<tables::ScannedFile>& files)
    : options_(options),
      files_(files),
      miners_(options.depth == CountDepth::kMissing ? TallyTable::Depth::kMissing
                                                    : TallyTable::Depth::kTotals) {}

Status MissingCounter::add(tables::LeafBatch& batch) {
  if (batch.file() != file_ || batch.row_group() != row_group_) {
    file_ = batch.file();
    row_group_ = batch.row_group();
    knows_statuses_ = false;
    knows_hotkeys_ = false;
  }
  const std::size_t rows = batch.num_rows();
  if (missing_rows_.size() < rows) {
    missing_rows_.resize(rows);
    undecided_rows_.resize(rows);
    is_missing_.resize(rows);
    claims_.resize(rows);
  }
  is_json_ = files_[file_].leaves[missing_leaf::kPayload].kind == tables::LeafKind::kText &&
             options_.json_payload == JsonPayload::kParse;
  RETURN_IF_ERROR(is_json_ ? find_missing_in_json(batch) : find_missing(batch));
  num_jobs_ += rows;
  num_missing_ += num_missing_rows_;
  RETURN_IF_ERROR(count_missing(batch));
  if (options_.depth == CountDepth::kMissing) return {};
  RETURN_IF_ERROR(count_totals(batch));
  return options_.depth == CountDepth::kBreakdown ? count_groups(batch) : Status();
}

// has_image decides first; the addresses are decoded only in batches where it does not.
Status MissingCounter::find_missing(tables::LeafBatch& batch) {
  ASSIGN_OR_RETURN(const tables::LeafColumn* claims, batch.column(missing_leaf::kHasImage));
  const std::size_t rows = batch.num_rows();
  num_missing_rows_ = 0;
  num_undecided_ = 0;
  if (claims->kind != tables::LeafKind::kBoolean) {
    for (std::size_t row = 0; row < rows; ++row) {
      undecided_rows_[row] = static_cast<std::uint32_t>(row);
    }
    num_undecided_ = rows;
  } else {
    // Appending to both lists without a branch: the claims are as good as random.
    std::size_t num_missing = 0;
    std::size_t num_undecided = 0;
    const std::uint8_t* claim = claims->booleans.data();
    std::uint32_t* missing = missing_rows_.data();
    std::uint32_t* undecided = undecided_rows_.data();
    for (std::uint32_t row = 0; row < rows; ++row) {
      missing[num_missing] = row;
      num_missing += claim[row] == tables::LeafColumn::kFalse ? 1 : 0;
      undecided[num_undecided] = row;
      num_undecided += claim[row] == tables::LeafColumn::kNull ? 1 : 0;
    }
    num_missing_rows_ = num_missing;
    num_undecided_ = num_undecided;
  }
  return num_undecided_ > 0 ? find_undecided(batch) : Status();
}

Status MissingCounter::find_undecided(tables::LeafBatch& batch) {
  // With totals the addresses of all jobs are looked at.
  if (options_.depth != CountDepth::kMissing) {
    ASSIGN_OR_RETURN(const tables::LeafColumn* uris, batch.column(missing_leaf::kImageUri));
    for (std::size_t i = 0; i < num_undecided_; ++i) {
      missing_rows_[num_missing_rows_] = undecided_rows_[i];
      num_missing_rows_ += has_address(*uris, undecided_rows_[i]) ? 0 : 1;
    }
    return {};
  }
  ASSIGN_OR_RETURN(
      const tables::LeafColumn* uris,
      batch.column_at(missing_leaf::kImageUri, std::span(undecided_rows_).first(num_undecided_)));
  for (std::size_t i = 0; i < num_undecided_; ++i) {
    missing_rows_[num_missing_rows_] = undecided_rows_[i];
    num_missing_rows_ += has_address(*uris, i) ? 0 : 1;
  }
  return {};
}

Status MissingCounter::find_missing_in_json(tables::LeafBatch& batch) {
  ASSIGN_OR_RETURN(const tables::LeafColumn* payloads, batch.column(missing_leaf::kPayload));
  num_missing_rows_ = 0;
  for (std::size_t row = 0; row < batch.num_rows(); ++row) {
    const auto text = payloads->text(row);
    const PayloadImage image = text ? read_json_payload(*text) : PayloadImage();
    missing_rows_[num_missing_rows_] = static_cast<std::uint32_t>(row);
    num_missing_rows_ += has_image(image.has_image, image.image_uri) ? 0 : 1;
    claims_[row] = claim_of(image);
  }
  return {};
}

Status MissingCounter::count_missing(tables::LeafBatch& batch) {
  if (num_missing_rows_ == 0) return {};
  ASSIGN_OR_RETURN(statuses_, batch.column(missing_leaf::kStatus));
  ASSIGN_OR_RETURN(hotkeys_, batch.column(missing_leaf::kHotkey));
  use_statuses(*statuses_);
  use_hotkeys(*hotkeys_);
  for (std::size_t i = 0; i < num_missing_rows_; ++i) {
    const std::size_t row = missing_rows_[i];
    std::uint32_t entry = known_entry(row);
    if (entry == kNoEntry) {
      ASSIGN_OR_RETURN(entry, find_entry(batch, row));
    }
    miners_.add_missing(entry, status_in(row), batch.row_number(row));
  }
  return {};
}

Status MissingCounter::count_totals(tables::LeafBatch& batch) {
  ASSIGN_OR_RETURN(statuses_, batch.column(missing_leaf::kStatus));
  ASSIGN_OR_RETURN(hotkeys_, batch.column(missing_leaf::kHotkey));
  use_statuses(*statuses_);
  use_hotkeys(*hotkeys_);
  if (!is_json_) RETURN_IF_ERROR(find_claims(batch));
  for (std::size_t row = 0; row < batch.num_rows(); ++row) {
    ASSIGN_OR_RETURN(const std::uint32_t entry, entry_in(batch, row));
    const JobStatus status = status_in(row);
    miners_.add_job(entry, status);
    if (claims_[row] != ImageClaim::kNone) miners_.add_image_claim(entry, status);
    if (claims_[row] == ImageClaim::kWithoutAddress) {
      miners_.add_claim_without_address(entry, status);
    }
  }
  return {};
}

Status MissingCounter::find_claims(tables::LeafBatch& batch) {
  ASSIGN_OR_RETURN(const tables::LeafColumn* claims, batch.column(missing_leaf::kHasImage));
  ASSIGN_OR_RETURN(const tables::LeafColumn* uris, batch.column(missing_leaf::kImageUri));
  for (std::size_t row = 0; row < batch.num_rows(); ++row) {
    if (claims->boolean(row) != true) {
      claims_[row] = ImageClaim::kNone;
    } else {
      claims_[row] =
          has_address(*uris, row) ? ImageClaim::kWithAddress : ImageClaim::kWithoutAddress;
    }
  }
  return {};
}

Status MissingCounter::count_groups(tables::LeafBatch& batch) {
  ASSIGN_OR_RETURN(const tables::LeafColumn* times, batch.column(missing_leaf::kCreatedAt));
  ASSIGN_OR_RETURN(const tables::LeafColumn* models, batch.column(missing_leaf::kModel));
  std::ranges::fill(is_missing_, std::uint8_t{0});
  for (std::size_t i = 0; i < num_missing_rows_; ++i) is_missing_[missing_rows_[i]] = 1;
  for (std::size_t row = 0; row < batch.num_rows(); ++row) {
    const auto time = times->timestamp(row);
    const std::int64_t hour =
        time ? std::chrono::floor<std::chrono::hours>(*time).time_since_epoch().count() : kNoHour;
    const std::string_view model = models->text(row).value_or(kUnknownHotkey);
    auto found = models_.find(model);
    if (found == models_.end()) found = models_.emplace(std::string(model), GroupCount()).first;
    for (GroupCount* count : {&hours_[hour], &found->second}) {
      ++count->jobs;
      count->missing += is_missing_[row];
    }
  }
  return {};
}

void MissingCounter::use_statuses(const tables::LeafColumn& column) {
  if (knows_statuses_ || !column.has_dictionary) return;
  knows_statuses_ = true;
  status_of_code_.assign(column.dictionary.size() + 1, JobStatus::kOther);
  if (column.kind != tables::LeafKind::kText) return;
  for (std::size_t code = 0; code < column.dictionary.size(); ++code) {
    status_of_code_[code + 1] = parse_status(column.dictionary[code]);
  }
}

void MissingCounter::use_hotkeys(const tables::LeafColumn& column) {
  if (knows_hotkeys_ || !column.has_dictionary) return;
  knows_hotkeys_ = true;
  // The numbers of entries are found when a code is first met: few of a large dictionary may be.
  entry_of_code_.assign(column.dictionary.size() + 1, kNoEntry);
}

JobStatus MissingCounter::status_in(std::size_t row) const {
  if (statuses_->has_dictionary) return status_of_code_[place_of(statuses_->codes[row])];
  if (statuses_->kind != tables::LeafKind::kText) return JobStatus::kOther;
  const auto text = statuses_->text(row);
  return text ? parse_status(*text) : JobStatus::kOther;
}

std::uint32_t MissingCounter::known_entry(std::size_t row) const {
  return hotkeys_->has_dictionary ? entry_of_code_[place_of(hotkeys_->codes[row])] : kNoEntry;
}

Result<std::uint32_t> MissingCounter::entry_in(const tables::LeafBatch& batch, std::size_t row) {
  const std::uint32_t entry = known_entry(row);
  if (entry != kNoEntry) return entry;
  return find_entry(batch, row);
}

Result<std::uint32_t> MissingCounter::find_entry(const tables::LeafBatch& batch, std::size_t row) {
  const auto hotkey =
      hotkey_in(*hotkeys_, files_[file_].leaves[missing_leaf::kHotkey], row, scratch_);
  if (!hotkey) {
    return Error(hotkey.error())
        .within(fmt::format("{}: row {}: column {}", files_[file_].name, batch.row_in_file(row) + 1,
                            missing_leaf::kPaths[missing_leaf::kHotkey]));
  }
  const std::uint32_t entry = miners_.entry_of(*hotkey);
  if (hotkeys_->has_dictionary) entry_of_code_[place_of(hotkeys_->codes[row])] = entry;
  return entry;
}

void MissingCounter::merge(const MissingCounter& other) {
  num_jobs_ += other.num_jobs_;
  num_missing_ += other.num_missing_;
  miners_.merge(other.miners_);
  for (const auto& [hour, count] : other.hours_) {
    hours_[hour].jobs += count.jobs;
    hours_[hour].missing += count.missing;
  }
  for (const auto& [model, count] : other.models_) {
    models_[model].jobs += count.jobs;
    models_[model].missing += count.missing;
  }
}

}  // namespace assay::audit

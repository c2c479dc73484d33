#include "audit/evidence.h"

#include "audit/hotkey_column.h"
#include "audit/image_rule.h"
#include "audit/json_payload.h"
#include "core/check.h"
#include "core/timestamp.h"
#include "files/atomic_file.h"
#include "tables/csv.h"
#include "tables/leaf_scan.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace assay::audit {
namespace {

// Places in the list of leaves.
namespace evidence_leaf {
constexpr std::size_t kJobId = 0;
constexpr std::size_t kMiner = 1;
constexpr std::size_t kStatus = 2;
constexpr std::size_t kHasImage = 3;
constexpr std::size_t kImageUri = 4;
constexpr std::size_t kPayload = 5;
constexpr std::size_t kCreatedAt = 6;
constexpr std::array<std::string_view, 7> kPaths = {"job_id",
                                                    "miner_hotkey",
                                                    "status",
                                                    "response_payload.callback_metadata.has_image",
                                                    "response_payload.image_uri",
                                                    "response_payload",
                                                    "created_at"};
}  // namespace evidence_leaf

constexpr std::string_view kSuccessWithoutImage = "success_without_image";
constexpr std::string_view kWithoutAddress = "claim_without_address";
constexpr std::string_view kAbsentObject = "absent_object";

// Rows are handed to the file in parts of this size.
constexpr std::size_t kEvidencePartBytes = 1 << 20;

/// The columns of the batch in hand.
struct Columns {
  const tables::LeafColumn* job_ids = nullptr;
  const tables::LeafColumn* miners = nullptr;
  const tables::LeafColumn* statuses = nullptr;
  const tables::LeafColumn* has_image = nullptr;
  const tables::LeafColumn* uris = nullptr;
  const tables::LeafColumn* payloads = nullptr;
  const tables::LeafColumn* created = nullptr;
};

Result<Columns> columns_of(tables::LeafBatch& batch) {
  Columns columns;
  ASSIGN_OR_RETURN(columns.job_ids, batch.column(evidence_leaf::kJobId));
  ASSIGN_OR_RETURN(columns.miners, batch.column(evidence_leaf::kMiner));
  ASSIGN_OR_RETURN(columns.statuses, batch.column(evidence_leaf::kStatus));
  ASSIGN_OR_RETURN(columns.has_image, batch.column(evidence_leaf::kHasImage));
  ASSIGN_OR_RETURN(columns.uris, batch.column(evidence_leaf::kImageUri));
  ASSIGN_OR_RETURN(columns.created, batch.column(evidence_leaf::kCreatedAt));
  return columns;
}

class EvidenceWriter {
 public:
  EvidenceWriter(const tables::LeafScan& scan, const EvidenceOptions& options,
                 const Verification* verification, files::AtomicFile file)
      : scan_(scan), options_(options), verification_(verification), file_(std::move(file)) {
    constexpr std::array<std::string_view, 5> kHeader = {"job_id", "miner_hotkey", "time", "reason",
                                                         "verdict"};
    tables::append_csv_row(part_, kHeader);
  }

  Status read(tables::LeafBatch& batch) {
    ASSIGN_OR_RETURN(Columns columns, columns_of(batch));
    const bool is_json =
        options_.json_payload == JsonPayload::kParse &&
        scan_.files()[batch.file()].leaves[evidence_leaf::kPayload].kind == tables::LeafKind::kText;
    if (is_json) {
      ASSIGN_OR_RETURN(columns.payloads, batch.column(evidence_leaf::kPayload));
    }
    for (std::size_t row = 0; row < batch.num_rows(); ++row) {
      const std::string_view reason = reason_of(columns, row);
      if (!reason.empty()) RETURN_IF_ERROR(add(batch, columns, row, reason));
    }
    return {};
  }

  Result<EvidenceCounts> finish() {
    RETURN_IF_ERROR(file_.write(part_));
    RETURN_IF_ERROR(file_.commit());
    return counts_;
  }

 private:
  /// What speaks against the miner in this row; empty: nothing.
  std::string_view reason_of(const Columns& columns, std::size_t row) {
    std::optional<bool> claimed = columns.has_image->boolean(row);
    std::optional<std::string_view> uri;
    PayloadImage image;
    if (columns.payloads != nullptr) {
      const auto text = columns.payloads->text(row);
      if (text) image = read_json_payload(*text);
      claimed = image.has_image;
      if (image.image_uri) uri = *image.image_uri;
    } else if (columns.uris->kind == tables::LeafKind::kText) {
      uri = columns.uris->text(row);
    }
    if (claimed == true) {
      if (!uri || is_blank(*uri)) return kWithoutAddress;
      return is_absent(*uri, columns.payloads == nullptr) ? kAbsentObject : std::string_view();
    }
    if (audit::has_image(claimed, uri)) return {};
    const bool has_status = columns.statuses->kind == tables::LeafKind::kText;
    const auto status = has_status ? columns.statuses->text(row) : std::nullopt;
    return status && parse_status(*status) == JobStatus::kSuccess ? kSuccessWithoutImage
                                                                  : std::string_view();
  }

  // The claims of a verification stand in the order of the rows, so that one place is enough.
  bool is_absent(std::string_view uri, bool is_column) {
    if (verification_ == nullptr || !is_column || !claimed_address(uri, options_.rules))
      return false;
    const auto claims = verification_->claims.claims();
    if (next_claim_ >= claims.size()) return false;
    const Claim& claim = claims[next_claim_++];
    return verification_->verdicts[claim.object].presence == storage::Presence::kAbsent;
  }

  Status add(const tables::LeafBatch& batch, const Columns& columns, std::size_t row,
             std::string_view reason) {
    if (reason == kSuccessWithoutImage) ++counts_.success_missing;
    if (reason == kWithoutAddress) ++counts_.claims_without_address;
    if (reason == kAbsentObject) ++counts_.absent_objects;
    const tables::ScannedFile& file = scan_.files()[batch.file()];
    const auto name_cell = [&](std::size_t leaf, Error error) {
      return std::move(error).within(fmt::format("{}: row {}: column {}", file.name,
                                                 batch.row_in_file(row) + 1,
                                                 evidence_leaf::kPaths[leaf]));
    };
    auto miner = hotkey_in(*columns.miners, file.leaves[evidence_leaf::kMiner], row, miner_);
    if (!miner) return name_cell(evidence_leaf::kMiner, std::move(miner.error()));
    auto job = job_id_in(*columns.job_ids, file.leaves[evidence_leaf::kJobId], row);
    if (!job) return name_cell(evidence_leaf::kJobId, std::move(job.error()));
    const auto created = columns.created->timestamp(row);
    const std::string time = created ? to_rfc3339(*created) : std::string();
    const std::array<std::string_view, 5> fields = {*job, *miner, time, reason,
                                                    reason == kAbsentObject ? "absent" : ""};
    tables::append_csv_row(part_, fields);
    if (part_.size() < kEvidencePartBytes) return {};
    RETURN_IF_ERROR(file_.write(part_));
    part_.clear();
    return {};
  }

  // Read as a hotkey is, but none is nothing.
  Result<std::string_view> job_id_in(const tables::LeafColumn& column, const tables::LeafInfo& info,
                                     std::size_t row) {
    if (!column.text(row) && !column.integer(row)) return std::string_view();
    return hotkey_in(column, info, row, job_id_);
  }

  const tables::LeafScan& scan_;
  const EvidenceOptions& options_;
  const Verification* verification_;
  files::AtomicFile file_;
  std::string part_;
  std::string miner_;
  std::string job_id_;
  std::size_t next_claim_ = 0;
  EvidenceCounts counts_;
};

}  // namespace

Result<EvidenceCounts> write_evidence(const tables::DatasetSources& sources,
                                      std::vector<tables::DatasetFile> files,
                                      const EvidenceOptions& options,
                                      const Verification* verification,
                                      const std::filesystem::path& output,
                                      const std::stop_token& stop) {
  tables::LeafScanOptions scan_options{.num_workers = 1, .time = options.time};
  scan_options.leaves.assign(evidence_leaf::kPaths.begin(), evidence_leaf::kPaths.end());
  ASSIGN_OR_RETURN(tables::LeafScan scan, tables::LeafScan::open(sources, std::move(files),
                                                                 std::move(scan_options), stop));
  ASSIGN_OR_RETURN(files::AtomicFile file, files::AtomicFile::create(*sources.file_system, output));
  EvidenceWriter writer(scan, options, verification, std::move(file));
  RETURN_IF_ERROR(
      scan.run([&](std::size_t, tables::LeafBatch& batch) { return writer.read(batch); }, stop));
  return writer.finish();
}

}  // namespace assay::audit

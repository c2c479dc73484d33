#include "audit/claims.h"

#include "audit/hotkey_column.h"
#include "core/hex.h"
#include "core/utf8.h"
#include "crypto/digest.h"
#include "crypto/hmac.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <utility>

namespace assay::audit {
namespace {

// Places in the list of leaves.
namespace claim_leaf {
constexpr std::size_t kJobId = 0;
constexpr std::size_t kMiner = 1;
constexpr std::size_t kHasImage = 2;
constexpr std::size_t kImageUri = 3;
constexpr std::size_t kCreatedAt = 4;
constexpr std::array<std::string_view, 5> kPaths = {"job_id", "miner_hotkey",
                                                    "response_payload.callback_metadata.has_image",
                                                    "response_payload.image_uri", "created_at"};
}  // namespace claim_leaf

// Text of many claims lies in one block: a string of its own each would cost more than the text.
constexpr std::size_t kBlockBytes = 1 << 20;

bool has_text_form(tables::LeafKind kind) {
  return kind == tables::LeafKind::kAbsent || kind == tables::LeafKind::kText ||
         kind == tables::LeafKind::kBinary || kind == tables::LeafKind::kInteger;
}

Status check_types(const std::vector<tables::ScannedFile>& files) {
  for (const tables::ScannedFile& file : files) {
    for (const std::size_t leaf : {claim_leaf::kJobId, claim_leaf::kMiner}) {
      const tables::LeafInfo& info = file.leaves[leaf];
      if (has_text_form(info.kind)) continue;
      return invalid_input(fmt::format(
          "{}: column {} is of type {}; text, binary or integer is needed", file.name,
          claim_leaf::kPaths[leaf], info.type.empty() ? tables::to_string(info.kind) : info.type));
    }
  }
  return {};
}

class ClaimReader {
 public:
  ClaimReader(const tables::LeafScan& scan, const ClaimOptions& options)
      : scan_(scan), options_(options) {
    if (!options.hash_key.empty()) mac_.emplace(options.hash_key);
  }

  Status read(tables::LeafBatch& batch) {
    num_rows_ += batch.num_rows();
    ASSIGN_OR_RETURN(const tables::LeafColumn* has_image, batch.column(claim_leaf::kHasImage));
    if (has_image->kind != tables::LeafKind::kBoolean) return {};
    const tables::LeafColumn* uris = nullptr;
    for (std::size_t row = 0; row < batch.num_rows(); ++row) {
      if (has_image->booleans[row] != tables::LeafColumn::kTrue) continue;
      if (uris == nullptr) {
        ASSIGN_OR_RETURN(uris, batch.column(claim_leaf::kImageUri));
        if (uris->kind != tables::LeafKind::kText) return {};
        ASSIGN_OR_RETURN(job_ids_, batch.column(claim_leaf::kJobId));
        ASSIGN_OR_RETURN(miners_, batch.column(claim_leaf::kMiner));
        ASSIGN_OR_RETURN(created_, batch.column(claim_leaf::kCreatedAt));
      }
      const auto uri = uris->text(row);
      if (!uri) continue;
      const auto address = claimed_address(*uri, options_.rules);
      if (!address) continue;
      RETURN_IF_ERROR(add(batch, row, *uri, *address));
    }
    return {};
  }

  ClaimTable take() {
    table_.set_num_jobs(num_rows_);
    return std::move(table_);
  }

 private:
  Status add(const tables::LeafBatch& batch, std::size_t row, std::string_view uri,
             const ClaimedAddress& address) {
    if (table_.claims().size() == std::numeric_limits<std::uint32_t>::max()) {
      return exhausted("more than 4 billion claims: verify the export in parts");
    }
    ASSIGN_OR_RETURN(const std::string_view job_id,
                     cell(batch, claim_leaf::kJobId, *job_ids_, row, job_id_));
    ASSIGN_OR_RETURN(const std::string_view miner,
                     cell(batch, claim_leaf::kMiner, *miners_, row, miner_));
    const Sha256 uri_hash = mac_ ? mac_->code(uri) : crypto::sha256(uri);
    table_.add(address, job_id, miner, uri_hash, created_->timestamp(row));
    return {};
  }

  // The cell as text: binary that is not UTF-8 as hexadecimal digits, null as nothing.
  Result<std::string_view> cell(const tables::LeafBatch& batch, std::size_t leaf,
                                const tables::LeafColumn& column, std::size_t row,
                                std::string& scratch) {
    if (column.kind == tables::LeafKind::kInteger) {
      const auto value = column.integer(row);
      if (!value) return std::string_view{};
      const bool is_unsigned = scan_.files()[batch.file()].leaves[leaf].is_unsigned;
      scratch = is_unsigned ? fmt::format("{}", static_cast<std::uint64_t>(*value))
                            : fmt::format("{}", *value);
      return std::string_view(scratch);
    }
    const auto text = column.text(row);
    if (!text) return std::string_view{};
    if (is_utf8(*text)) return *text;
    if (column.kind == tables::LeafKind::kBinary) {
      scratch = to_hex(as_bytes(*text));
      return std::string_view(scratch);
    }
    return invalid_input(fmt::format("{}: row {}: column {} is not UTF-8",
                                     scan_.files()[batch.file()].name, batch.row_in_file(row) + 1,
                                     claim_leaf::kPaths[leaf]));
  }

  const tables::LeafScan& scan_;
  const ClaimOptions& options_;
  std::optional<crypto::HmacSha256> mac_;
  ClaimTable table_;
  std::uint64_t num_rows_ = 0;
  // Of the batch in hand.
  const tables::LeafColumn* job_ids_ = nullptr;
  const tables::LeafColumn* miners_ = nullptr;
  const tables::LeafColumn* created_ = nullptr;
  std::string job_id_;
  std::string miner_;
};

}  // namespace

std::size_t ClaimTable::AddressHash::operator()(const storage::ObjectAddress& address) const {
  const std::hash<std::string_view> hash;
  return hash(address.name) ^ (hash(address.bucket) * 31) ^
         static_cast<std::size_t>(address.scheme);
}

bool ClaimTable::AddressEqual::operator()(const storage::ObjectAddress& left,
                                          const storage::ObjectAddress& right) const {
  return left.scheme == right.scheme && left.bucket == right.bucket && left.name == right.name;
}

std::string_view ClaimTable::keep(std::string_view text) {
  if (text.empty()) return {};
  if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < text.size()) {
    blocks_.emplace_back().reserve(std::max(kBlockBytes, text.size()));
  }
  std::string& block = blocks_.back();
  const std::size_t start = block.size();
  block.append(text);
  return std::string_view(block).substr(start);
}

std::string_view ClaimTable::keep_miner(std::string_view miner) {
  if (const auto found = miners_.find(miner); found != miners_.end()) return found->second;
  const std::string_view kept = keep(miner);
  miners_.emplace(kept, kept);
  return kept;
}

void ClaimTable::add(const ClaimedAddress& address, std::string_view job_id, std::string_view miner,
                     const Sha256& uri_hash, std::optional<Timestamp> job_created) {
  std::uint32_t object = 0;
  if (const auto found = by_address_.find(address.view()); found != by_address_.end()) {
    object = found->second;
  } else {
    object = static_cast<std::uint32_t>(objects_.size());
    auto bucket = buckets_.find(address.bucket);
    if (bucket == buckets_.end()) {
      const std::string_view kept = keep(address.bucket);
      bucket = buckets_.emplace(kept, kept).first;
    }
    objects_.push_back({address.scheme, bucket->second, keep(address.name)});
    by_address_.emplace(objects_.back(), object);
  }
  claims_.push_back({.object = object,
                     .job_id = keep(job_id),
                     .miner = keep_miner(miner),
                     .uri_hash = uri_hash,
                     .job_created = job_created});
}

Result<ClaimTable> read_claims(const tables::DatasetSources& sources,
                               std::vector<tables::DatasetFile> files, const ClaimOptions& options,
                               const std::stop_token& stop) {
  tables::LeafScanOptions scan_options{
      .num_workers = 1, .max_rows = options.max_rows, .time = options.time};
  scan_options.leaves.assign(claim_leaf::kPaths.begin(), claim_leaf::kPaths.end());
  ASSIGN_OR_RETURN(tables::LeafScan scan, tables::LeafScan::open(sources, std::move(files),
                                                                 std::move(scan_options), stop));
  RETURN_IF_ERROR(check_types(scan.files()));
  ClaimReader reader(scan, options);
  RETURN_IF_ERROR(
      scan.run([&](std::size_t, tables::LeafBatch& batch) { return reader.read(batch); }, stop));
  return reader.take();
}

}  // namespace assay::audit

/// \file
/// What the jobs of an export claim: which job, of which miner, says that which object is its
/// image.

#pragma once

#include "audit/object_address_text.h"
#include "core/result.h"
#include "core/sha256.h"
#include "core/timestamp.h"
#include "storage/object_address.h"
#include "tables/dataset.h"
#include "tables/leaf_scan.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace assay::audit {

/// One claim. Lifetime: the text is the ClaimTable's.
struct Claim {
  std::uint32_t object = 0;  ///< Index into ClaimTable::objects().
  std::string_view job_id;   ///< Empty when null.
  std::string_view miner;    ///< Empty when null.
  Sha256 uri_hash;           ///< Of the image_uri as it stands in the file.
  std::optional<Timestamp> job_created;
};

/// Claims in the order of the export, and the objects they name, each once.
/// Threads: one thread at a time.
class ClaimTable {
 public:
  ClaimTable() = default;
  ClaimTable(ClaimTable&&) noexcept = default;
  ClaimTable& operator=(ClaimTable&&) noexcept = default;

  std::span<const Claim> claims() const { return claims_; }
  std::span<const storage::ObjectAddress> objects() const { return objects_; }
  /// Rows of the export, claims or not.
  std::uint64_t num_jobs() const { return num_jobs_; }
  void set_num_jobs(std::uint64_t num_jobs) { num_jobs_ = num_jobs; }

  void add(const ClaimedAddress& address, std::string_view job_id, std::string_view miner,
           const Sha256& uri_hash, std::optional<Timestamp> job_created);

 private:
  struct AddressHash {
    std::size_t operator()(const storage::ObjectAddress& address) const;
  };
  struct AddressEqual {
    bool operator()(const storage::ObjectAddress& left, const storage::ObjectAddress& right) const;
  };

  /// A copy of the text that stays where it is.
  std::string_view keep(std::string_view text);
  std::string_view keep_miner(std::string_view miner);

  std::deque<std::string> blocks_;
  std::vector<Claim> claims_;
  std::vector<storage::ObjectAddress> objects_;
  std::unordered_map<storage::ObjectAddress, std::uint32_t, AddressHash, AddressEqual> by_address_;
  std::unordered_map<std::string_view, std::string_view> miners_;
  std::unordered_map<std::string_view, std::string_view> buckets_;
  std::uint64_t num_jobs_ = 0;
};

struct ClaimOptions {
  ClaimRules rules = {};
  /// The first rows of the export only: rows, not claims.
  std::optional<std::uint64_t> max_rows = std::nullopt;
  tables::TimeFilter time = {};
  /// Makes uri_hash an HMAC-SHA-256 under this key; empty: a plain SHA-256.
  std::string_view hash_key = {};
};

/// Read the claims: the rows whose has_image is true and whose image_uri names an object.
///
/// Reads job_id, miner_hotkey, response_payload.callback_metadata.has_image,
/// response_payload.image_uri and created_at; a column that is absent is null everywhere.
///
/// Errors: kInvalidInput (a job_id or hotkey that has no text form, or is not UTF-8: names
///         file, row and column), kExhausted (over 4 billion claims), and those of
///         tables::LeafScan.
Result<ClaimTable> read_claims(const tables::DatasetSources& sources,
                               std::vector<tables::DatasetFile> files, const ClaimOptions& options,
                               const std::stop_token& stop);

}  // namespace assay::audit

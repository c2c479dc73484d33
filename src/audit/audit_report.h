/// \file
/// What one run of the audit found: the facts of audit.html and audit.json.

#pragma once

#include "core/result.h"
#include "core/timestamp.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::audit {

/// Everything a reader may see. It has no place for a bucket, an object, an address or a path, so
/// none can be shown. Its text form is docs/formats/audit-json.md.
struct AuditReport {
  struct Inputs {
    std::uint64_t files = 0;
    std::uint64_t rows = 0;
    /// The time between the first and the last job, where the export has times.
    std::optional<Timestamp> first = {};
    std::optional<Timestamp> last = {};
    bool operator==(const Inputs&) const = default;
  };

  struct Options {
    double success_ratio = 0.5;      ///< The ratio rule: at least this share ...
    std::uint64_t min_missing = 50;  ///< ... of at least so many missing jobs.
    double tolerated_rate = 0.03;    ///< The exact test: the share put down to accidents.
    double false_discovery_rate = 0.01;
    std::optional<Timestamp> since = {};      ///< Jobs before it were left out.
    std::optional<Timestamp> until = {};      ///< Jobs from it on were left out.
    std::optional<std::uint64_t> limit = {};  ///< Only so many first rows were verified.
    bool operator==(const Options&) const = default;
  };

  struct Totals {
    std::uint64_t jobs = 0;
    std::uint64_t with_image = 0;
    std::uint64_t missing = 0;
    std::uint64_t success_claims = 0;
    std::uint64_t claims_without_address = 0;
    std::uint64_t absent_objects = 0;
    bool operator==(const Totals&) const = default;
  };

  /// Claimed objects, each counted once however many jobs claim it.
  struct Verdicts {
    std::uint64_t present = 0;
    std::uint64_t absent = 0;
    std::uint64_t denied = 0;
    std::uint64_t unknown = 0;
    std::uint64_t not_asked = 0;
    bool operator==(const Verdicts&) const = default;
  };

  /// Claims of objects that are there, but tell of something odd. One claim may be counted in each.
  struct Details {
    std::uint64_t zero_bytes = 0;        ///< The object is empty.
    std::uint64_t older_than_job = 0;    ///< The object was there before the job.
    std::uint64_t shared_by_miners = 0;  ///< The object is claimed by several miners.
    bool operator==(const Details&) const = default;
  };

  /// Missing jobs by what the job says of itself.
  struct MissingByStatus {
    std::uint64_t success = 0;
    std::uint64_t failed = 0;
    std::uint64_t pending = 0;
    std::uint64_t other = 0;
    bool operator==(const MissingByStatus&) const = default;
  };

  /// The exact test of one miner's claims. Units: rates and p-values in [0, 1].
  struct ClaimsTest {
    std::uint64_t claims = 0;
    std::uint64_t without_image = 0;
    double rate = 0;
    double lower = 0;  ///< Of the 95 % interval of the rate.
    double upper = 0;
    double p_value = 1;
    double p_adjusted = 1;
    bool suspect = false;
    bool operator==(const ClaimsTest&) const = default;
  };

  struct Miner {
    std::string hotkey = {};
    std::uint64_t jobs = 0;
    std::uint64_t missing = 0;
    MissingByStatus missing_by_status = {};
    std::uint64_t success_claims = 0;
    std::uint64_t claims_without_address = 0;
    std::uint64_t absent_objects = 0;
    double ratio = 0;  ///< Successes among the missing jobs.
    bool ratio_suspect = false;
    /// Nothing where the miner was not tested.
    std::optional<ClaimsTest> claims_test = {};
    bool operator==(const Miner&) const = default;

    bool claims_suspect() const { return claims_test && claims_test->suspect; }
  };

  struct Hour {
    Timestamp start = {};
    std::uint64_t jobs = 0;
    std::uint64_t missing = 0;
    bool operator==(const Hour&) const = default;
  };

  /// The jobs of one model, or of one status.
  struct Group {
    std::string name = {};
    std::uint64_t jobs = 0;
    std::uint64_t missing = 0;
    bool operator==(const Group&) const = default;
  };

  struct NotChecked {
    std::string reason = {};  ///< A sentence for the reader, without its count.
    std::uint64_t count = 0;
    bool operator==(const NotChecked&) const = default;
  };

  std::string version = {};
  Timestamp created_at = {};
  Inputs inputs = {};
  Options options = {};
  Totals totals = {};
  std::optional<Verdicts> verdicts = {};  ///< Nothing when the store was not asked.
  std::optional<Details> details = {};    ///< Nothing when they were not asked for.
  std::vector<Miner> miners = {};
  std::vector<Hour> by_hour = {};
  std::vector<Group> by_model = {};
  std::vector<Group> by_status = {};
  std::vector<NotChecked> not_checked = {};

  bool operator==(const AuditReport&) const = default;
};

/// The report as JSON text, with a line end after it. The same report gives the same bytes.
std::string to_json(const AuditReport& audit);

/// Read what to_json() writes. Members this program does not know are ignored.
/// Errors: kCorrupt (not JSON), kExhausted (over the JSON limits), kInvalidInput (another kind of
///         file, a newer format, or a member absent or of the wrong kind; names the member).
Result<AuditReport> parse_audit_report(std::string_view json);

}  // namespace assay::audit

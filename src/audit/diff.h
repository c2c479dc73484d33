/// \file
/// What changed between two runs of the audit.

#pragma once

#include "audit/audit_report.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace assay::audit {

/// A figure before and now.
struct Change {
  std::uint64_t before = 0;
  std::uint64_t now = 0;
  bool operator==(const Change&) const = default;

  bool has_changed() const { return before != now; }
  /// Now less before, at most what 64 bits with sign can hold.
  std::int64_t difference() const;
};

/// The difference between an old and a new report.
/// Order: names by their bytes; miners by the size of their change.
struct AuditDiff {
  struct Total {
    std::string name = {};  ///< As audit.json calls it.
    Change change = {};
    bool operator==(const Total&) const = default;
  };

  /// The suspects of one rule.
  struct Suspects {
    std::vector<std::string> added = {};    ///< Suspect now and not before.
    std::vector<std::string> cleared = {};  ///< Suspect before; still there, and no longer suspect.
    std::vector<std::string> gone = {};     ///< Suspect before, and not in the new report.
    std::vector<std::string> still = {};    ///< Suspect before and now.
    bool operator==(const Suspects&) const = default;

    bool has_changes() const { return !added.empty() || !cleared.empty() || !gone.empty(); }
  };

  /// A miner of both reports whose figures differ.
  struct Miner {
    std::string hotkey = {};
    Change jobs = {};
    Change missing = {};
    Change success_missing = {};
    /// Success claims without an image; 0 where the miner was not tested.
    Change claims_without_image = {};
    bool operator==(const Miner&) const = default;
  };

  std::vector<Total> totals = {};  ///< All of them, also those that stayed.
  std::vector<std::string> appeared = {};
  std::vector<std::string> gone = {};
  Suspects by_ratio = {};
  Suspects by_claims = {};
  std::vector<Miner> miners = {};
  /// Whether the options that decide who is suspect differ: then a change may be theirs.
  bool options_differ = false;

  /// Whether anything but the time of the run differs.
  bool has_changes() const;
};

/// Compare two reports. Of a hotkey that stands twice in one report the last counts.
AuditDiff diff_reports(const AuditReport& before, const AuditReport& now);

struct DiffTextOptions {
  /// Rows of the table of miners, and names in one list; what is left out is counted.
  std::size_t max_rows = 20;
};

/// The difference for a terminal: no control character of a hotkey reaches it.
std::string to_text(const AuditDiff& diff, const DiffTextOptions& options = {});

/// The whole difference as JSON text, with a line end after it.
std::string to_json(const AuditDiff& diff);

}  // namespace assay::audit

/// \file
/// Fuzzes records of the ledger of generation jobs: what is taken is written back the same, and any
/// facts in any order leave a table that agrees with itself.

#include "core/bytes.h"
#include "core/check.h"
#include "fuzz_target.h"
#include "jobs/job_counts.h"
#include "jobs/job_event.h"
#include "jobs/job_table.h"

#include <cstddef>
#include <cstdint>
#include <string>

FUZZ_TARGET(job_event) {
  namespace jobs = assay::jobs;
  const std::string record(reinterpret_cast<const char*>(data), size);
  const auto events = jobs::decode_events(assay::as_bytes(record));
  if (!events) return 0;
  const std::string again = jobs::encode_events(*events);
  const auto reread = jobs::decode_events(assay::as_bytes(again));
  CHECK(reread && jobs::encode_events(*reread) == again, "what is written reads back");
  jobs::JobTable table;
  for (const jobs::JobEvent& event : *events) table.apply(event, 1);
  jobs::JobCounter counter;
  table.for_each([&](const jobs::Job& job) { counter.add(job); });
  const jobs::JobCounts& counts = counter.total();
  CHECK(counts.sent == table.size(), "each job is counted");
  CHECK(counts.open == table.open_jobs().size(), "open jobs are open");
  CHECK(counts.sent == counts.open + counts.refused + counts.unanswered + counts.interrupted +
                           counts.completed + counts.failed + counts.timed_out,
        "each job has one state");
  CHECK(counts.claimed == counts.verified + counts.missing + counts.worthless + counts.unchecked,
        "each claim has one verdict");
  CHECK(counts.unchecked >= table.unchecked_jobs(table.size()).size(), "unchecked claims");
  table.forget_before(assay::Timestamp::max());
  CHECK(table.size() == counts.open, "open jobs are not forgotten");
  return 0;
}

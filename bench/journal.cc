/// \file
/// What a group journal costs beside the disk under it: one caller and 64, against the bare write
/// and fdatasync of the same bytes. The disk's speed moves from second to second, so the parts take
/// turns, round by round, and a round's figures are compared with each other only.
///
///     bench_journal FOLDER [ROUNDS] [SECONDS]
///
/// Prints one JSON object: medians over the rounds, and the rounds.

#include "core/bytes.h"
#include "core/check.h"
#include "files/file_system.h"
#include "files/group_journal.h"
#include "latency.h"
#include "many_callers.h"
#include "shared_sync.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using assay::bench::call_from_many;
using assay::bench::figures_of;
using assay::bench::kNumCallers;
using assay::bench::now_us;
using assay::files::Durability;
using assay::files::GroupJournal;
using Figures = assay::bench::LatencyFigures;

constexpr std::size_t kRecordSize = 1'900;
constexpr std::size_t kWrittenSize = kRecordSize + 24;  // with the prefix and a mark

assay::Result<std::unique_ptr<GroupJournal>> open_journal(const fs::path& path,
                                                          Durability durability) {
  return GroupJournal::open(
      assay::files::posix_file_system(), path, {.durability = durability},
      [](std::uint64_t, std::span<const std::byte>) { return assay::Status(); });
}

struct Pair {
  Figures bare;
  Figures one_caller;
};

/// Write and fdatasync with nothing around it, and one caller of a journal, in turns call by call:
/// both meet the same disk and the same neighbours.
Pair measure_one_caller(const fs::path& folder, double duration_us) {
  auto file =
      assay::files::posix_file_system().open(folder / "bare", assay::files::OpenMode::kCreateNew);
  CHECK(file.has_value(), "the folder can be written");
  Pair pair;
  {
    auto journal = open_journal(folder / "journal", Durability::kAlways);
    CHECK(journal.has_value(), "the folder can be written");
    const std::string record(kRecordSize, 'x');
    const std::string written(kWrittenSize, 'x');
    std::vector<double> bare_us;
    std::vector<double> journal_us;
    double bare_total_us = 0;
    double journal_total_us = 0;
    const double start = now_us();
    for (double before = start; before - start < duration_us;) {
      CHECK((*file)->append(assay::as_bytes(written)).has_value(), "there is space");
      CHECK((*file)->sync().has_value(), "the disk works");
      const double between = now_us();
      CHECK((*journal)->append(assay::as_bytes(record)).has_value(), "there is space");
      const double after = now_us();
      bare_us.push_back(between - before);
      journal_us.push_back(after - between);
      bare_total_us += between - before;
      journal_total_us += after - between;
      before = after;
    }
    const std::size_t num_syncs = bare_us.size();
    pair.bare = figures_of(std::move(bare_us), bare_total_us, num_syncs);
    pair.one_caller =
        figures_of(std::move(journal_us), journal_total_us, (*journal)->counts().num_syncs);
  }
  fs::remove(folder / "bare");
  fs::remove_all(folder / "journal");
  return pair;
}

Figures measure_many_callers(const fs::path& folder, double duration_us, Durability durability) {
  const fs::path path = folder / "journal";
  Figures figures;
  {
    auto journal = open_journal(path, durability);
    CHECK(journal.has_value(), "the folder can be written");
    const std::string record(kRecordSize, 'x');
    auto calls = call_from_many(kNumCallers, duration_us, [&](std::size_t, std::size_t) {
      CHECK((*journal)->append(assay::as_bytes(record)).has_value(), "there is space");
    });
    figures = std::move(calls).figures((*journal)->counts().num_syncs);
  }
  fs::remove_all(path);
  return figures;
}

enum class Disk : std::uint8_t { kWritten, kLeftAlone };

/// What limits every journal for callers that wait: see SharedSync.
Figures measure_shared_sync(const fs::path& folder, double duration_us, Disk disk) {
  auto file =
      assay::files::posix_file_system().open(folder / "shared", assay::files::OpenMode::kCreateNew);
  CHECK(file.has_value(), "the folder can be written");
  assay::bench::SharedSync shared(kNumCallers, disk == Disk::kWritten ? file->get() : nullptr,
                                  kWrittenSize);
  const double start = now_us();
  auto calls = call_from_many(kNumCallers, duration_us, [&](std::size_t, std::size_t) {
    shared.call();
    if (now_us() - start >= duration_us) shared.end();
  });
  fs::remove(folder / "shared");
  return std::move(calls).figures(shared.num_syncs());
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::string json_of(const Figures& figures) {
  return fmt::format(
      R"({{"calls_per_s": {:.0f}, "p50_us": {:.0f}, "p99_us": {:.0f}, "max_us": {:.0f}, )"
      R"("syncs_per_s": {:.0f}, "cpu_us_per_call": {:.2f}}})",
      figures.calls_per_s, figures.p50_us, figures.p99_us, figures.max_us, figures.syncs_per_s,
      figures.cpu_us_per_call);
}

struct Round {
  Figures bare;
  Figures one_caller;
  Figures many_callers;
  Figures many_unsynced;
  Figures many_shared;
  Figures many_woken;

  /// What 64 callers could reach at most: all of them in each sync, or what the journal does
  /// without any sync.
  double limit() const {
    return std::min(double{kNumCallers} * 1e6 / bare.p50_us, many_unsynced.calls_per_s);
  }
  double share_of_limit() const { return many_callers.calls_per_s / limit(); }
  double share_of_shared() const { return many_callers.calls_per_s / many_shared.calls_per_s; }
  double p99_ratio() const { return one_caller.p99_us / bare.p99_us; }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: bench_journal FOLDER [ROUNDS] [SECONDS]\n", stderr);
    return 2;
  }
  const fs::path folder = fs::path(argv[1]) / "bench-journal";
  const auto num_rounds = argc > 2 ? std::stoul(argv[2]) : 7UL;
  const double duration_us = 1e6 * (argc > 3 ? std::stod(argv[3]) : 1.0);
  fs::create_directories(folder);
  std::vector<Round> rounds(num_rounds);
  for (Round& round : rounds) {
    const Pair pair = measure_one_caller(folder, 2 * duration_us);
    round.bare = pair.bare;
    round.one_caller = pair.one_caller;
    round.many_unsynced = measure_many_callers(folder, duration_us, Durability::kNone);
    round.many_woken = measure_shared_sync(folder, duration_us, Disk::kLeftAlone);
    round.many_shared = measure_shared_sync(folder, duration_us, Disk::kWritten);
    round.many_callers = measure_many_callers(folder, duration_us, Durability::kAlways);
  }
  fs::remove_all(folder);
  std::vector<double> shares;
  std::vector<double> shared;
  std::vector<double> ratios;
  std::string lines;
  for (const Round& round : rounds) {
    shares.push_back(round.share_of_limit());
    shared.push_back(round.share_of_shared());
    ratios.push_back(round.p99_ratio());
    lines += fmt::format(
        "{}\n  {{\"bare\": {},\n   \"one_caller\": {},\n   \"many_unsynced\": {},\n   "
        "\"many_woken\": {},\n   \"many_shared\": {},\n   "
        "\"many_callers\": {},\n   \"limit_by_latency_per_s\": {:.0f}, "
        "\"share_of_limit\": {:.3f}, \"share_of_shared\": {:.3f}, \"p99_ratio\": {:.3f}}}",
        lines.empty() ? "" : ",", json_of(round.bare), json_of(round.one_caller),
        json_of(round.many_unsynced), json_of(round.many_woken), json_of(round.many_shared),
        json_of(round.many_callers), double{kNumCallers} * 1e6 / round.bare.p50_us,
        round.share_of_limit(), round.share_of_shared(), round.p99_ratio());
  }
  fmt::print(
      "{{\"share_of_limit\": {:.3f}, \"share_of_shared\": {:.3f}, \"p99_ratio\": {:.3f}, "
      "\"rounds\": [{}]}}\n",
      median(shares), median(shared), median(ratios), lines);
  return 0;
}

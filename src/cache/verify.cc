#include "cache/verify.h"

#include "cache/publish.h"
#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

namespace assay::cache {
namespace {

constexpr std::size_t kMaxFindings = 1000;

class Verification {
 public:
  explicit Verification(Store& store) : store_(store) {}

  /// Errors of all: as verify().
  Status check_images(const OnVerifyProgress& on_progress, const std::stop_token& stop);
  /// Pre of both: the caller has the turn to write. What another writer is about to name, to move
  /// or to remove would look like half an item.
  Status check_absent();
  Status check_folders();
  VerifyReport take() {
    std::ranges::sort(report_.findings, {}, &VerifiedFile::path);
    return std::move(report_);
  }

 private:
  void check(const Item& item);
  void note(VerifyFinding finding, ItemFolder folder, std::string_view name, std::string detail);

  Store& store_;
  std::mutex mutex_;  // guards what follows
  VerifyReport report_;
  std::vector<std::pair<Item, std::string>> absent_;  // with what the system said
};

void Verification::note(VerifyFinding finding, ItemFolder folder, std::string_view name,
                        std::string detail) {
  ++report_.counts[static_cast<std::size_t>(finding)];
  if (report_.findings.size() >= kMaxFindings) return;
  report_.findings.push_back({.finding = finding,
                              .path = fmt::format("{}/{}", path_of(folder), name),
                              .detail = std::move(detail)});
}

void Verification::check(const Item& item) {
  auto bytes = files::read_file(store_.tools().file_system, store_.path_of(item),
                                store_.options().limits.max_size_bytes);
  const bool is_same = bytes && item.facts && crypto::sha256(*bytes) == item.facts->content;
  const std::scoped_lock lock(mutex_);
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) {
    absent_.emplace_back(item, std::move(bytes.error().message));
    return;
  }
  ++report_.num_checked;
  if (bytes) report_.bytes_checked += ByteCount(bytes->size());
  if (!bytes) {
    note(VerifyFinding::kUnreadable, item.folder, item.name, std::move(bytes.error().message));
  } else if (!item.facts) {
    note(VerifyFinding::kBroken, item.folder, item.name, item.problem);
  } else if (!is_same) {
    note(VerifyFinding::kChanged, item.folder, item.name,
         "its SHA-256 is not " + item.facts->content.to_hex());
  }
}

Status Verification::check_images(const OnVerifyProgress& on_progress,
                                  const std::stop_token& stop) {
  std::vector<Item> items;
  RETURN_IF_ERROR(store_.index().for_each([&](const Item& item) { items.push_back(item); }));
  std::uint64_t num_done = 0;
  return parallel_for(
      store_.tools().pool, items.size(),
      [&](std::size_t i) -> Status {
        check(items[i]);
        if (!on_progress) return {};
        const std::scoped_lock lock(mutex_);
        on_progress(++num_done, items.size());
        return {};
      },
      stop);
}

/// Those that another writer has removed since they were listed are not missing.
Status Verification::check_absent() {
  for (auto& [item, problem] : absent_) {
    ASSIGN_OR_RETURN(const auto known, store_.index().find_id(item.id));
    if (!known) continue;
    ++report_.num_checked;
    note(VerifyFinding::kUnreadable, item.folder, item.name, std::move(problem));
  }
  return {};
}

Status Verification::check_folders() {
  files::FileSystem& file_system = store_.tools().file_system;
  for (const ItemFolder folder : kItemFolders) {
    if (store_.is_second_name(folder)) continue;
    const std::filesystem::path path = store_.layout().folder(folder);
    auto orphans = orphan_sidecars(file_system, path);
    // The scan before has told of a folder that cannot be read.
    const bool is_passed_over = !orphans && (orphans.error().code == ErrorCode::kDenied ||
                                             orphans.error().code == ErrorCode::kNotFound);
    if (is_passed_over) continue;
    if (!orphans) return orphans.error();
    for (const std::string& name : *orphans) {
      note(VerifyFinding::kOrphanSidecar, folder, name, "no image of this name");
    }
    ASSIGN_OR_RETURN(const auto names, file_system.list(path));
    for (const std::string& name : names) {
      if (is_incoming_name(name)) note(VerifyFinding::kHalfItem, folder, name, "");
    }
  }
  return {};
}

}  // namespace

std::string_view to_string(VerifyFinding finding) {
  constexpr std::array<std::string_view, kNumVerifyFindings> kNames = {
      "changed", "broken", "unreadable", "orphan_sidecar", "half_item"};
  return kNames[static_cast<std::size_t>(finding)];
}

bool VerifyReport::is_sound() const {
  std::uint64_t num_bad = 0;
  for (const std::uint64_t count : counts) num_bad += count;
  return num_bad == counts[static_cast<std::size_t>(VerifyFinding::kOrphanSidecar)];
}

Result<VerifyReport> verify(Store& store, const OnVerifyProgress& on_progress,
                            const std::stop_token& stop) {
  Verification verification(store);
  RETURN_IF_ERROR(verification.check_images(on_progress, stop));
  ASSIGN_OR_RETURN(const WriteTurn turn, store.begin_turn(stop));
  RETURN_IF_ERROR(verification.check_absent());
  RETURN_IF_ERROR(verification.check_folders());
  return verification.take();
}

Result<std::vector<std::string>> orphan_sidecars(files::FileSystem& file_system,
                                                 const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(const auto names, file_system.list(folder));
  // Others write images of formats that are not looked at here (.mpo, .jfif): their labels stay.
  std::set<std::string> wanted;
  std::vector<std::string> sidecars;
  for (const std::string& name : names) {
    if (name.starts_with('.')) continue;
    if (name.ends_with(".json")) {
      sidecars.push_back(name);
    } else {
      wanted.insert(sidecar_name(name));
    }
  }
  std::erase_if(sidecars, [&](const std::string& name) { return wanted.contains(name); });
  return sidecars;
}

std::string verify_text(const VerifyReport& report, const RescanSummary& rescan) {
  std::string text =
      fmt::format("{} read ({}).\n", report::counted(report.num_checked, "image", "images"),
                  to_string(report.bytes_checked));
  if (rescan.num_gone > 0) {
    text += fmt::format("{} removed by others since the last look.\n",
                        report::counted(rescan.num_gone, "image was", "images were"));
  }
  for (std::size_t i = 0; i < kNumVerifyFindings; ++i) {
    if (report.counts[i] == 0) continue;
    text += fmt::format("{}: {}\n", to_string(static_cast<VerifyFinding>(i)),
                        report::count_text(report.counts[i]));
  }
  for (const VerifiedFile& file : report.findings) {
    text += fmt::format("  {}  {}{}{}\n", to_string(file.finding), report::visible_text(file.path),
                        file.detail.empty() ? "" : ": ", report::visible_text(file.detail));
  }
  text += report.is_sound() ? "All images are what they were.\n"
                            : "Broken images go to quarantine by: assay cache gc\n";
  return text;
}

std::string verify_json(const VerifyReport& report, const RescanSummary& rescan) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("checked").unsigned_integer(report.num_checked);
  writer.name("bytes").unsigned_integer(report.bytes_checked.count());
  writer.name("sound").boolean(report.is_sound());
  writer.name("new").unsigned_integer(rescan.num_new);
  writer.name("removed_by_others").unsigned_integer(rescan.num_gone);
  for (std::size_t i = 0; i < kNumVerifyFindings; ++i) {
    writer.name(to_string(static_cast<VerifyFinding>(i))).unsigned_integer(report.counts[i]);
  }
  writer.name("findings").begin_list();
  for (const VerifiedFile& file : report.findings) {
    writer.begin_object();
    writer.name("finding").text(to_string(file.finding));
    writer.name("file").text(file.path);
    writer.name("detail").text(file.detail);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::cache

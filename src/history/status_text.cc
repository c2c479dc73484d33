#include "history/status.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>

namespace assay::history {
namespace {

using report::count_text;

// The last two weeks; the JSON form has all days.
constexpr std::size_t kMaxShownDays = 14;

struct KindName {
  std::string_view name;
  std::string_view title;
};

// Order: that of SpaceKind.
constexpr std::array<KindName, kNumSpaceKinds> kSpaceKinds = {{
    {.name = "records", .title = "Records"},
    {.name = "archive", .title = "Archive"},
    {.name = "images", .title = "Images"},
    {.name = "ply_files", .title = "PLY files"},
    {.name = "rejected_samples", .title = "Rejected samples"},
    {.name = "pending_ply", .title = "PLY files that wait"},
    {.name = "journal", .title = "Journal"},
    {.name = "quarantine", .title = "Quarantine"},
    {.name = "other", .title = "Other"},
}};

ByteCount month_of_days(ByteCount a_day) { return ByteCount(a_day.count() * 30); }

void append_options(std::string& text, const StatusReport& report) {
  const auto add = [&](std::string_view what, std::string_view gain) {
    fmt::format_to(std::back_inserter(text), "  {:<42}  {}\n", what, gain);
  };
  text += "\nWhat would save space:\n";
  add("store_images=False",
      fmt::format("{} a month", to_string(month_of_days(report.images_a_day))));
  add("store_ply_files=False",
      fmt::format("{} a month", to_string(month_of_days(report.ply_files_a_day))));
  add("assay history rotate (compresses old months)",
      fmt::format("about {}, once", to_string(report.saved_by_compression)));
  add("deleting records of over 12 months ago",
      fmt::format("{}, once", to_string(report.saved_by_deletion)));
}

std::string time_until_full(std::uint64_t num_days) {
  constexpr std::uint64_t kFarAway = 36'500;  // beyond it the number says nothing
  if (num_days > kFarAway) return "; at this rate not full within 100 years";
  return fmt::format("; full in {} days at this rate", count_text(num_days));
}

}  // namespace

std::string_view to_string(SpaceKind kind) {
  return kSpaceKinds.at(static_cast<std::size_t>(kind)).name;
}

std::string to_text(const StatusReport& report) {
  std::string text;
  const auto row = [&](std::string_view name, std::string_view size, std::string_view files) {
    fmt::format_to(std::back_inserter(text), "{:<20} {:>12} {:>10}\n", name, size, files);
  };
  row("", "Size", "Files");
  std::uint64_t num_files = 0;
  for (std::size_t kind = 0; kind < kNumSpaceKinds; ++kind) {
    const SpaceUse& use = report.kinds.at(kind);
    num_files += use.num_files;
    if (use.num_files == 0) continue;
    row(kSpaceKinds.at(kind).title, to_string(use.size), count_text(use.num_files));
  }
  row("Together", to_string(report.total()), count_text(num_files));

  const std::span days(report.days);
  const auto shown = days.last(std::min(days.size(), kMaxShownDays));
  if (!shown.empty()) {
    fmt::format_to(std::back_inserter(text), "\n{:<10} {:>12} {:>12}\n", "Day (UTC)", "Images",
                   "PLY files");
  }
  for (const DayUse& day : shown) {
    fmt::format_to(std::back_inserter(text), "{:<10} {:>12} {:>12}\n", day.day,
                   to_string(day.images), to_string(day.ply_files));
  }

  fmt::format_to(std::back_inserter(text),
                 "\nGrows by {} a day: images {}, PLY files {}, records {}.\n",
                 to_string(report.growth_a_day()), to_string(report.images_a_day),
                 to_string(report.ply_files_a_day), to_string(report.records_a_day));
  if (report.disk) {
    fmt::format_to(
        std::back_inserter(text), "Free: {} of {}{}.\n", to_string(report.disk->available),
        to_string(report.disk->capacity),
        report.days_until_full ? time_until_full(*report.days_until_full) : std::string());
  }
  if (report.kinds.at(static_cast<std::size_t>(SpaceKind::kQuarantine)).num_files > 0) {
    text += "What a recorder could not read lies in quarantine/: assay history doctor names it.\n";
  }
  for (const std::string& damage : report.damage) {
    fmt::format_to(std::back_inserter(text), "Damaged journal: {}.\n",
                   report::visible_text(damage));
  }
  append_options(text, report);
  return text;
}

std::string to_json(const StatusReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object().name("kinds").begin_object();
  for (std::size_t kind = 0; kind < kNumSpaceKinds; ++kind) {
    writer.name(kSpaceKinds.at(kind).name).begin_object();
    writer.name("bytes").unsigned_integer(report.kinds.at(kind).size.count());
    writer.name("files").unsigned_integer(report.kinds.at(kind).num_files).end_object();
  }
  writer.end_object();
  writer.name("bytes").unsigned_integer(report.total().count());
  writer.name("days").begin_list();
  for (const DayUse& day : report.days) {
    writer.begin_object().name("day").text(day.day);
    writer.name("image_bytes").unsigned_integer(day.images.count());
    writer.name("ply_bytes").unsigned_integer(day.ply_files.count()).end_object();
  }
  writer.end_list();
  writer.name("rate_days").integer(report.num_days);
  writer.name("image_bytes_a_day").unsigned_integer(report.images_a_day.count());
  writer.name("ply_bytes_a_day").unsigned_integer(report.ply_files_a_day.count());
  writer.name("record_bytes_a_day").unsigned_integer(report.records_a_day.count());
  writer.name("disk");
  if (report.disk) {
    writer.begin_object().name("bytes").unsigned_integer(report.disk->capacity.count());
    writer.name("available").unsigned_integer(report.disk->available.count()).end_object();
  } else {
    writer.null();
  }
  writer.name("journal_damage").begin_list();
  for (const std::string& damage : report.damage) writer.text(damage);
  writer.end_list();
  writer.name("days_until_full");
  if (report.days_until_full) {
    writer.unsigned_integer(*report.days_until_full);
  } else {
    writer.null();
  }
  writer.name("saved").begin_object();
  writer.name("store_images_false_bytes_a_month")
      .unsigned_integer(month_of_days(report.images_a_day).count());
  writer.name("store_ply_files_false_bytes_a_month")
      .unsigned_integer(month_of_days(report.ply_files_a_day).count());
  writer.name("compression_bytes").unsigned_integer(report.saved_by_compression.count());
  writer.name("deletion_bytes").unsigned_integer(report.saved_by_deletion.count());
  writer.end_object().end_object();
  return writer.take() + "\n";
}

}  // namespace assay::history

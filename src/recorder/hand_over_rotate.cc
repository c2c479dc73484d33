#include "recorder/hand_over_internal.h"
#include "records/python_time.h"

#include <fmt/format.h>

#include <span>
#include <utility>

// A rotation that another process asks for: its options go there, its report comes back.

namespace assay::recorder {
namespace {

// A history of years, on a slow disk.
constexpr std::chrono::hours kRotatePatience{12};

constexpr std::string_view kGzipName = "gzip";
constexpr std::string_view kZstdName = "zstd";

std::optional<std::string> text_in(const records::JsonMembers& members, std::string_view name) {
  const std::string* value = members.find(name);
  return value == nullptr ? std::nullopt : records::decode_json_text(*value);
}

std::optional<std::int64_t> integer_in(const records::JsonMembers& members, std::string_view name) {
  const std::string* value = members.find(name);
  return value == nullptr ? std::nullopt : records::decode_json_integer(*value);
}

std::uint64_t count_in(const records::JsonMembers& members, std::string_view name) {
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(integer_in(members, name).value_or(0), 0));
}

void set_count(records::JsonMembers& members, std::string_view name, std::uint64_t count) {
  members.set_integer(name, static_cast<std::int64_t>(count));
}

std::string list_of(const std::vector<std::string>& items) {
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::vector<std::string> items_in(const records::JsonMembers& members, std::string_view name) {
  const std::string* value = members.find(name);
  return value == nullptr ? std::vector<std::string>() : records::find_json_items(*value).items;
}

// Names of files are kept in a member each, so that they are escaped as any text.
std::string to_json(const rotation::RotatedMonth& month) {
  records::JsonMembers members;
  members.set_text("month", month.month);
  members.set_text("file", month.file.native());
  set_count(members, "moved", month.num_moved);
  set_count(members, "lines", month.num_lines);
  std::vector<std::string> replaced;
  for (const auto& path : month.replaced) {
    records::JsonMembers item;
    item.set_text("file", path.native());
    replaced.push_back(item.to_text());
  }
  members.set("replaced", list_of(replaced));
  return members.to_text();
}

rotation::RotatedMonth month_from(const records::JsonMembers& members) {
  rotation::RotatedMonth month{.month = text_in(members, "month").value_or(""),
                               .file = text_in(members, "file").value_or(""),
                               .num_moved = count_in(members, "moved"),
                               .num_lines = count_in(members, "lines"),
                               .replaced = {}};
  for (const std::string& item : items_in(members, "replaced")) {
    const auto replaced = records::JsonMembers::parse(item);
    if (replaced) month.replaced.emplace_back(text_in(*replaced, "file").value_or(""));
  }
  return month;
}

records::JsonMembers to_members(const rotation::RotateReport& report) {
  records::JsonMembers members;
  set_count(members, "moved", report.num_moved);
  set_count(members, "kept", report.num_kept);
  set_count(members, "duplicate", report.num_duplicate);
  set_count(members, "without_time", report.num_without_time);
  set_count(members, "unreadable", report.num_unreadable);
  std::vector<std::string> months;
  months.reserve(report.months.size());
  for (const rotation::RotatedMonth& month : report.months) months.push_back(to_json(month));
  members.set("months", list_of(months));
  std::vector<std::string> problems;
  for (const rotation::RotateProblem& problem : report.problems) {
    records::JsonMembers item;
    item.set_text("file", problem.file.native());
    item.set_text("message", problem.message);
    problems.push_back(item.to_text());
  }
  members.set("problems", list_of(problems));
  return members;
}

}  // namespace

records::JsonMembers error_answer(const Error& error) {
  records::JsonMembers answer;
  answer.set_integer("error", static_cast<std::int64_t>(error.code));
  answer.set_text("message", error.message);
  return answer;
}

std::optional<Error> error_of(const records::JsonMembers& answer) {
  const auto code = integer_in(answer, "error");
  if (!code || *code < 0 || std::cmp_greater(*code, static_cast<int>(ErrorCode::kInternal))) {
    return std::nullopt;
  }
  return Error{.code = static_cast<ErrorCode>(*code),
               .message = text_in(answer, "message").value_or("")};
}

std::string rotate_request(Timestamp now, const rotation::RotateOptions& options) {
  records::JsonMembers request;
  request.set_text("call", kRotateCall);
  request.set_text("now", records::python_isoformat(now));
  request.set_text("format", options.format == compress::Format::kZstd ? kZstdName : kGzipName);
  request.set_integer("compress_after_months", options.compress_after_months);
  request.set_integer("archive_after_months", options.archive_after_months);
  return request.to_text();
}

records::JsonMembers rotate_answer(Recorder& recorder, const records::JsonMembers& request) {
  const auto now = parse_timestamp(text_in(request, "now").value_or(""));
  if (!now) return error_answer(invalid_input("now: expected a time"));
  constexpr std::int64_t kMaxMonths = 12'000;
  const auto months = [&](std::string_view name, int otherwise) {
    return static_cast<int>(
        std::clamp<std::int64_t>(integer_in(request, name).value_or(otherwise), 0, kMaxMonths));
  };
  rotation::RotateOptions options;
  if (text_in(request, "format") == kZstdName) options.format = compress::Format::kZstd;
  options.compress_after_months = months("compress_after_months", options.compress_after_months);
  options.archive_after_months = months("archive_after_months", options.archive_after_months);
  const auto report = recorder.rotate(*now, options);
  return report ? to_members(*report) : error_answer(report.error());
}

Result<rotation::RotateReport> rotate_report_of(std::string_view answer) {
  const auto members = records::JsonMembers::parse(answer);
  if (members) {
    if (auto error = error_of(*members)) return std::move(*error);
  }
  if (!members || !members->find("months")) {
    return corrupt("an answer of no known form from the process that has the history");
  }
  rotation::RotateReport report{.was_handed_over = true,
                                .months = {},
                                .problems = {},
                                .num_moved = count_in(*members, "moved"),
                                .num_kept = count_in(*members, "kept"),
                                .num_duplicate = count_in(*members, "duplicate"),
                                .num_without_time = count_in(*members, "without_time"),
                                .num_unreadable = count_in(*members, "unreadable")};
  for (const std::string& item : items_in(*members, "months")) {
    if (const auto month = records::JsonMembers::parse(item))
      report.months.push_back(month_from(*month));
  }
  for (const std::string& item : items_in(*members, "problems")) {
    const auto problem = records::JsonMembers::parse(item);
    if (!problem) continue;
    report.problems.push_back({.file = text_in(*problem, "file").value_or(""),
                               .message = text_in(*problem, "message").value_or("")});
  }
  return report;
}

Result<rotation::RotateReport> ask_to_rotate(const std::filesystem::path& folder, Timestamp now,
                                             const rotation::RotateOptions& options,
                                             const std::stop_token& stop) {
  ASSIGN_OR_RETURN(auto connection, process::LocalConnection::connect(hand_over_path(folder)));
  RETURN_IF_ERROR(connection.send(as_bytes(rotate_request(now, options))));
  ASSIGN_OR_RETURN(const auto answer,
                   connection.receive({.timeout = kRotatePatience, .stop = stop}));
  if (!answer) {
    return unavailable(
        "the recorder ended before it was done; nothing is lost, and the same command goes on");
  }
  return rotate_report_of(as_text(*answer));
}

}  // namespace assay::recorder

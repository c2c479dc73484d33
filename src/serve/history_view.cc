#include "serve/history_view.h"

#include "json/value.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <cstddef>

namespace assay::serve {
namespace {

std::string_view verdict_name(std::size_t index) {
  return records::to_string(static_cast<records::Verdict>(index));
}

/// Where the JSON text that `line` begins with ends, behind its closing quote; 0 for none.
std::size_t end_of_text(std::string_view line) {
  if (!line.starts_with('"')) return 0;
  for (std::size_t i = 1; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      return i + 1;
    }
  }
  return 0;
}

class MetricsText {
 public:
  MetricsText& metric(std::string_view name, std::string_view kind, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, kind, help);
    return *this;
  }
  MetricsText& value(std::uint64_t number) {
    text_ += fmt::format("{} {}\n", name_, number);
    return *this;
  }
  void labelled(std::string_view label, std::string_view label_value, std::uint64_t number) {
    text_ += fmt::format("{}{{{}=\"{}\"}} {}\n", name_, label, label_value, number);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string_view name_;
  std::string text_;
};

}  // namespace

std::string receipt_json(const recorder::Receipt& receipt) {
  json::Writer writer;
  writer.begin_object();
  writer.name("generation_id").text(receipt.generation_id);
  writer.name("sequence").unsigned_integer(receipt.sequence);
  writer.name("verdict").text(records::to_string(receipt.verdict));
  writer.end_object();
  return writer.take();
}

std::string status_json(const recorder::RecorderStatus& status) {
  json::Writer writer;
  writer.begin_object();
  writer.name("is_handed_over").boolean(status.is_handed_over);
  if (status.is_handed_over) {
    writer.end_object();
    return writer.take();
  }
  writer.name("events").begin_object();
  writer.name("accepted").unsigned_integer(status.journal.num_accepted);
  writer.name("durable").unsigned_integer(status.journal.num_durable);
  writer.name("refused").unsigned_integer(status.journal.num_refused);
  writer.end_object();
  writer.name("syncs").unsigned_integer(status.journal.num_syncs);
  writer.name("verdicts").begin_object();
  for (std::size_t i = 0; i < status.num_by_verdict.size(); ++i) {
    writer.name(verdict_name(i)).unsigned_integer(status.num_by_verdict[i]);
  }
  writer.end_object();
  writer.name("generations").begin_object();
  writer.name("open").unsigned_integer(status.num_open);
  writer.name("finished").unsigned_integer(status.num_finished);
  writer.end_object();
  writer.name("images_bytes").unsigned_integer(status.images.count());
  writer.name("ply_files_bytes").unsigned_integer(status.ply_files.count());
  writer.name("ply_files_lost").unsigned_integer(status.num_ply_lost);
  writer.name("behind_bytes").unsigned_integer(status.behind.count());
  writer.name("is_disk_low").boolean(status.is_disk_low);
  writer.name("is_ply_large").boolean(status.is_ply_large);
  writer.name("is_refusing").boolean(status.is_refusing);
  writer.name("is_journal_damaged").boolean(status.is_journal_damaged);
  writer.name("is_queue_full").boolean(status.is_queue_full);
  writer.name("corrupt_lines");
  if (status.num_corrupt_lines) {
    writer.unsigned_integer(*status.num_corrupt_lines);
  } else {
    writer.null();
  }
  writer.name("trouble");
  if (status.trouble.empty()) {
    writer.null();
  } else {
    writer.text(status.trouble);
  }
  writer.end_object();
  return writer.take();
}

std::string metrics_text(const recorder::RecorderStatus& status) {
  MetricsText text;
  text.metric("assay_history_handed_over", "gauge",
              "1 while another process has the history: it alone knows all else.")
      .value(status.is_handed_over ? 1 : 0);
  if (status.is_handed_over) return text.take();
  text.metric("assay_history_events_accepted_total", "counter", "Events taken into the queue.")
      .value(status.journal.num_accepted);
  text.metric("assay_history_events_durable_total", "counter", "Events that are on disk.")
      .value(status.journal.num_durable);
  text.metric("assay_history_events_refused_total", "counter",
              "Events refused: full queue, full disk, broken disk.")
      .value(status.journal.num_refused);
  text.metric("assay_history_syncs_total", "counter", "Syncs of the journal.")
      .value(status.journal.num_syncs);
  text.metric("assay_history_events_total", "counter", "Recorded events by what they did.");
  for (std::size_t i = 0; i < status.num_by_verdict.size(); ++i) {
    text.labelled("verdict", verdict_name(i), status.num_by_verdict[i]);
  }
  text.metric("assay_history_generations_open", "gauge", "Generations that are not finished.")
      .value(status.num_open);
  text.metric("assay_history_generations_finished", "gauge", "Generations in the history.")
      .value(status.num_finished);
  text.metric("assay_history_images_bytes", "gauge", "Size of the stored images.")
      .value(status.images.count());
  text.metric("assay_history_ply_files_bytes", "gauge", "Size of the stored PLY files.")
      .value(status.ply_files.count());
  text.metric("assay_history_ply_files_lost_total", "counter",
              "Accepted PLY files whose bytes were gone when the acceptance came.")
      .value(status.num_ply_lost);
  text.metric("assay_history_behind_bytes", "gauge", "Lines that wait for the derived files.")
      .value(status.behind.count());
  text.metric("assay_history_queue_full_total", "counter",
              "Events that found the queue full: refused, or held up until there was room.")
      .value(status.journal.num_queue_full);
  text.metric("assay_history_corrupt_lines", "gauge", "Lines of the history that cannot be read.")
      .value(status.num_corrupt_lines.value_or(0));
  text.metric("assay_history_alert", "gauge", "1 while the alert holds.");
  text.labelled("alert", "disk_low", status.is_disk_low ? 1 : 0);
  text.labelled("alert", "ply_large", status.is_ply_large ? 1 : 0);
  text.labelled("alert", "refusing", status.is_refusing ? 1 : 0);
  text.labelled("alert", "journal_damaged", status.is_journal_damaged ? 1 : 0);
  text.labelled("alert", "queue_full", status.is_queue_full ? 1 : 0);
  text.labelled("alert", "corrupt_lines", status.num_corrupt_lines.value_or(0) > 0 ? 1 : 0);
  text.labelled("alert", "derived_files", status.trouble.empty() ? 0 : 1);
  return text.take();
}

std::optional<std::string_view> find_open_generation(std::string_view pending,
                                                     std::string_view generation_id) {
  while (!pending.empty()) {
    const std::size_t end = pending.find('\n');
    std::string_view line = pending.substr(0, end);
    pending.remove_prefix(end == std::string_view::npos ? pending.size() : end + 1);
    const std::size_t key_size = end_of_text(line);
    if (key_size == 0) continue;
    const auto key = json::parse(line.substr(0, key_size));
    if (!key || key->text() == nullptr || *key->text() != generation_id) continue;
    line.remove_prefix(key_size);
    if (!line.starts_with(": ")) continue;
    line.remove_prefix(2);
    if (line.ends_with(',')) line.remove_suffix(1);
    return line;
  }
  return std::nullopt;
}

}  // namespace assay::serve

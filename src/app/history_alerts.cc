#include "app/history_alerts.h"

#include "app/webhook.h"
#include "core/log.h"
#include "files/path.h"
#include "net/url.h"

#include <fmt/format.h>

#include <string_view>

namespace assay::app {
namespace {

constexpr std::string_view kRaised = "raised";

// The book of alerts is one for all folders of a machine, and the same folder has one name there.
std::string topic_of(std::string_view what, const std::filesystem::path& folder) {
  std::error_code failed;
  const auto absolute = std::filesystem::absolute(folder, failed);
  return fmt::format("{}:{}", what, files::normal_form((failed ? folder : absolute).native()));
}

Alert corrupt_lines_alert(std::uint64_t count, const std::filesystem::path& folder) {
  return {
      .subject = "corrupt_lines",
      .state = fmt::format("{}", count),
      .message = fmt::format("lines of the history in {} that cannot be read: {}; assay history "
                             "doctor names them",
                             folder.native(), count)};
}

}  // namespace

std::vector<Alert> alerts_of(const recorder::RecorderStatus& status,
                             const std::filesystem::path& folder) {
  std::vector<Alert> alerts;
  const auto add = [&](bool holds, std::string_view subject, std::string_view message) {
    if (!holds) return;
    alerts.push_back({.subject = std::string(subject),
                      .state = std::string(kRaised),
                      .message = fmt::format("{}: {}", folder.native(), message)});
  };
  add(status.is_refusing, "refusing", "events are refused: the disk is full or broken");
  add(status.is_journal_damaged, "journal_damaged",
      "the journal was damaged; assay history doctor says what is lost");
  add(!status.trouble.empty(), "derived_files",
      "the files of the history cannot follow its journal: " + status.trouble);
  add(status.is_queue_full, "queue_full",
      "the queue of the journal is full: the disk does not keep up");
  add(status.is_disk_low, "disk_low", "less of the disk is free than history.min_free_share");
  add(status.is_ply_large, "ply_large", "the PLY files are over their limit");
  if (!status.num_corrupt_lines) {
    alerts.push_back({.subject = "corrupt_lines", .state = {}, .message = {}});
  } else if (*status.num_corrupt_lines > 0) {
    alerts.push_back(corrupt_lines_alert(*status.num_corrupt_lines, folder));
  }
  return alerts;
}

AlertWatch::AlertWatch(Look look, Post post, Options options)
    : look_(std::move(look)),
      post_(std::move(post)),
      options_(options),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

AlertWatch::~AlertWatch() { post_stop_.request_stop(); }

void AlertWatch::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto pause =
        tell(post_stop_.get_token()) ? options_.look_interval : options_.retry_interval;
    std::unique_lock lock(mutex_);
    wakes_.wait_for(lock, stop, pause, [] { return false; });
  }
}

bool AlertWatch::tell(const std::stop_token& stop) {
  const auto alerts = look_();
  if (!alerts) return true;
  States states;
  states.reserve(alerts->size());
  for (const Alert& alert : *alerts) states.emplace_back(alert.subject, alert.state);
  if (told_ == states) return true;
  const auto outcome = post_(*alerts, stop);
  if (outcome && outcome->num_failed == 0) {
    told_ = std::move(states);
    has_failed_ = false;
    return true;
  }
  // What was not accepted is said where it is posted.
  if (!outcome && !has_failed_ && !stop.stop_requested()) {
    log_warning("alerts cannot be posted and are tried again later",
                {{"reason", outcome.error().message}});
  }
  has_failed_ = true;
  return false;
}

void AlertWatch::finish(const std::stop_token& stop) {
  const std::stop_callback give_up(stop, [this] { post_stop_.request_stop(); });
  thread_.request_stop();
  thread_.join();
  if (!stop.stop_requested()) tell(stop);
}

Result<std::unique_ptr<AlertWatch>> watch_recorder(const std::string& webhook,
                                                   const recorder::Recorder& recorder,
                                                   const std::filesystem::path& folder) {
  if (webhook.empty()) return std::unique_ptr<AlertWatch>();
  const auto url = with_context(net::Url::parse(webhook), "alerts.webhook");
  if (!url) return url.error();
  auto look = [&recorder, folder] -> std::optional<std::vector<Alert>> {
    const recorder::RecorderStatus status = recorder.status();
    if (status.is_handed_over) return std::nullopt;
    return alerts_of(status, folder);
  };
  auto post = [webhook, topic = topic_of("history.recorder", folder)](
                  const std::vector<Alert>& alerts, const std::stop_token& stop) {
    return post_to_webhook(webhook, topic, alerts, stop);
  };
  return std::make_unique<AlertWatch>(std::move(look), std::move(post), AlertWatch::Options());
}

void post_corrupt_lines(const std::string& webhook, const std::filesystem::path& folder,
                        std::uint64_t num_lines, const std::stop_token& stop) {
  if (webhook.empty()) return;
  std::vector<Alert> alerts;
  if (num_lines > 0) alerts.push_back(corrupt_lines_alert(num_lines, folder));
  const auto posted = post_to_webhook(webhook, topic_of("history.lines", folder), alerts, stop);
  if (!posted) log_warning("no alert was posted", {{"reason", posted.error().message}});
}

}  // namespace assay::app

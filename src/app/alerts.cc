#include "app/alerts.h"

#include "core/limits.h"
#include "files/atomic_file.h"
#include "json/value.h"
#include "json/writer.h"

#include <set>
#include <utility>

namespace assay::app {
namespace {

constexpr std::string_view kCleared = "cleared";

std::string alert_json(std::string_view topic, const Alert& alert, Timestamp now) {
  json::Writer writer;
  writer.begin_object();
  writer.name("topic").text(topic);
  writer.name("subject").text(alert.subject);
  writer.name("state").text(alert.state);
  writer.name("message").text(alert.message);
  writer.name("time").text(to_rfc3339(now));
  writer.end_object();
  return writer.take();
}

}  // namespace

AlertBook::AlertBook(files::FileSystem& file_system, std::filesystem::path path,
                     std::unique_ptr<files::FileLock> lock, States states)
    : file_system_(&file_system),
      path_(std::move(path)),
      lock_(std::move(lock)),
      states_(std::move(states)) {}

Result<AlertBook> AlertBook::open(files::FileSystem& file_system,
                                  const std::filesystem::path& path) {
  if (path.has_parent_path()) RETURN_IF_ERROR(file_system.create_folders(path.parent_path()));
  ASSIGN_OR_RETURN(auto lock, file_system.lock(path.string() + ".lock"));
  States states;
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (info) {
    ASSIGN_OR_RETURN(const std::string text, files::read_file(file_system, path, kMaxJsonSize));
    ASSIGN_OR_RETURN(const json::Value book, with_context(json::parse(text), path.string()));
    const json::Value* topics = book.find("topics");
    if (topics == nullptr || topics->object() == nullptr) {
      return corrupt(path.string() +
                     ": no book of alerts (no object 'topics'); move it away to begin a new one");
    }
    for (const auto& [topic, subjects] : *topics->object()) {
      if (subjects.object() == nullptr) continue;
      for (const auto& [subject, state] : *subjects.object()) {
        if (const std::string* name = state.text()) states[topic][subject] = *name;
      }
    }
  }
  return AlertBook(file_system, path, std::move(lock), std::move(states));
}

Status AlertBook::save() const {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("version").integer(1);
  writer.name("topics").begin_object();
  for (const auto& [topic, subjects] : states_) {
    writer.name(topic).begin_object();
    for (const auto& [subject, state] : subjects) writer.name(subject).text(state);
    writer.end_object();
  }
  writer.end_object().end_object();
  return files::write_file(*file_system_, path_, writer.take() + "\n");
}

Status AlertBook::deliver(std::string_view topic, const Alert& alert, const Clock& clock,
                          const PostAlert& post_alert, AlertOutcome& outcome) {
  if (alert.state.empty()) return {};
  auto& subjects = states_[std::string(topic)];
  const auto known = subjects.find(alert.subject);
  if (known != subjects.end() && known->second == alert.state) {
    ++outcome.num_unchanged;
    return {};
  }
  const Status posted = post_alert(alert_json(topic, alert, clock.now()));
  if (!posted) {
    ++outcome.num_failed;
    outcome.failure = posted.error().message;
    return {};
  }
  ++outcome.num_posted;
  if (alert.state == kCleared) {
    subjects.erase(alert.subject);
  } else {
    subjects[alert.subject] = alert.state;
  }
  return save();
}

Result<AlertOutcome> AlertBook::post(std::string_view topic, const std::vector<Alert>& alerts,
                                     const Clock& clock, const PostAlert& post_alert) {
  AlertOutcome outcome;
  std::set<std::string_view> current;
  for (const Alert& alert : alerts) {
    current.insert(alert.subject);
    RETURN_IF_ERROR(deliver(topic, alert, clock, post_alert, outcome));
  }
  std::vector<std::string> gone;
  for (const auto& [subject, state] : states_[std::string(topic)]) {
    if (!current.contains(subject)) gone.push_back(subject);
  }
  for (std::string& subject : gone) {
    const std::string message = "No longer the case: " + subject;
    const Alert cleared{
        .subject = std::move(subject), .state = std::string(kCleared), .message = message};
    RETURN_IF_ERROR(deliver(topic, cleared, clock, post_alert, outcome));
  }
  return outcome;
}

}  // namespace assay::app

#include "serve/history_routes.h"

#include "core/log.h"
#include "files/atomic_file.h"
#include "serve/history_view.h"
#include "serve/record_event.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

namespace assay::serve {
namespace {

using net::HttpMethod;
using net::ServedRequest;
using net::ServedResponse;
using records::Verdict;

constexpr std::size_t kMaxKeySize = 200;
constexpr ByteCount kMaxPendingFile{std::uint64_t{1} << 30};
constexpr std::string_view kGenerations = "/v1/history/generations";

ServedResponse json_response(int status, std::string body) {
  return {.status = status, .body = std::move(body) + "\n"};
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kNoSpace:
      return 507;
    case ErrorCode::kExhausted:
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kMissing:
    case ErrorCode::kDenied:
    case ErrorCode::kCorrupt:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

ServedResponse failure_response(const Error& error) {
  const int status = status_of(error.code);
  if (status >= 500) log_warning("a request failed", {{"reason", error.message}});
  ServedResponse response =
      net::error_response(status, assay::to_string(error.code), error.message);
  if (status == 503 || status == 507) response.headers.push_back({"Retry-After", "1"});
  return response;
}

/// What an event did, as a status: that it was taken, or why it changed nothing.
ServedResponse answer(EventKind kind, const Result<RecordedEvent>& recorded) {
  if (!recorded) return failure_response(recorded.error());
  if (recorded->has_key_of_other()) {
    return net::error_response(409, "key_of_other_generation", recorded->key_complaint());
  }
  const recorder::Receipt* const receipt = &recorded->receipt;
  const auto refuse = [&](int status, std::string_view message) {
    return net::error_response(status, records::to_string(receipt->verdict), message);
  };
  switch (receipt->verdict) {
    case Verdict::kUnknownGeneration:
      // Kept, for the generation may be of another folder, or come from one.
      if (kind == EventKind::kFeedback) return json_response(202, receipt_json(*receipt));
      return refuse(404, "this generation was never started here");
    case Verdict::kAlreadyStarted:
      return refuse(409, "this generation was started before; nothing changed");
    case Verdict::kAlreadyFinished:
      return refuse(409, "this generation is finished: its record stays as it is");
    case Verdict::kApplied:
    case Verdict::kReplaced:
    case Verdict::kLate:
    case Verdict::kRepeated:
      return json_response(kind == EventKind::kStart ? 201 : 200, receipt_json(*receipt));
  }
  return failure_response(internal("an event without a verdict"));
}

Result<std::string_view> key_of(const ServedRequest& request) {
  const auto key = request.header("Idempotency-Key");
  if (!key) return std::string_view();
  const bool is_clean =
      std::ranges::all_of(*key, [](char byte) { return byte > ' ' && byte < '\x7f'; });
  if (key->empty() || key->size() > kMaxKeySize || !is_clean) {
    return invalid_input(fmt::format(
        "Idempotency-Key: expected 1 to {} visible ASCII characters without a blank", kMaxKeySize));
  }
  return *key;
}

/// The handlers, and what they share.
class History {
 public:
  History(recorder::Recorder& recorder, files::FileSystem& file_system,
          std::filesystem::path folder)
      : recorder_(&recorder), file_system_(&file_system), folder_(std::move(folder)) {}

  ServedResponse event(EventKind kind, const ServedRequest& request) const {
    const auto key = key_of(request);
    if (!key) return failure_response(key.error());
    std::string_view generation_id;
    if (!request.parameters.empty()) generation_id = request.parameter("id");
    return answer(
        kind, record_event(*recorder_,
                           {.kind = kind, .generation_id = generation_id, .idempotency_key = *key},
                           request.body));
  }

  ServedResponse ply(const ServedRequest& request) const {
    const auto key = key_of(request);
    if (!key) return failure_response(key.error());
    if (request.body.empty()) return failure_response(invalid_input("the PLY file is empty"));
    recorder::NewOutput output;
    output.ply = as_bytes(request.body);
    const std::string_view id = request.parameter("id");
    auto receipt = recorder_->log_output(id, output, *key);
    if (!receipt) return failure_response(receipt.error());
    return answer(EventKind::kOutput, RecordedEvent{.receipt = std::move(*receipt),
                                                    .named_generation = std::string(id)});
  }

  ServedResponse open_generation(const ServedRequest& request) const {
    if (const Status flushed = recorder_->flush(); !flushed)
      return failure_response(flushed.error());
    auto pending =
        files::read_file(*file_system_, folder_ / "pending_generations.json", kMaxPendingFile);
    if (!pending && pending.error().code != ErrorCode::kNotFound)
      return failure_response(pending.error());
    const auto found = pending ? find_open_generation(*pending, request.parameter("id"))
                               : std::optional<std::string_view>();
    if (found) return json_response(200, std::string(*found));
    return net::error_response(404, "not_found", "no generation of this id is open");
  }

  ServedResponse status() const { return json_response(200, status_json(recorder_->status())); }
  ServedResponse metrics() const {
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = metrics_text(recorder_->status())};
  }
  ServedResponse health() const {
    const recorder::RecorderStatus found = recorder_->status();
    const std::string trouble = found.is_refusing ? "events are refused" : found.trouble;
    if (trouble.empty()) return json_response(200, R"({"status":"ok"})");
    return net::error_response(503, "unavailable", trouble);
  }

 private:
  recorder::Recorder* recorder_;
  files::FileSystem* file_system_;
  std::filesystem::path folder_;
};

}  // namespace

std::vector<net::HttpRoute> history_routes(recorder::Recorder& recorder,
                                           files::FileSystem& file_system,
                                           const std::filesystem::path& folder,
                                           const HistoryRoutesOptions& options) {
  const auto history = std::make_shared<const History>(recorder, file_system, folder);
  std::vector<net::HttpRoute> routes;
  const auto add_event = [&](EventKind kind, std::string pattern) {
    routes.push_back(
        {.method = HttpMethod::kPost,
         .pattern = std::move(pattern),
         .handler = [history,
                     kind](const ServedRequest& request) { return history->event(kind, request); },
         .max_body = kMaxEventSize});
  };
  add_event(EventKind::kStart, std::string(kGenerations));
  for (const EventKind kind :
       {EventKind::kPrompt, EventKind::kTiming, EventKind::kOutput, EventKind::kSubmission,
        EventKind::kFeedback, EventKind::kFailure, EventKind::kFinish}) {
    add_event(kind, fmt::format("{}/{{id}}/{}", kGenerations, to_string(kind)));
  }
  add_event(EventKind::kConfigChange, "/v1/history/config_changes");
  routes.push_back(
      {.method = HttpMethod::kPut,
       .pattern = fmt::format("{}/{{id}}/ply", kGenerations),
       .handler = [history](const ServedRequest& request) { return history->ply(request); },
       .max_body = options.max_ply});
  const auto add_view = [&](std::string pattern, net::HttpHandler handler) {
    routes.push_back(
        {.method = HttpMethod::kGet, .pattern = std::move(pattern), .handler = std::move(handler)});
  };
  add_view(fmt::format("{}/{{id}}", kGenerations),
           [history](const ServedRequest& request) { return history->open_generation(request); });
  add_view("/v1/history/status", [history](const ServedRequest&) { return history->status(); });
  add_view("/metrics", [history](const ServedRequest&) { return history->metrics(); });
  add_view("/healthz", [history](const ServedRequest&) { return history->health(); });
  return routes;
}

}  // namespace assay::serve

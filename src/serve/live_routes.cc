#include "serve/live_routes.h"

#include "core/parse_number.h"
#include "report/html.h"
#include "report/page.h"
#include "serve/live_page_script_internal.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace assay::serve {
namespace {

using net::ServedRequest;
using net::ServedResponse;

constexpr std::size_t kMaxRecent = 1000;

std::string_view type_of(recorder::LineKind kind) {
  switch (kind) {
    case recorder::LineKind::kRecord:
      return "record";
    case recorder::LineKind::kFeedback:
      return "feedback";
    case recorder::LineKind::kConfigChange:
      return "config_change";
  }
  return "record";
}

Result<net::FeedPlace> place_of(const ServedRequest& request) {
  net::FeedPlace place;
  if (const auto last = request.header("Last-Event-ID"); last && !last->empty()) {
    const auto id = parse_integer(*last);
    if (!id || *id < 0) return invalid_input("Last-Event-ID: expected the id of an event");
    place.after_id = static_cast<std::uint64_t>(*id);
  }
  for (const auto& [name, value] : request.target.query) {
    const auto number = parse_integer(value);
    if (name != "recent" || !number || *number < 0 || std::cmp_greater(*number, kMaxRecent)) {
      return invalid_input(
          fmt::format("{}={}: expected recent, from 0 to {}", name, value, kMaxRecent));
    }
    place.num_recent = static_cast<std::size_t>(*number);
  }
  return place;
}

ServedResponse events(const recorder::Recorder& recorder,
                      const std::shared_ptr<net::EventFeed>& feed, const ServedRequest& request) {
  const auto place = place_of(request);
  if (!place) {
    return net::error_response(400, to_string(place.error().code), place.error().message);
  }
  if (recorder.status().is_handed_over) {
    ServedResponse response = net::error_response(
        503, "unavailable",
        "another process has this history, and it alone knows what is added; ask again later");
    response.headers.push_back({"Retry-After", "5"});
    return response;
  }
  return {.content_type = "text/event-stream", .feed = feed, .feed_place = *place};
}

// What the script fills in.
std::string live_page(const LivePageHead& head) {
  report::Page page({.title = "History, live",
                     .subtitle = head.folder,
                     .footer = head.made_by,
                     .live_script = report::MarkupLiteral(kLivePageScript)});
  page.add(report::Html(
      R"(<p id="state" role="status">This page needs JavaScript. The figures are at /v1/history/status too.</p>
<div id="alerts" role="alert"></div>
<dl class="figures" id="figures"></dl>
)"));
  page.begin_section("Latest generations");
  page.add(report::Html(
      R"(<p class="empty" id="none">No generation has been finished since the daemon began.</p>
<div class="table-box" tabindex="0" role="region" aria-label="Latest generations" id="box" hidden>
<table><caption>Latest generations</caption><thead><tr>
<th scope="col">Started (UTC)</th><th scope="col">Outcome</th><th scope="col" class="number">Score</th>
<th scope="col">Task</th><th scope="col">Prompt</th><th scope="col" class="number">CLIP</th>
<th scope="col" class="number">Seconds</th><th scope="col">Generation</th>
</tr></thead><tbody id="records"></tbody></table></div>
)"));
  return page.render();
}

}  // namespace

std::function<void(const recorder::NewLine& line)> feed_writer(
    std::shared_ptr<net::EventFeed> feed) {
  return [feed = std::move(feed)](const recorder::NewLine& line) {
    feed->publish(line.sequence, type_of(line.kind), line.text);
  };
}

std::vector<net::HttpRoute> live_routes(const recorder::Recorder& recorder,
                                        const std::shared_ptr<net::EventFeed>& feed,
                                        const LivePageHead& head) {
  ServedResponse page{.content_type = "text/html; charset=utf-8",
                      .body = live_page(head),
                      // A page of another origin could have it clicked upon.
                      .headers = {{"X-Frame-Options", "DENY"}, {"Referrer-Policy", "no-referrer"}}};
  std::vector<net::HttpRoute> routes;
  routes.push_back({.method = net::HttpMethod::kGet,
                    .pattern = "/v1/history/events",
                    .handler = [&recorder, feed](const ServedRequest& request) {
                      return events(recorder, feed, request);
                    }});
  routes.push_back({.method = net::HttpMethod::kGet,
                    .pattern = "/",
                    .handler = [page](const ServedRequest&) { return page; }});
  return routes;
}

}  // namespace assay::serve

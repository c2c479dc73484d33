#include "storage/testing/engine_fixture.h"

#include "net/percent.h"
#include "storage/gcs_service_internal.h"
#include "storage/web_service_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace assay::storage::testing {

using namespace std::chrono_literals;

net::HttpResponse response(int status, std::string body, std::vector<net::HttpHeader> headers) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

Result<net::HttpResponse> FakeBucket::answer(const net::HttpRequest& request) {
  const std::string path = net::percent_decode(request.url.path()).value();
  const std::size_t at = path.find("/o/");
  const std::string name = at == std::string::npos ? "LIST" : path.substr(at + 3);
  ++asked[name];
  if (auto found = first_answers.find(name);
      found != first_answers.end() && !found->second.empty()) {
    auto first = std::move(found->second.front());
    found->second.pop_front();
    return first;
  }
  if (auto found = always.find(name); found != always.end()) return found->second;
  if (name == "LIST") return list(std::string(*request.url.query()));
  if (!objects.contains(name)) return response(404, "{}");
  return response(200, fmt::format(R"({{"name":"{}"}})", name));
}

net::HttpResponse FakeBucket::list(const std::string& query) {
  ++num_lists;
  if (denies_lists) return response(403, "{}");
  const auto value = [&](const std::string& name) {
    const std::size_t at = query.find("&" + name + "=");
    if (at == std::string::npos) return std::string();
    const std::size_t start = at + name.size() + 2;
    return net::percent_decode(query.substr(start, query.find('&', start) - start)).value();
  };
  const std::string prefix = value("prefix");
  const std::string page = value("pageToken");
  auto it = objects.lower_bound(prefix);
  if (!page.empty()) it = objects.upper_bound(page);
  std::vector<std::string> names;
  for (; it != objects.end() && it->starts_with(prefix) && names.size() < page_size; ++it)
    names.push_back(*it);
  const bool goes_on = it != objects.end() && it->starts_with(prefix);
  std::string body = goes_on ? fmt::format(R"({{"nextPageToken":"{}","items":[)", names.back())
                             : std::string(R"({"items":[)");
  if (lists_out_of_order) std::swap(names.front(), names.back());
  for (std::size_t i = 0; i < names.size(); ++i) {
    body += fmt::format(R"({}{{"name":"{}"}})", i == 0 ? "" : ",", names[i]);
  }
  return response(200, body + "]}");
}

void EngineTest::claim_many(const std::string& folder, int count) {
  for (int i = 0; i < count; ++i) claim(fmt::format("{}{:06}", folder, i));
}

void EngineTest::store_many(const std::string& folder, int count) {
  for (int i = 0; i < count; ++i) bucket_.objects.insert(fmt::format("{}{:06}", folder, i));
}

ExistenceEngine& EngineTest::engine() {
  if (!engine_) {
    for (const std::string& name : names_) addresses_.push_back({scheme_, "b", name});
    ServiceTable table;
    table[0] = std::make_unique<GcsService>(net::Url::parse("http://127.0.0.1:1").value(), options_,
                                            nullptr);
    table[2] = std::make_unique<WebService>(options_);
    engine_.emplace(addresses_, options_, std::move(table),
                    PaceOptions{.max_in_flight = options_.concurrency}, clock_, random_);
  }
  return *engine_;
}

Status EngineTest::drive(ExistenceEngine::Reach reach) {
  const auto on_verdict = [this](std::size_t index, const ExistenceVerdict& verdict) -> Status {
    EXPECT_TRUE(verdicts_.emplace(names_[index], verdict).second)
        << "two verdicts: " << names_[index];
    return {};
  };
  RETURN_IF_ERROR(engine().begin(reach, on_verdict, {}));
  std::deque<net::PooledRequest> under_way;
  for (int guard = 0; guard < 1'000'000; ++guard) {
    ASSIGN_OR_RETURN(net::NextRequest next, engine().next());
    if (auto* request = std::get_if<net::PooledRequest>(&next)) {
      under_way.push_back(std::move(*request));
      max_under_way_ = std::max(max_under_way_, under_way.size());
    } else if (!under_way.empty()) {
      const auto id = under_way.front().id;
      auto answer = bucket_.answer(under_way.front().request);
      under_way.pop_front();
      RETURN_IF_ERROR(engine().answered(id, answer));
    } else if (const auto* later = std::get_if<net::AskAgain>(&next)) {
      const auto wait = later->at - std::chrono::steady_clock::now();
      clock_.advance(std::chrono::duration_cast<std::chrono::microseconds>(wait) + 100us);
      waited_ += wait;
    } else {
      return {};
    }
  }
  return internal("the engine never ends");
}

std::size_t EngineTest::count(Presence presence) const {
  return static_cast<std::size_t>(
      std::count_if(verdicts_.begin(), verdicts_.end(),
                    [&](const auto& entry) { return entry.second.presence == presence; }));
}

}  // namespace assay::storage::testing

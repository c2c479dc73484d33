#include "organic/proxy_desk.h"

#include "core/log.h"
#include "json/writer.h"
#include "protocol/image_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

namespace assay::organic {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// Handlers that are free while all places are taken.
constexpr std::size_t kSpareHandlers = 6;
/// Images that are decoded at a time: their pixels are what costs memory.
constexpr std::ptrdiff_t kMaxDecoding = 2;
/// Refusals are told together, not one by one: who sends nonsense writes no log.
constexpr std::chrono::minutes kWarningInterval{1};
/// Of the digest, as clients of the old proxy know it.
constexpr std::size_t kTaskHashDigits = 16;
/// No miner answers in less.
constexpr milliseconds kMinTimeout{100};

bool is_refusal(Outcome outcome) { return outcome >= Outcome::kMalformed; }

std::string_view code_of(Outcome outcome) { return to_string(outcome); }

/// Both the member that clients of the old proxy read and the one of all our services.
std::string problem_json(Outcome outcome, std::string_view message) {
  json::Writer writer;
  writer.begin_object().name("detail").text(message);
  writer.name("error").begin_object();
  writer.name("code").text(code_of(outcome)).name("message").text(message);
  writer.end_object().end_object();
  return writer.take() + "\n";
}

Outcome outcome_of(const CallerRefusal& refusal) {
  switch (refusal.status) {
    case 403:
      return Outcome::kUnwelcome;
    case 429:
      return Outcome::kTooOften;
    case 503:
      return Outcome::kBusy;
    default:
      return Outcome::kUnauthenticated;
  }
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  constexpr std::array<std::string_view, kNumOutcomes> kNames = {
      "answered",        "unanswered", "no_miners", "stopped",  "malformed", "too_large",
      "unauthenticated", "unwelcome",  "too_often", "repeated", "busy"};
  return kNames.at(static_cast<std::size_t>(outcome));
}

std::uint64_t ProxyFigures::num_requests() const {
  return std::accumulate(num_by_outcome.begin(), num_by_outcome.end(), std::uint64_t{0});
}

ProxyDesk::ProxyDesk(const Parts& parts, ProxyOptions options)
    : parts_(parts),
      options_(std::move(options)),
      admission_(options_.admission),
      decoding_(kMaxDecoding),
      rota_(options_.miner_cool_down) {}

std::vector<net::HttpRoute> ProxyDesk::routes() {
  std::vector<net::HttpRoute> routes;
  routes.push_back({.method = net::HttpMethod::kPost,
                    .pattern = "/validator_proxy",
                    .handler = [this](const net::ServedRequest& request) { return serve(request); },
                    .max_body = max_request_body(options_.image)});
  // Says nothing of the validator: whoever watches a process needs no token for it.
  routes.push_back({.method = net::HttpMethod::kGet,
                    .pattern = "/health/liveness",
                    .handler = [](const net::ServedRequest&) {
                      return net::ServedResponse{.body = "{\"status\":\"healthy\"}\n"};
                    }});
  return routes;
}

std::size_t ProxyDesk::num_handlers() const {
  return options_.admission.max_active + kSpareHandlers;
}

ProxyFigures ProxyDesk::figures() const {
  const std::size_t num_active = admission_.sizes().num_active;
  const std::scoped_lock lock(mutex_);
  ProxyFigures figures = figures_;
  figures.num_active = num_active;
  return figures;
}

net::ServedResponse ProxyDesk::serve(const net::ServedRequest& request) {
  const nanoseconds started = now();
  std::string client;
  Answer answer = judge(request, client);
  count(answer, client, started);
  net::ServedResponse response{.status = answer.status, .body = std::move(answer.body)};
  if (answer.status == 429 || answer.status == 503) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(answer.retry_after).count();
    response.headers.push_back({"Retry-After", std::to_string(std::max<std::int64_t>(1, seconds))});
  }
  if (answer.status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

ProxyDesk::Answer ProxyDesk::judge(const net::ServedRequest& request, std::string& client) {
  const auto refuse = [](Outcome outcome, int status, std::string_view message,
                         milliseconds retry_after = milliseconds(0)) {
    return Answer{.outcome = outcome,
                  .status = status,
                  .body = problem_json(outcome, message),
                  .retry_after = retry_after};
  };
  const auto caller = parts_.callers.judge(request);
  if (const auto* refusal = std::get_if<CallerRefusal>(&caller)) {
    return refuse(outcome_of(*refusal), refusal->status, refusal->message);
  }
  client = std::get<Caller>(caller).name;
  const nanoseconds started = now();
  if (const auto wait = admission_.charge(client, started)) {
    return refuse(Outcome::kTooOften, 429, "too many requests of this client", *wait);
  }
  const auto parsed = parse_organic_request(request.body, options_.image);
  if (!parsed) {
    const bool is_large = parsed.error().code == ErrorCode::kExhausted;
    return refuse(is_large ? Outcome::kTooLarge : Outcome::kMalformed, is_large ? 413 : 400,
                  parsed.error().message);
  }
  Admission::Entry entry = admission_.enter(parsed->content, started);
  if (!entry.place) {
    return entry.is_repeated
               ? refuse(Outcome::kRepeated, 429, "this image was asked about lately",
                        entry.retry_after)
               : refuse(Outcome::kBusy, 503, "too many requests are worked on: try again later",
                        entry.retry_after);
  }
  Answer answer = ask_miners(*parsed, started, *entry.place);
  if (answer.outcome != Outcome::kAnswered) {
    answer.body = problem_json(answer.outcome, answer.body);
  }
  return answer;
}

ProxyDesk::Answer ProxyDesk::ask_miners(const OrganicRequest& request, nanoseconds started,
                                        Admission::Place& place) {
  const std::vector<Miner> available = parts_.line.available();
  if (available.empty()) {
    return {.outcome = Outcome::kNoMiners,
            .status = 503,
            .body = "there is no miner that may be asked",
            .retry_after = std::chrono::seconds(10)};
  }
  decoding_.acquire();
  auto image = prepare_image(request.image, options_.image);
  decoding_.release();
  if (!image) {
    const bool is_large = image.error().code == ErrorCode::kExhausted;
    return {.outcome = is_large ? Outcome::kTooLarge : Outcome::kMalformed,
            .status = is_large ? 413 : 400,
            .body = image.error().message};
  }
  std::vector<PlannedAsk> asks;
  {
    const std::scoped_lock lock(mutex_);
    asks =
        plan(rota_.choose(options_.miners_per_request, available, now(), parts_.random), started);
  }
  const auto answers =
      parts_.line.ask(asks, std::make_shared<const std::string>(
                                protocol::write_image_request(*image, options_.miner_timeout)));
  if (!answers) {
    return {.outcome = Outcome::kStopped,
            .status = 503,
            .body = "the validator is stopping",
            .retry_after = std::chrono::seconds(10)};
  }
  Answer answer{.num_asked = asks.size()};
  {
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < asks.size(); ++i) {
      if (!answers->at(i).prediction) rota_.rest(asks[i].miner.hotkey, now());
    }
  }
  answer.num_valid = static_cast<std::size_t>(std::ranges::count_if(
      *answers, [](const MinerAnswer& given) { return given.prediction.has_value(); }));
  if (answer.num_valid == 0) {
    answer.outcome = Outcome::kUnanswered;
    answer.status = 500;
    answer.body = "no miner gave a valid answer";
    return answer;
  }
  place.answered();
  answer.body = answer_json(request, asks, *answers);
  return answer;
}

// Called with the lock of the random numbers.
std::vector<PlannedAsk> ProxyDesk::plan(std::vector<Miner> miners, nanoseconds started) {
  const auto spent = std::chrono::ceil<milliseconds>(now() - started);
  const milliseconds left = std::max(options_.deadline - spent, kMinTimeout);
  const auto width = static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, (options_.max_stagger - options_.min_stagger).count()));
  std::vector<PlannedAsk> asks;
  milliseconds start{0};
  for (Miner& miner : miners) {
    if (!asks.empty()) {
      start += options_.min_stagger + milliseconds(parts_.random.below(width + 1));
    }
    // Whoever comes last still has a part of the time.
    start = std::min(start, left / 2);
    asks.push_back({.miner = std::move(miner),
                    .start_after = start,
                    .timeout = std::min(options_.miner_timeout, left - start)});
  }
  return asks;
}

std::string ProxyDesk::answer_json(const OrganicRequest& request,
                                   const std::vector<PlannedAsk>& asked,
                                   const std::vector<MinerAnswer>& answers) const {
  std::vector<const Miner*> answering;
  json::Writer writer;
  writer.begin_object().name("preds").begin_list();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const std::optional<double> prediction = answers.at(i).prediction;
    if (!prediction) continue;
    writer.number(*prediction);
    answering.push_back(&asked[i].miner);
  }
  writer.end_list();
  writer.name("fqdn").text(options_.host_name);
  writer.name("task_hash").text(request.content.to_hex().substr(0, kTaskHashDigits));
  writer.name("miners_queried").unsigned_integer(asked.size());
  writer.name("valid_responses").unsigned_integer(answering.size());
  if (!request.is_rich) return writer.end_object().take() + "\n";

  const auto list = [&](std::string_view name, const auto& write) {
    writer.name(name).begin_list();
    for (const Miner* const miner : answering) write(*miner);
    writer.end_list();
  };
  list("uids", [&](const Miner& miner) { writer.unsigned_integer(miner.uid); });
  for (const auto& [name, figure] :
       {std::pair("ranks", &Miner::rank), std::pair("incentives", &Miner::incentive),
        std::pair("emissions", &Miner::emission)}) {
    list(name, [&](const Miner& miner) {
      const std::optional<double>& value = miner.*figure;
      value ? writer.number(*value) : writer.null();
    });
  }
  list("hotkeys", [&](const Miner& miner) { writer.text(miner.hotkey.to_ss58()); });
  list("coldkeys", [&](const Miner& miner) { writer.text(miner.coldkey); });
  writer.name("selected_miners").begin_list();
  for (const PlannedAsk& ask : asked) writer.unsigned_integer(ask.miner.uid);
  writer.end_list();
  const auto seconds = [](milliseconds span) {
    return std::chrono::duration<double>(span).count();
  };
  const Admission::Sizes sizes = admission_.sizes();
  const std::scoped_lock lock(mutex_);
  writer.name("distribution_stats").begin_object();
  writer.name("recent_tasks").unsigned_integer(sizes.num_images);
  writer.name("active_tasks").unsigned_integer(sizes.num_active);
  writer.name("completed_tasks").unsigned_integer(figures_.count(Outcome::kAnswered));
  writer.name("resting_miners").unsigned_integer(rota_.num_resting());
  writer.name("miners_per_task").unsigned_integer(options_.miners_per_request);
  writer.name("deduplication_window_seconds").number(seconds(options_.admission.images.window));
  writer.name("miner_cooldown_seconds").number(seconds(options_.miner_cool_down));
  writer.end_object();
  return writer.end_object().take() + "\n";
}

void ProxyDesk::count(const Answer& answer, std::string_view client, nanoseconds started) {
  std::string refusals;
  {
    const std::scoped_lock lock(mutex_);
    ++figures_.num_by_outcome.at(static_cast<std::size_t>(answer.outcome));
    figures_.last_request = parts_.clock.now();
    if (answer.outcome == Outcome::kAnswered) figures_.last_answer = figures_.last_request;
    if (is_refusal(answer.outcome)) {
      ++untold_.at(static_cast<std::size_t>(answer.outcome));
      if (last_warning_ && now() - *last_warning_ < kWarningInterval) return;
      last_warning_ = now();
      for (std::size_t i = 0; i < kNumOutcomes; ++i) {
        if (untold_.at(i) == 0) continue;
        refusals += fmt::format("{}{} {}", refusals.empty() ? "" : ", ", untold_.at(i),
                                to_string(static_cast<Outcome>(i)));
      }
      untold_ = {};
    }
  }
  if (!refusals.empty()) {
    log_warning("organic requests were refused", {{"since_the_last_line", refusals}});
    return;
  }
  const auto took = std::chrono::duration_cast<milliseconds>(now() - started);
  log_info("organic request", {{"client", client},
                               {"outcome", to_string(answer.outcome)},
                               {"asked", std::to_string(answer.num_asked)},
                               {"valid", std::to_string(answer.num_valid)},
                               {"ms", std::to_string(took.count())}});
}

}  // namespace assay::organic

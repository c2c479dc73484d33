#include "miner/axon.h"

#include "json/writer.h"
#include "net/retry_policy.h"
#include "net/url.h"
#include "protocol/btauth.h"
#include "protocol/epistula.h"
#include "protocol/generation_messages.h"
#include "protocol/image_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

namespace assay::miner {
namespace {

/// Besides the image: names, addresses, signatures.
constexpr std::uint64_t kMaxEnvelope = 64U << 10;
constexpr ByteCount kMaxJobBody(64U << 10);
/// Handlers that are free while all places of the queue are taken.
constexpr std::size_t kSpareHandlers = 8;

// Btauth first: who signs by it and by another is judged by the strictest.
std::vector<std::unique_ptr<protocol::Scheme>> all_schemes() {
  std::vector<std::unique_ptr<protocol::Scheme>> schemes;
  schemes.push_back(std::make_unique<protocol::Btauth>());
  schemes.push_back(std::make_unique<protocol::Epistula>());
  protocol::LegacyOptions legacy;
  // A validator has several requests under way, which do not arrive in the order of their nonces.
  legacy.order = protocol::NonceOrder::kAny;
  schemes.push_back(std::make_unique<protocol::Legacy>(std::move(legacy)));
  return schemes;
}

std::string message_json(std::string_view message) {
  json::Writer writer;
  return writer.begin_object().name("message").text(message).end_object().take();
}

struct Denial {
  int status;
  std::string_view message;
};

Denial denial_of(Admission admission) {
  switch (admission) {
    case Admission::kTooManyOfSender:
      return {429, "too many requests of this sender at once"};
    case Admission::kTooLate:
      return {408, "no turn came before the answer would have been too late"};
    case Admission::kFull:
    case Admission::kAdmitted:
      break;
  }
  return {503, "too many requests wait: try again later"};
}

/// The old headers sign no body: a prompt could be another by now.
bool is_body_signed(const net::ServedRequest& request) {
  return protocol::Btauth().is_used_by(request.headers) ||
         protocol::Epistula().is_used_by(request.headers);
}

int http_status_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidInput:
      return 400;
    case ErrorCode::kExhausted:
      return 429;
    default:
      return 503;
  }
}

}  // namespace

Axon::Axon(const Parts& parts, AxonOptions options)
    : parts_(parts),
      options_(std::move(options)),
      gate_(parts_.self, all_schemes(),
            [this](const keys::Hotkey& sender) {
              return objection_to(parts_.directory, sender, options_.policy);
            }),
      queue_(options_.queue, parts_.clock) {}

std::size_t Axon::num_handlers() const {
  return options_.queue.max_running + options_.queue.max_waiting + kSpareHandlers;
}

std::map<int, std::uint64_t> Axon::counts() const {
  const std::scoped_lock guard(mutex_);
  return counts_;
}

std::vector<net::HttpRoute> Axon::routes(std::stop_token stop) {
  const auto route = [&](std::string_view target, ByteCount max_body, Handler handler) {
    return net::HttpRoute{
        .method = net::HttpMethod::kPost,
        .pattern = std::string(target),
        .handler = [this, handler, stop](
                       const net::ServedRequest& request) { return serve(request, handler, stop); },
        .max_body = max_body};
  };
  const std::uint64_t image_text = (parts_.images.limits().max_image.count() + 2) / 3 * 4;
  std::vector<net::HttpRoute> routes;
  routes.push_back(route(fmt::format("/{}", protocol::kImageSynapse),
                         ByteCount(image_text + kMaxEnvelope), &Axon::answer_image));
  if (parts_.jobs != nullptr) {
    routes.push_back(route(protocol::kGenerationTarget, kMaxJobBody, &Axon::take_job));
  }
  return routes;
}

net::ServedResponse Axon::serve(const net::ServedRequest& request, Handler handler,
                                const std::stop_token& stop) {
  const auto start = parts_.clock.monotonic();
  Answer answer = judge(request, handler, stop);
  net::ServedResponse response{.status = answer.status, .body = std::move(answer.body)};
  if (answer.status == 429 || answer.status == 503) {
    response.headers.push_back({.name = "Retry-After", .value = "1"});
  }
  if (legacy_.is_used_by(request.headers)) {
    const auto headers =
        protocol::legacy_answer_headers({.synapse = protocol::kImageSynapse,
                                         .status = answer.status,
                                         .message = answer.status < 300 ? "Success" : "Refused",
                                         .process_time = parts_.clock.monotonic() - start});
    response.headers.insert(response.headers.end(), headers.begin(), headers.end());
  }
  const std::scoped_lock guard(mutex_);
  ++counts_[answer.status];
  return response;
}

Axon::Answer Axon::judge(const net::ServedRequest& request, Handler handler,
                         const std::stop_token& stop) {
  const auto verdict = gate_.check({.method = net::to_string(request.method),
                                    .target = request.raw_target,
                                    .headers = request.headers,
                                    .body = request.body},
                                   now());
  if (const auto* refusal = std::get_if<protocol::Refusal>(&verdict)) {
    return {.status = refusal->status, .body = message_json(refusal->message)};
  }
  return (this->*handler)(request, std::get<protocol::Authentic>(verdict).sender, stop);
}

Axon::Answer Axon::answer_image(const net::ServedRequest& request, const keys::Hotkey& sender,
                                const std::stop_token& stop) {
  const auto standing = parts_.directory.find(sender);
  WorkQueue::Turn turn = queue_.enter({.sender = sender, .stake = standing ? standing->stake : 0});
  if (!turn.place) {
    const Denial denial = denial_of(turn.admission);
    return {.status = denial.status, .body = message_json(denial.message)};
  }
  // What has begun is finished, also when the miner is stopped.
  const ImageOutcome outcome = parts_.images.answer(request.body, {});
  turn.place->work_is_done();
  if (outcome.status != 200) {
    return {.status = outcome.status, .body = message_json(outcome.message)};
  }
  std::string body = protocol::write_image_answer(outcome.prediction);
  if (options_.character.character == Character::kSlow) {
    // A stop in between only makes it earlier.
    const Status waited = net::wait_for(options_.character.delay, stop);
  }
  if (options_.character.character == Character::kFlooding) {
    body.resize(std::max<std::size_t>(body.size(), options_.character.flood_size.count()), ' ');
  }
  return {.status = 200, .body = std::move(body)};
}

Axon::Answer Axon::take_job(const net::ServedRequest& request, const keys::Hotkey& sender,
                            const std::stop_token& /*stop*/) {
  if (!is_body_signed(request)) {
    return {.status = 401, .body = message_json("a job is ordered by a protocol that signs it")};
  }
  auto order = protocol::parse_generation_request(request.body);
  if (!order) {
    const int status = order.error().code == ErrorCode::kExhausted ? 413 : 400;
    return {.status = status, .body = message_json(order.error().message)};
  }
  const auto address = request.header(protocol::kWebhookHeader);
  const auto url = net::Url::parse(address.value_or(""));
  if (!url || (url->scheme() != net::UrlScheme::kHttp && url->scheme() != net::UrlScheme::kHttps)) {
    return {.status = 400,
            .body = message_json("the header X-Webhook-URL is missing, or no http address")};
  }
  const auto standing = parts_.directory.find(sender);
  const auto id = parts_.jobs->take(
      {.request = std::move(*order),
       .callback = {.url = *url, .validator = sender},
       .validator_uid = standing ? std::optional<std::int64_t>(standing->uid) : std::nullopt});
  if (!id) {
    const int status = http_status_of(id.error());
    // What the disk says of our folders is for our log.
    return {.status = status,
            .body = message_json(status == 429 ? "too many jobs of this validator wait"
                                               : "the job cannot be taken on now")};
  }
  return {.status = protocol::kJobAccepted, .body = protocol::write_job_accepted(*id)};
}

}  // namespace assay::miner

#include "validator/http_courier.h"

#include "core/shown_text.h"
#include "protocol/btauth.h"
#include "protocol/epistula.h"
#include "protocol/image_messages.h"
#include "protocol/legacy.h"

#include <fmt/format.h>

#include <array>
#include <unordered_map>
#include <utility>
#include <variant>

namespace assay::validator {
namespace {

constexpr std::array kProtocols = {WireProtocol::kBtauth, WireProtocol::kEpistula,
                                   WireProtocol::kLegacy};
/// Of what a miner says with an error, as much goes into a log.
constexpr std::size_t kMaxDetail = 200;

std::string target() { return fmt::format("/{}", protocol::kImageSynapse); }

ReplyKind kind_of(protocol::AnswerKind kind) {
  switch (kind) {
    case protocol::AnswerKind::kPrediction:
      return ReplyKind::kPrediction;
    case protocol::AnswerKind::kDeclined:
      return ReplyKind::kDeclined;
    case protocol::AnswerKind::kUnreadable:
      return ReplyKind::kUnreadable;
    case protocol::AnswerKind::kWrongType:
      return ReplyKind::kWrongType;
    case protocol::AnswerKind::kNotFinite:
      return ReplyKind::kNotFinite;
    case protocol::AnswerKind::kOutOfRange:
      return ReplyKind::kOutOfRange;
  }
  return ReplyKind::kUnreadable;
}

ReplyKind kind_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTimeout:
      return ReplyKind::kTimeout;
    case ErrorCode::kExhausted:
      return ReplyKind::kTooLarge;
    default:
      return ReplyKind::kUnreachable;
  }
}

}  // namespace

std::string_view to_string(WireProtocol protocol) {
  switch (protocol) {
    case WireProtocol::kBtauth:
      return "btauth";
    case WireProtocol::kEpistula:
      return "epistula";
    case WireProtocol::kLegacy:
      return "legacy";
  }
  return "unknown";
}

Result<WireProtocol> parse_wire_protocol(std::string_view text) {
  for (const WireProtocol protocol : kProtocols) {
    if (text == to_string(protocol)) return protocol;
  }
  return invalid_input(
      fmt::format("expected btauth, epistula or legacy, not {}", shown_text(text)));
}

std::unique_ptr<protocol::Scheme> make_scheme(WireProtocol protocol) {
  switch (protocol) {
    case WireProtocol::kEpistula:
      return std::make_unique<protocol::Epistula>();
    case WireProtocol::kLegacy:
      return std::make_unique<protocol::Legacy>();
    case WireProtocol::kBtauth:
      break;
  }
  return std::make_unique<protocol::Btauth>();
}

Result<net::HttpRequest> make_request(const Ask& ask, const protocol::Scheme& scheme,
                                      const CourierTools& tools) {
  const bool is_ipv6 = ask.miner.ip.contains(':');
  ASSIGN_OR_RETURN(net::Url url, net::Url::parse(fmt::format(
                                     fmt::runtime(is_ipv6 ? "http://[{}]:{}{}" : "http://{}:{}{}"),
                                     ask.miner.ip, ask.miner.port, target())));
  const std::string path = target();
  ASSIGN_OR_RETURN(std::vector<net::HttpHeader> signed_headers,
                   scheme.sign({.target = path,
                                .body = *ask.body,
                                .receiver = ask.miner.hotkey,
                                .timeout = ask.timeout,
                                .receiver_ip = ask.miner.ip,
                                .receiver_port = ask.miner.port},
                               tools.sender, tools.clock.now(), tools.random));
  signed_headers.push_back({.name = "Content-Type", .value = "application/json"});
  ASSIGN_OR_RETURN(net::HttpHeaders headers, net::HttpHeaders::create(std::move(signed_headers)));
  return net::HttpRequest{.method = net::HttpMethod::kPost,
                          .url = std::move(url),
                          .headers = std::move(headers),
                          .body = *ask.body,
                          .timeout = ask.timeout,
                          .max_body = kMaxReplySize};
}

Reply read_reply(const Result<net::HttpResponse>& answer, std::chrono::milliseconds latency) {
  Reply reply{.latency = latency};
  if (!answer) {
    reply.kind = kind_of(answer.error().code);
    reply.detail = answer.error().message;
    return reply;
  }
  reply.http_status = answer->status;
  if (answer->status != 200) {
    reply.kind = ReplyKind::kRefused;
    reply.detail = fmt::format("HTTP {}: {}", answer->status,
                               shown_text(std::string_view(answer->body).substr(0, kMaxDetail)));
    return reply;
  }
  const protocol::ImageAnswer judged = protocol::read_image_answer(answer->body);
  reply.kind = kind_of(judged.kind);
  if (judged.kind == protocol::AnswerKind::kPrediction) {
    reply.prediction = judged.prediction;
  } else {
    reply.detail = fmt::format("{}: {}", protocol::to_string(judged.kind),
                               shown_text(std::string_view(answer->body).substr(0, kMaxDetail)));
  }
  return reply;
}

HttpCourier::HttpCourier(const CourierTools& tools, std::unique_ptr<protocol::Scheme> scheme,
                         net::HttpPool pool)
    : tools_(tools), scheme_(std::move(scheme)), pool_(std::move(pool)) {}

Result<std::unique_ptr<HttpCourier>> HttpCourier::create(const CourierTools& tools,
                                                         const HttpCourierOptions& options) {
  ASSIGN_OR_RETURN(net::HttpPool pool,
                   net::HttpPool::create({.http = {.connect_timeout = options.connect_timeout,
                                                   .user_agent = "assay-validator"},
                                          .max_in_flight = options.max_in_flight,
                                          .max_per_host = options.max_in_flight}));
  return std::unique_ptr<HttpCourier>(
      new HttpCourier(tools, make_scheme(options.protocol), std::move(pool)));
}

Status HttpCourier::run(const AskSource& source, const ReplySink& sink) {
  std::unordered_map<std::uint64_t, std::chrono::nanoseconds> sent_at;
  const net::RequestSource requests = [&] -> Result<net::NextRequest> {
    while (true) {
      ASSIGN_OR_RETURN(NextAsk next, source());
      if (std::holds_alternative<NothingMore>(next)) return net::NextRequest(net::NoMoreRequests{});
      if (const auto* wait = std::get_if<WaitUntil>(&next)) {
        const auto left = wait->monotonic - tools_.clock.monotonic();
        return net::NextRequest(net::AskAgain{.at = std::chrono::steady_clock::now() + left});
      }
      const Ask& ask = std::get<Ask>(next);
      auto request = make_request(ask, *scheme_, tools_);
      if (request) {
        sent_at[ask.id] = tools_.clock.monotonic();
        return net::NextRequest(net::PooledRequest{.id = ask.id, .request = std::move(*request)});
      }
      // An address that is none is the miner's affair.
      RETURN_IF_ERROR(sink(ask.id, Reply{.detail = request.error().message}));
    }
  };
  const net::ResponseSink responses = [&](std::uint64_t id,
                                          const Result<net::HttpResponse>& response) -> Status {
    const auto sent = sent_at.extract(id);
    const auto latency = tools_.clock.monotonic() - sent.mapped();
    return sink(
        id, read_reply(response, std::chrono::duration_cast<std::chrono::milliseconds>(latency)));
  };
  return pool_.run(requests, responses, {});
}

}  // namespace assay::validator

/// \file
/// The courier of the real network: signed HTTP requests, all at once from one thread.

#pragma once

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "keys/sr25519.h"
#include "net/http_pool.h"
#include "protocol/scheme.h"
#include "validator/courier.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace assay::validator {

/// How requests to miners are signed.
enum class WireProtocol : std::uint8_t { kBtauth, kEpistula, kLegacy };

/// `btauth`, `epistula` or `legacy`.
std::string_view to_string(WireProtocol protocol);
/// Errors: kInvalidInput, which names the three.
Result<WireProtocol> parse_wire_protocol(std::string_view text);
std::unique_ptr<protocol::Scheme> make_scheme(WireProtocol protocol);

/// What the courier works with; all outlive it.
struct CourierTools {
  const keys::KeyPair& sender;
  const Clock& clock;
  RandomSource& random;
};

struct HttpCourierOptions {
  WireProtocol protocol = WireProtocol::kBtauth;
  /// Requests on their way at any moment: some rounds of all members of a network.
  std::size_t max_in_flight = 2048;
  /// For the connection alone.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(4);
};

/// An answer is some hundred bytes; the old axon also sends the whole image back.
inline constexpr ByteCount kMaxReplySize{std::uint64_t{2} << 20};

/// The request that an Ask becomes. Errors: kInvalidInput (an address that is none).
Result<net::HttpRequest> make_request(const Ask& ask, const protocol::Scheme& scheme,
                                      const CourierTools& tools);

/// Errors: as Courier.
class HttpCourier final : public Courier {
 public:
  /// Errors: as net::HttpPool.
  static Result<std::unique_ptr<HttpCourier>> create(const CourierTools& tools,
                                                     const HttpCourierOptions& options = {});

  Status run(const AskSource& source, const ReplySink& sink) override;

 private:
  HttpCourier(const CourierTools& tools, std::unique_ptr<protocol::Scheme> scheme,
              net::HttpPool pool);

  CourierTools tools_;
  std::unique_ptr<protocol::Scheme> scheme_;
  net::HttpPool pool_;
};

/// Judge what a miner sent. `answer` is the whole outcome of one request.
Reply read_reply(const Result<net::HttpResponse>& answer, std::chrono::milliseconds latency);

}  // namespace assay::validator

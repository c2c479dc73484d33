/// \file
/// The seam to the miners: images go out, answers come back. What a challenge shows is not part of
/// anything here, so that nobody on the way can learn it.

#pragma once

#include "core/result.h"
#include "keys/ss58.h"
#include "scoring/neuron.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>

namespace assay::validator {

struct MinerAddress {
  scoring::Uid uid = 0;
  keys::Hotkey hotkey;
  /// In numbers; IPv6 without brackets.
  std::string ip;
  std::uint16_t port = 0;
};

/// One request. `id` comes back with its reply and means nothing to the courier.
struct Ask {
  std::uint64_t id = 0;
  MinerAddress miner;
  /// The body that all miners of a round get.
  std::shared_ptr<const std::string> body;
  /// From when it leaves to the last byte of the reply.
  std::chrono::milliseconds timeout = std::chrono::seconds(9);
};

/// What came back. The numbers stand in files: do not change the values.
enum class ReplyKind : std::uint8_t {
  kPrediction = 0,   ///< A probability.
  kDeclined = 1,     ///< The miner says that it does not know.
  kUnreadable = 2,   ///< Not the JSON of an answer.
  kWrongType = 3,    ///< The prediction is no number.
  kNotFinite = 4,    ///< NaN or an infinity.
  kOutOfRange = 5,   ///< Not in [0, 1].
  kTimeout = 6,      ///< Nothing, or not all of it, in time.
  kUnreachable = 7,  ///< Nobody there, or not speaking HTTP.
  kRefused = 8,      ///< Another status than 200.
  kTooLarge = 9,     ///< More bytes than an answer can have.
  kNotAwaited = 10,  ///< The validator was stopped first: counts for nothing.
};
inline constexpr std::size_t kNumReplyKinds = 11;

/// In snake case, for JSON.
std::string_view to_string(ReplyKind kind);
/// Errors: kInvalidInput.
Result<ReplyKind> parse_reply_kind(std::string_view text);

struct Reply {
  ReplyKind kind = ReplyKind::kUnreachable;
  /// In [0, 1] for kPrediction, else -1.
  double prediction = -1;
  /// 0 when there was no response.
  int http_status = 0;
  std::chrono::milliseconds latency{0};
  /// For a person who looks at one miner; empty for a prediction.
  std::string detail = {};
};

/// Nothing to send now: ask again at this time of Clock::monotonic(), or after the next reply.
struct WaitUntil {
  std::chrono::nanoseconds monotonic;
};
/// Nothing more to send, ever.
struct NothingMore {};
using NextAsk = std::variant<Ask, WaitUntil, NothingMore>;

using AskSource = std::function<Result<NextAsk>()>;
using ReplySink = std::function<Status(std::uint64_t id, Reply reply)>;

/// Carries many requests at once.
/// Threads: one thread at a time; source and sink are called on the thread of run().
class Courier {
 public:
  virtual ~Courier() = default;
  Courier() = default;
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  /// Send what `source` gives until it gives no more and every reply is in. What goes wrong with a
  /// request is its reply. When the run ends early, what is on its way is dropped without a call.
  /// Errors: kInternal, kMissing (nothing can be sent at all), and whatever source or sink return.
  virtual Status run(const AskSource& source, const ReplySink& sink) = 0;
};

}  // namespace assay::validator

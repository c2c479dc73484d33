/// \file
/// What the validator needs of the proxy for images of clients: to be told the network, and to say
/// how it is. Nothing that it does reaches rounds or scores.

#pragma once

#include "core/timestamp.h"
#include "validator/network_view.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace assay::validator {

struct ProxyStatus {
  /// `http://127.0.0.1:10913`; empty while it does not listen.
  std::string address = {};
  /// Why it does not, or what else is wrong; empty when all is well.
  std::string problem = {};
  /// Since the start.
  std::uint64_t num_requests = 0;
  std::uint64_t num_answered = 0;
  /// Miners were asked, or nobody could be.
  std::uint64_t num_unanswered = 0;
  /// Before anything was asked.
  std::uint64_t num_refused = 0;
  std::uint64_t num_active = 0;
  std::optional<Timestamp> last_request = std::nullopt;
  std::optional<Timestamp> last_answer = std::nullopt;
};

/// Its trouble is its own: no call can fail, and all return at once.
/// Threads: one thread at a time.
class OrganicProxy {
 public:
  virtual ~OrganicProxy() = default;
  OrganicProxy() = default;
  OrganicProxy(const OrganicProxy&) = delete;
  OrganicProxy& operator=(const OrganicProxy&) = delete;

  /// Called several times a second, between rounds, with the network as it is now.
  virtual void between_rounds(const std::shared_ptr<const NetworkView>& view) = 0;
  virtual ProxyStatus status() const = 0;
  /// Which of its threads has not gone on for longer than `limit`, in a sentence; empty: none. The
  /// process then ends, for such a thread cannot be waited for.
  virtual std::string stuck(std::chrono::milliseconds limit) const {
    static_cast<void>(limit);
    return {};
  }
};

}  // namespace assay::validator

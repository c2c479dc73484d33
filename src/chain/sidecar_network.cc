#include "chain/sidecar_network.h"

#include "chain/sidecar_link_internal.h"
#include "chain/sidecar_messages_internal.h"
#include "chain/sidecar_start_internal.h"
#include "core/shown_text.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::chain {
namespace {

json::Writer& begin_params(json::Writer& writer, Netuid netuid) {
  return writer.begin_object().name("netuid").integer(std::to_underlying(netuid));
}

std::string netuid_params(Netuid netuid) {
  json::Writer writer;
  begin_params(writer, netuid).end_object();
  return writer.take();
}

}  // namespace

class SidecarNetwork::Impl {
 public:
  Impl(const SidecarOptions& options, const std::optional<keys::Hotkey>& self, const Clock& clock)
      : name_(options.network),
        self_(self),
        link_({.child = sidecar_child(options),
               .start_deadline = options.start_deadline,
               .first_restart_wait = options.first_restart_wait,
               .last_restart_wait = options.last_restart_wait,
               .check_greeting =
                   [self](const json::Value& ready) { return check_greeting(ready, self); }},
              clock) {}

  const std::string& name() const { return name_; }
  const std::optional<keys::Hotkey>& self() const { return self_; }
  std::uint64_t num_starts() const { return link_.num_starts(); }

  Status check_self() const {
    if (self_) return {};
    return missing(name_ + ": opened without a hotkey, so nothing can be asked or written for one");
  }

  Result<json::Value> ask(std::string_view method, std::string_view params,
                          const CallOptions& options) {
    SidecarReply reply = link_.call(method, params, options);
    switch (reply.kind) {
      case SidecarReply::Kind::kResult:
        return std::move(reply.content);
      case SidecarReply::Kind::kError:
        return error_of(read_sidecar_error(reply.content), name_);
      case SidecarReply::Kind::kNotSent:
      case SidecarReply::Kind::kNoAnswer:
        return std::move(reply.why).within(name_);
    }
    std::unreachable();
  }

  Result<WriteOutcome> write(SidecarWrite write, std::string_view method, std::string_view params,
                             const CallOptions& options) {
    SidecarReply reply = link_.call(method, params, options);
    switch (reply.kind) {
      case SidecarReply::Kind::kResult:
        return outcome_of(reply.content);
      case SidecarReply::Kind::kError:
        return outcome_of(read_sidecar_error(reply.content), write, name_);
      case SidecarReply::Kind::kNotSent:
        return std::move(reply.why).within(name_);
      case SidecarReply::Kind::kNoAnswer:
        return WriteOutcome{.result = WriteResult::kOutcomeUnknown,
                            .message = std::move(reply.why).within(name_).message};
    }
    std::unreachable();
  }

 private:
  const std::string name_;
  const std::optional<keys::Hotkey> self_;
  SidecarLink link_;
};

SidecarNetwork::SidecarNetwork(const SidecarOptions& options,
                               const std::optional<keys::Hotkey>& self, const Clock& clock)
    : impl_(std::make_unique<Impl>(options, self, clock)) {}
SidecarNetwork::~SidecarNetwork() = default;

const std::string& SidecarNetwork::name() const { return impl_->name(); }
const std::optional<keys::Hotkey>& SidecarNetwork::self() const { return impl_->self(); }
std::uint64_t SidecarNetwork::num_starts() const { return impl_->num_starts(); }

Result<BlockNumber> SidecarNetwork::current_block(const CallOptions& options) {
  ASSIGN_OR_RETURN(const json::Value result, impl_->ask("block", "{}", options));
  return with_context(read_block(result), name());
}

Result<Metagraph> SidecarNetwork::metagraph(Netuid netuid, const CallOptions& options) {
  ASSIGN_OR_RETURN(const json::Value result,
                   impl_->ask("metagraph", netuid_params(netuid), options));
  ASSIGN_OR_RETURN(Metagraph metagraph, with_context(read_metagraph(result), name()));
  if (metagraph.netuid != netuid) return corrupt(name() + ": the metagraph is of another network");
  return metagraph;
}

Result<Hyperparameters> SidecarNetwork::hyperparameters(Netuid netuid, const CallOptions& options) {
  ASSIGN_OR_RETURN(const json::Value result,
                   impl_->ask("hyperparams", netuid_params(netuid), options));
  return with_context(read_hyperparameters(result), name());
}

Result<WeightsState> SidecarNetwork::weights_state(Netuid netuid, const CallOptions& options) {
  RETURN_IF_ERROR(impl_->check_self());
  ASSIGN_OR_RETURN(const json::Value result,
                   impl_->ask("weights_state", netuid_params(netuid), options));
  return with_context(read_weights_state(result), name());
}

Result<WriteOutcome> SidecarNetwork::set_weights(const WeightSubmission& submission,
                                                 const CallOptions& options) {
  RETURN_IF_ERROR(impl_->check_self());
  json::Writer writer;
  begin_params(writer, submission.netuid)
      .name("version_key")
      .unsigned_integer(submission.version_key)
      .name("weights")
      .begin_list();
  for (const WeightEntry& entry : submission.weights) {
    writer.begin_list().integer(entry.uid).integer(entry.weight).end_list();
  }
  writer.end_list().end_object();
  return impl_->write(SidecarWrite::kWeights, "set_weights", writer.take(), options);
}

Result<WriteOutcome> SidecarNetwork::serve_axon(Netuid netuid, const Axon& axon,
                                                const CallOptions& options) {
  RETURN_IF_ERROR(impl_->check_self());
  json::Writer writer;
  begin_params(writer, netuid)
      .name("ip")
      .text(axon.ip)
      .name("port")
      .integer(axon.port)
      .name("version")
      .integer(axon.version)
      .name("protocol")
      .integer(axon.protocol)
      .end_object();
  return impl_->write(SidecarWrite::kAxon, "serve_axon", writer.take(), options);
}

NetworkHealth SidecarNetwork::health(const CallOptions& options) {
  const auto greeting = impl_->ask("hello", "{}", options);
  if (!greeting) return {.detail = greeting.error().message};
  const auto block = current_block(options);
  if (!block) return {.detail = block.error().message};
  const auto shown = [&](std::string_view field) {
    const json::Value* const value = greeting->find(field);
    const std::string* const text = value == nullptr ? nullptr : value->text();
    return text == nullptr ? std::string("unknown") : shown_text(*text);
  };
  const json::Value* const spec = greeting->find("spec_version");
  return {.is_connected = true,
          .block = *block,
          .detail = fmt::format("bittensor {} at {}, runtime {}", shown("sdk"), shown("endpoint"),
                                spec == nullptr ? 0 : spec->integer().value_or(0))};
}

}  // namespace assay::chain

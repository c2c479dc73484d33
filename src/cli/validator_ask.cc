#include "app/cache_shelf.h"
#include "app/chain_sdk_place.h"
#include "chain/open_network.h"
#include "cli/cache_options_internal.h"
#include "cli/validator_options_internal.h"
#include "core/clock.h"
#include "core/random.h"
#include "files/atomic_file.h"
#include "files/file_system.h"
#include "images/decode.h"
#include "json/writer.h"
#include "protocol/image_messages.h"
#include "report/visible_text.h"
#include "validator/ask.h"
#include "validator/challenge.h"
#include "validator/network_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

namespace assay::cli {
namespace {

/// Of a body, as much is shown.
constexpr std::size_t kMaxShown = 400;

struct AskFlags {
  NetworkFlags network;
  WalletFlags wallet;
  CacheFolderFlag cache;
  std::uint16_t uid = 0;
  std::string image;
  std::string timeout = "9";
  std::optional<std::uint64_t> seed;
  validator::WireProtocol protocol = validator::WireProtocol::kBtauth;
};

/// The file that was named, or any image of the cache.
Result<validator::ShelfImage> find_image(const AskFlags& flags, Session& session) {
  if (!flags.image.empty()) {
    ASSIGN_OR_RETURN(
        const std::string bytes,
        files::read_file(files::posix_file_system(), flags.image, images::kMaxEncodedSize));
    const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
    return validator::ShelfImage{.name = flags.image, .bytes = {first, first + bytes.size()}};
  }
  ASSIGN_OR_RETURN(const std::filesystem::path folder, flags.cache.folder(session));
  ASSIGN_OR_RETURN(const auto shelf, app::CacheShelf::open(folder, {}, session.stop));
  ASSIGN_OR_RETURN(const auto stock, shelf->stock());
  for (std::size_t i = 0; i < validator::kNumCells; ++i) {
    if (stock.at(i) == 0) continue;
    ASSIGN_OR_RETURN(auto image, shelf->draw(validator::cell_at(i)));
    if (image) return std::move(*image);
  }
  return missing(
      fmt::format("No images available in cache: {} Give one by --image.", shelf->why_empty()));
}

Result<validator::MinerAddress> find_miner(const AskFlags& flags, const keys::Hotkey& self,
                                           Session& session) {
  ASSIGN_OR_RETURN(const chain::NetworkAddress address, flags.network.address());
  // Nothing is written, so that a chain need not know the hotkey.
  const chain::RemoteAccess remote{.python = app::chain_python(session.config)};
  ASSIGN_OR_RETURN(const auto network,
                   chain::open_network(address, std::nullopt, system_clock(), remote));
  const chain::CallOptions call{.stop = session.stop};
  ASSIGN_OR_RETURN(chain::Metagraph metagraph,
                   network->metagraph(chain::Netuid{flags.network.netuid}, call));
  const auto view =
      validator::make_network_view(std::move(metagraph), {}, self, system_clock().now());
  if (flags.uid >= view->neurons.size()) {
    return not_found(fmt::format("network {} has {} members, none with uid {}",
                                 flags.network.netuid, view->neurons.size(), flags.uid));
  }
  if (!view->neurons[flags.uid].is_serving) {
    return not_found(fmt::format("uid {} ({}) has not told the chain where it listens", flags.uid,
                                 view->neurons[flags.uid].hotkey));
  }
  return validator::address_of(*view, flags.uid);
}

std::string shown_body(std::string_view body) {
  std::string text = report::visible_text(body.substr(0, kMaxShown));
  if (body.size() > kMaxShown) text += fmt::format(" ... ({} bytes)", body.size());
  return text;
}

std::string exchange_text(const validator::AskExchange& exchange,
                          const validator::ChallengeRecipe& recipe) {
  std::string text =
      fmt::format("Image    {}\nVaried   {}\n\nPOST {}\n", report::visible_text(recipe.image_name),
                  validator::to_json(recipe.augmentation), exchange.request.url.text());
  for (const net::HttpHeader& header : exchange.request.headers.all()) {
    text += fmt::format("{}: {}\n", header.name, header.value);
  }
  text += "\n" + shown_body(exchange.request.body) + "\n\n";
  if (exchange.response) {
    text += fmt::format("HTTP {} after {} ms\n", exchange.response->status,
                        exchange.reply.latency.count());
    for (const net::HttpHeader& header : exchange.response->headers) {
      text += fmt::format("{}: {}\n", report::visible_text(header.name),
                          report::visible_text(header.value));
    }
    text += "\n" + shown_body(exchange.response->body) + "\n\n";
  }
  text += fmt::format("Reply    {}", to_string(exchange.reply.kind));
  if (exchange.reply.kind == validator::ReplyKind::kPrediction) {
    text += fmt::format(" {}", exchange.reply.prediction);
  } else if (!exchange.reply.detail.empty()) {
    text += ": " + report::visible_text(exchange.reply.detail);
  }
  return text + "\n";
}

std::string exchange_json(const validator::AskExchange& exchange,
                          const validator::ChallengeRecipe& recipe) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("image").text(recipe.image_name);
  writer.name("augmentation");
  validator::write_json(writer, recipe.augmentation);
  writer.name("url").text(exchange.request.url.text());
  writer.name("headers").begin_object();
  for (const net::HttpHeader& header : exchange.request.headers.all()) {
    writer.name(header.name).text(header.value);
  }
  writer.end_object();
  writer.name("request_bytes").unsigned_integer(exchange.request.body.size());
  writer.name("status").integer(exchange.reply.http_status);
  writer.name("body").text(exchange.response ? exchange.response->body : "");
  writer.name("latency_ms").integer(exchange.reply.latency.count());
  writer.name("reply").text(to_string(exchange.reply.kind));
  writer.name("prediction");
  exchange.reply.kind == validator::ReplyKind::kPrediction
      ? writer.number(exchange.reply.prediction)
      : writer.null();
  writer.name("detail").text(exchange.reply.detail);
  return writer.end_object().take() + "\n";
}

Result<ExitCode> run_ask(const AskFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const auto timeout, parse_seconds(flags.timeout));
  ASSIGN_OR_RETURN(const keys::KeyPair hotkey, flags.wallet.load());
  ASSIGN_OR_RETURN(const validator::MinerAddress miner,
                   find_miner(flags, hotkey.hotkey(), session));
  ASSIGN_OR_RETURN(const validator::ShelfImage image, find_image(flags, session));
  ASSIGN_OR_RETURN(
      const validator::PreparedChallenge challenge,
      validator::prepare_challenge(image, flags.seed.value_or(system_random().next())));
  const validator::Ask ask{.miner = miner,
                           .body = std::make_shared<const std::string>(
                               protocol::write_image_request(challenge.wire, timeout)),
                           .timeout = timeout};
  const auto scheme = validator::make_scheme(flags.protocol);
  const auto transport = net::make_http_transport({.user_agent = "assay-validator"});
  ASSIGN_OR_RETURN(
      const validator::AskExchange exchange,
      validator::ask_once(ask, *scheme,
                          {.sender = hotkey, .clock = system_clock(), .random = system_random()},
                          *transport, session.stop));
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson
                            ? exchange_json(exchange, challenge.recipe)
                            : exchange_text(exchange, challenge.recipe)));
  return exchange.reply.kind == validator::ReplyKind::kPrediction ? ExitCode::kOk
                                                                  : ExitCode::kFailed;
}

}  // namespace

void add_validator_ask_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<AskFlags>();
  CLI::App& command = tree.add_command(
      group, "ask", "Send one challenge that counts for nothing; show request and answer.",
      {"assay validator ask --uid 88 --image road.jpg --network local:net.db --netuid 1",
       "assay validator ask --uid 88 --json"},
      [flags](Session& session) { return run_ask(*flags, session); });
  add_option(command, "--uid", flags->uid, "Who is asked.")->required()->type_name("UID");
  add_option(command, "--image", flags->image, "The image to send [any of the cache].")
      ->type_name("FILE");
  flags->network.add_to(command);
  flags->wallet.add_to(command);
  flags->wallet.add_password_to(command);
  flags->cache.add_to(command);
  add_option(command, "--seed", flags->seed, "Of how the image is varied [another each time].")
      ->type_name("N");
  add_option(command, "--neuron.timeout,--timeout", flags->timeout,
             "Seconds that the miner has to answer.")
      ->check(check_seconds)
      ->type_name("SECONDS")
      ->capture_default_str();
  add_named_option(command, "--protocol", flags->protocol, validator::parse_wire_protocol,
                   "How the request is signed: btauth, epistula or legacy.")
      ->default_str("btauth");
}

}  // namespace assay::cli

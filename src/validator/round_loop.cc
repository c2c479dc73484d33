#include "validator/round_loop.h"

#include "core/check.h"
#include "core/log.h"
#include "protocol/image_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

// One thread does it all: the courier asks it for the next request and hands it each reply. Between
// two requests it looks whether a round is due, and whether it is to stop; so it must never wait
// long, and whatever may wait (the chain, generation jobs) has threads of its own.

namespace assay::validator {
namespace {

using std::chrono::nanoseconds;

/// How soon a stop is noticed.
constexpr std::chrono::milliseconds kLongestNap{100};
/// Between two looks at what keeps a round from beginning.
constexpr std::chrono::milliseconds kSkipPause{2'000};
/// Images that cannot be sent are told together, not one by one.
constexpr std::chrono::minutes kImageWarningInterval{1};
/// Images that cannot be read, one after the other, before the round is given up.
constexpr int kMaxBrokenImages = 5;
/// A request's id is the challenge's number and the place of its miner.
constexpr unsigned kPlaceBits = 16;
constexpr std::uint64_t kPlaceMask = (std::uint64_t{1} << kPlaceBits) - 1;

template <typename T>
void shuffle(std::vector<T>& items, RandomSource& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

/// `6 answered, 1 timeout, 1 unreachable`.
std::string reply_counts(const RoundRecord& record) {
  std::array<std::size_t, kNumReplyKinds> counts{};
  for (const AskedMiner& miner : record.miners) {
    ++counts.at(static_cast<std::size_t>(miner.reply.kind));
  }
  std::string text = fmt::format("{} answered", counts[0]);
  for (std::size_t i = 1; i < kNumReplyKinds; ++i) {
    if (counts.at(i) > 0) {
      text += fmt::format(", {} {}", counts.at(i), to_string(static_cast<ReplyKind>(i)));
    }
  }
  return text;
}

std::size_t num_right(const RoundRecord& record) {
  return static_cast<std::size_t>(std::ranges::count_if(record.miners, [&](const auto& miner) {
    const bool says_present = miner.reply.prediction > 0.5;
    return miner.reply.kind == ReplyKind::kPrediction &&
           says_present == (record.cell.label == scoring::Label::kPresent);
  }));
}

}  // namespace

RoundLoop::RoundLoop(const RoundTools& tools, const RoundOptions& options, RoundHooks hooks)
    : tools_(tools),
      options_(options),
      hooks_(std::move(hooks)),
      mix_(options.mix),
      next_challenge_(tools.log.next_challenge()) {}

void RoundLoop::change(const LiveRoundOptions& options) {
  // A shorter interval counts from now, not from when the next round was due.
  next_due_ = std::min<nanoseconds>(next_due_, tools_.clock.monotonic() + options.interval);
  options_.sample_size = options.sample_size;
  options_.timeout = options.timeout;
  options_.interval = options.interval;
  options_.mix = options.mix;
  mix_.change(options.mix);
}

Status RoundLoop::run(Courier& courier, const std::stop_token& stop) {
  stop_ = stop;
  next_due_ = tools_.clock.monotonic();
  Status ended = courier.run(
      [this] { return next_ask(); },
      [this](std::uint64_t id, Reply reply) { return take_reply(id, std::move(reply)); });
  // The only way to leave requests behind is to end the courier's run with an error.
  return is_abandoned_ ? Status() : ended;
}

Result<NextAsk> RoundLoop::next_ask() {
  RETURN_IF_ERROR(hooks_.tick());
  for (auto& [challenge, flight] : flights_) {
    if (flight.num_sent == flight.miners.size()) continue;
    const std::uint64_t place = flight.num_sent++;
    ++counts_.num_asked;
    return NextAsk(Ask{.id = challenge << kPlaceBits | place,
                       .miner = flight.miners[place],
                       .body = flight.body,
                       .timeout = options_.timeout});
  }
  const nanoseconds now = tools_.clock.monotonic();
  const bool is_last = options_.num_rounds > 0 && counts_.num_begun >= options_.num_rounds;
  if (stop_.stop_requested() || is_last) {
    if (flights_.empty()) return NextAsk(NothingMore{});
    if (!stop_.stop_requested()) return NextAsk(WaitUntil{now + kLongestNap});
    if (!stop_deadline_) stop_deadline_ = now + options_.stop_grace;
    if (now < *stop_deadline_) return NextAsk(WaitUntil{now + kLongestNap});
    while (!flights_.empty()) RETURN_IF_ERROR(finish(flights_.begin()->first));
    is_abandoned_ = true;
    return cancelled("stopped before all replies were in");
  }
  if (now < next_due_) {
    return NextAsk(WaitUntil{std::min<nanoseconds>(next_due_, now + kLongestNap)});
  }
  if (flights_.size() >= options_.max_in_flight) return NextAsk(WaitUntil{now + kLongestNap});
  ASSIGN_OR_RETURN(const bool has_begun, begin_round());
  if (has_begun) {
    // Rounds that could not begin in time are not made up for.
    next_due_ = std::max(next_due_ + options_.interval, now);
    return next_ask();
  }
  next_due_ = now + std::max<nanoseconds>(options_.interval, kSkipPause);
  return NextAsk(WaitUntil{now + kLongestNap});
}

void RoundLoop::skip(std::string problem) {
  ++counts_.num_skipped;
  // Told once, not at every try.
  if (problem != problem_) log_warning(problem);
  problem_ = std::move(problem);
}

void RoundLoop::skip_for(const Error& error) {
  skip(fmt::format("the cache cannot be used: {}. Challenge skipped.", error.message));
}

void RoundLoop::tell_of_broken_image(const Error& error) {
  ++num_untold_images_;
  const nanoseconds now = tools_.clock.monotonic();
  if (next_image_line_ && now < *next_image_line_) return;
  log_warning("images of the cache cannot be sent",
              {{"count", fmt::format("{}", num_untold_images_), true}, {"last", error.message}});
  num_untold_images_ = 0;
  next_image_line_ = now + kImageWarningInterval;
}

Status RoundLoop::follow_members(const std::shared_ptr<const NetworkView>& view) {
  if (view == view_) return {};
  view_ = view;
  ASSIGN_OR_RETURN(const scoring::Reconciliation changes, tools_.state.reconcile(view->neurons));
  if (changes.has_changes()) {
    log_info("the members have changed", {{"replaced", fmt::format("{}", changes.replaced.size())},
                                          {"added", fmt::format("{}", changes.num_added)},
                                          {"removed", fmt::format("{}", changes.num_removed)}});
  }
  return {};
}

Result<bool> RoundLoop::begin_round() {
  const auto stock = tools_.shelf.stock();
  if (!stock) {
    skip_for(stock.error());
    return false;
  }
  stock_ = *stock;
  const auto view = hooks_.view();
  if (!view) {
    skip("the members of the network are not known yet");
    return false;
  }
  RETURN_IF_ERROR(follow_members(view));
  if (!view->own_uid) {
    skip(
        fmt::format("this hotkey is not registered in network {}: miners would refuse it; "
                    "Challenge skipped",
                    static_cast<unsigned>(view->metagraph.netuid)));
    return false;
  }
  const std::vector<scoring::Uid> eligible =
      scoring::available_uids(view->neurons, *view->own_uid, options_.validator_stake_limit);
  if (eligible.empty()) {
    skip("no member of the network serves as a miner. Challenge skipped.");
    return false;
  }
  ASSIGN_OR_RETURN(std::optional<Flight> flight, prepare(*view, eligible));
  if (!flight) return false;
  problem_.clear();
  ++counts_.num_begun;
  mix_.count(flight->record.cell);
  flights_.emplace(next_challenge_++, std::move(*flight));
  return true;
}

Result<std::optional<RoundLoop::Flight>> RoundLoop::prepare(
    const NetworkView& view, std::span<const scoring::Uid> eligible) {
  for (int i = 0; i < kMaxBrokenImages; ++i) {
    const auto cell = mix_.choose(stock_, tools_.random);
    Result<std::optional<ShelfImage>> image;
    if (cell) image = tools_.shelf.draw(*cell);
    if (!image) {
      skip_for(image.error());
      return std::optional<Flight>();
    }
    if (!cell || !*image) {
      // Operators look for these words.
      skip(fmt::format("No images available in cache: {} Challenge skipped.",
                       tools_.shelf.why_empty()));
      return std::optional<Flight>();
    }
    auto prepared = prepare_challenge(**image, tools_.random.next(), options_.challenge);
    if (!prepared) {
      tell_of_broken_image(prepared.error());
      continue;
    }
    Flight flight{.record = {.challenge = next_challenge_,
                             .started = tools_.clock.now(),
                             .cell = *cell,
                             .recipe = std::move(prepared->recipe)},
                  .body = std::make_shared<const std::string>(
                      protocol::write_image_request(prepared->wire, options_.timeout)),
                  .begun = tools_.clock.monotonic()};
    std::vector<scoring::Uid> uids =
        tools_.state.deck().deal(options_.sample_size, eligible, tools_.random);
    shuffle(uids, tools_.random);
    for (const scoring::Uid uid : uids) {
      flight.miners.push_back(address_of(view, uid));
      flight.record.miners.push_back({.uid = uid,
                                      .hotkey = view.neurons[uid].hotkey,
                                      .reply = {.kind = ReplyKind::kNotAwaited}});
    }
    flight.is_replied.resize(uids.size());
    return std::optional<Flight>(std::move(flight));
  }
  skip(fmt::format(
      "{} images in a row cannot be read; assay cache verify{} tells which. Challenge "
      "skipped.",
      kMaxBrokenImages, options_.cache_name.empty() ? "" : " --cache-dir " + options_.cache_name));
  return std::optional<Flight>();
}

Status RoundLoop::take_reply(std::uint64_t id, Reply reply) {
  const auto found = flights_.find(id >> kPlaceBits);
  const std::uint64_t place = id & kPlaceMask;
  // A second reply to one request counts for nothing.
  if (found == flights_.end() || place >= found->second.num_sent ||
      found->second.is_replied[place]) {
    return {};
  }
  Flight& flight = found->second;
  flight.is_replied[place] = true;
  flight.record.miners[place].reply = std::move(reply);
  if (++flight.num_replied < flight.miners.size()) return {};
  return finish(found->first);
}

Round RoundLoop::scored_part(const RoundRecord& record) const {
  Round round;
  const auto& neurons = view_->neurons;
  for (const AskedMiner& miner : record.miners) {
    // Who has left its slot meanwhile has no score any more.
    if (miner.reply.kind == ReplyKind::kNotAwaited || miner.uid >= neurons.size() ||
        neurons[miner.uid].hotkey != miner.hotkey) {
      continue;
    }
    scoring::Answer answer{.label = record.cell.label};
    if (miner.reply.kind == ReplyKind::kPrediction) answer.prediction = miner.reply.prediction;
    round.answers.push_back({.uid = miner.uid, .hotkey = miner.hotkey, .answer = answer});
  }
  for (std::size_t uid = 0; uid < neurons.size(); ++uid) {
    if (scoring::is_validator(neurons[uid], options_.validator_stake_limit)) {
      round.decaying.push_back(static_cast<scoring::Uid>(uid));
    }
  }
  return round;
}

Status RoundLoop::finish(std::uint64_t challenge) {
  const auto found = flights_.find(challenge);
  CHECK(found != flights_.end(), "a round ends once");
  Flight flight = std::move(found->second);
  flights_.erase(found);
  RoundRecord& record = flight.record;
  if (flight.num_replied == 0) return {};  // stopped before anybody had answered
  ASSIGN_OR_RETURN(const RoundResult result, tools_.state.add_round(scored_part(record)));
  record.round = result.number;
  RETURN_IF_ERROR(tools_.log.append(record));
  ++counts_.num_scored;
  counts_.last_finished = tools_.clock.now();
  for (const AskedMiner& miner : record.miners) {
    counts_.num_answered += miner.reply.kind == ReplyKind::kPrediction ? 1 : 0;
  }
  const auto took = tools_.clock.monotonic() - flight.begun;
  log_info("round", {{"number", fmt::format("{}", record.round), true},
                     {"challenge", fmt::format("{}", record.challenge), true},
                     {"image", to_string(record.cell)},
                     {"asked", fmt::format("{}", record.miners.size()), true},
                     {"replies", reply_counts(record)},
                     {"right", fmt::format("{}", num_right(record)), true},
                     {"ms", fmt::format("{}", took / std::chrono::milliseconds(1)), true}});
  RETURN_IF_ERROR(hooks_.on_round(record, result));
  if (hooks_.on_finished && view_->own_uid) {
    hooks_.on_finished({.record = std::move(record),
                        .request = std::move(flight.body),
                        .own_uid = *view_->own_uid});
  }
  return {};
}

}  // namespace assay::validator

#include "up/fleet_plan.h"

#include "core/parse_number.h"
#include "json/value.h"
#include "json/writer.h"
#include "miner/character.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace assay::up {
namespace {

constexpr std::string_view kFormat = "assay-local-network/1";

struct Kind {
  std::string character;
  std::size_t count = 1;
};

Result<Kind> parse_kind(std::string_view text) {
  Kind kind;
  if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    const auto count = parse_integer(text.substr(colon + 1));
    if (!count || *count < 1 || std::cmp_greater(*count, kMaxMiners)) {
      return invalid_input(
          fmt::format("expected a character with a number from 1 to {}, such as "
                      "honest:2, not '{}'",
                      kMaxMiners, text));
    }
    kind.count = static_cast<std::size_t>(*count);
    text = text.substr(0, colon);
  }
  ASSIGN_OR_RETURN(const miner::Character character, miner::parse_character(text));
  kind.character = miner::to_string(character);
  return kind;
}

Result<std::uint16_t> port_of(const json::Value& object, std::string_view name) {
  ASSIGN_OR_RETURN(const std::int64_t port, object.require_integer(name));
  if (!std::in_range<std::uint16_t>(port)) {
    return invalid_input(fmt::format("{} is no port", name));
  }
  return static_cast<std::uint16_t>(port);
}

}  // namespace

Result<std::vector<PlannedMiner>> parse_miner_list(std::string_view text) {
  std::vector<Kind> kinds;
  std::map<std::string, std::size_t> totals;
  std::size_t total = 0;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    ASSIGN_OR_RETURN(Kind kind, parse_kind(text.substr(0, comma)));
    text.remove_prefix(std::min(comma + 1, text.size()));
    totals[kind.character] += kind.count;
    total += kind.count;
    kinds.push_back(std::move(kind));
  }
  if (total == 0 || total > kMaxMiners) {
    return invalid_input(fmt::format("expected 1 to {} miners, not {}", kMaxMiners, total));
  }
  std::vector<PlannedMiner> miners;
  std::map<std::string, std::size_t> numbers;
  for (const Kind& kind : kinds) {
    for (std::size_t i = 0; i < kind.count; ++i) {
      const std::size_t number = ++numbers[kind.character];
      miners.push_back({.name = totals[kind.character] == 1
                                    ? kind.character
                                    : fmt::format("{}-{}", kind.character, number),
                        .character = kind.character});
    }
  }
  return miners;
}

std::string miner_list_text(const std::vector<PlannedMiner>& miners) {
  std::string text;
  for (std::size_t i = 0; i < miners.size();) {
    const auto end = std::ranges::find_if(
        miners.begin() + static_cast<std::ptrdiff_t>(i), miners.end(),
        [&](const PlannedMiner& other) { return other.character != miners[i].character; });
    const auto count = static_cast<std::size_t>(end - miners.begin()) - i;
    text += fmt::format("{}{}", text.empty() ? "" : ",", miners[i].character);
    if (count > 1) text += fmt::format(":{}", count);
    i += count;
  }
  return text;
}

std::string to_json(const FleetPlan& plan) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("format").text(kFormat);
  writer.name("seed").unsigned_integer(plan.seed);
  writer.name("callback_port").unsigned_integer(plan.callback_port);
  writer.name("miners").begin_list();
  for (const PlannedMiner& miner : plan.miners) {
    writer.begin_object();
    writer.name("name").text(miner.name);
    writer.name("character").text(miner.character);
    writer.name("port").unsigned_integer(miner.port);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

Result<FleetPlan> parse_fleet_plan(std::string_view text) {
  ASSIGN_OR_RETURN(const json::Value value, json::parse(text));
  ASSIGN_OR_RETURN(const std::string format, value.require_text("format"));
  if (format != kFormat) {
    return invalid_input(fmt::format("its format is not {}; it is of another version", kFormat));
  }
  FleetPlan plan;
  ASSIGN_OR_RETURN(const std::int64_t seed, value.require_integer("seed"));
  if (seed < 0) return invalid_input("its seed is below 0");
  plan.seed = static_cast<std::uint64_t>(seed);
  ASSIGN_OR_RETURN(plan.callback_port, port_of(value, "callback_port"));
  const json::Value* const miners = value.find("miners");
  if (miners == nullptr || miners->list() == nullptr) {
    return invalid_input("its miners are no list");
  }
  for (const json::Value& entry : *miners->list()) {
    PlannedMiner miner;
    ASSIGN_OR_RETURN(miner.name, entry.require_text("name"));
    ASSIGN_OR_RETURN(miner.character, entry.require_text("character"));
    ASSIGN_OR_RETURN(miner.port, port_of(entry, "port"));
    plan.miners.push_back(std::move(miner));
  }
  return plan;
}

}  // namespace assay::up

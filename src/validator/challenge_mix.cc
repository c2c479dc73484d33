#include "validator/challenge_mix.h"

#include <algorithm>

namespace assay::validator {
namespace {

/// What counts of a challenge after one more.
constexpr double kMemory = 0.99;
/// A share is leaned towards by as much as this, at most: 0.5 becomes 0.6 at most.
constexpr double kMaxLean = 0.2;
/// So many challenges behind make for the whole of it.
constexpr double kFullLeanDebt = 10;

/// `share`, more when fewer than `share * total` were sent.
double leaned(double share, double sent, double total) {
  const double debt = (share * total) - sent;
  return share * (1 + std::clamp(debt / kFullLeanDebt * kMaxLean, -kMaxLean, kMaxLean));
}

/// An index, each as likely as its weight; nothing when all are 0.
template <std::size_t size>
std::optional<std::size_t> draw_index(const std::array<double, size>& weights,
                                      RandomSource& random) {
  double total = 0;
  for (const double weight : weights) total += weight;
  if (!(total > 0)) return std::nullopt;
  double left = random.unit() * total;
  std::optional<std::size_t> last;
  for (std::size_t i = 0; i < size; ++i) {
    if (weights.at(i) <= 0) continue;
    last = i;
    if (left < weights.at(i)) break;
    left -= weights.at(i);
  }
  return last;
}

}  // namespace

double ChallengeMix::label_share(scoring::Label label) const {
  return label == scoring::Label::kPresent ? options_.present_share : 1 - options_.present_share;
}

std::optional<Cell> ChallengeMix::choose(const PerCell<std::uint64_t>& stock,
                                         RandomSource& random) const {
  std::array<double, 2> sent_by_label{};
  for (std::size_t i = 0; i < kNumCells; ++i) {
    sent_by_label.at(static_cast<std::size_t>(cell_at(i).label)) += recent_.at(i);
  }
  const double total = sent_by_label[0] + sent_by_label[1];

  std::array<double, 2> label_weights{};
  for (std::size_t i = 0; i < kNumCells; ++i) {
    if (stock.at(i) == 0) continue;
    const auto label = static_cast<std::size_t>(cell_at(i).label);
    // A label that is not wanted is still better than no challenge.
    label_weights.at(label) =
        std::max(leaned(label_share(cell_at(i).label), sent_by_label.at(label), total), 1e-9);
  }
  const auto label_index = draw_index(label_weights, random);
  if (!label_index) return std::nullopt;

  const auto label = static_cast<scoring::Label>(*label_index);
  std::array<double, kNumOrigins> origin_weights{};
  for (std::size_t i = 0; i < kNumOrigins; ++i) {
    const Cell cell{.origin = static_cast<ImageOrigin>(i), .label = label};
    if (stock.at(index_of(cell)) == 0) continue;
    origin_weights.at(i) = std::max(leaned(origin_share(cell.origin), recent_.at(index_of(cell)),
                                           sent_by_label.at(*label_index)),
                                    1e-9);
  }
  const auto origin = draw_index(origin_weights, random);
  if (!origin) return std::nullopt;
  return Cell{.origin = static_cast<ImageOrigin>(*origin), .label = label};
}

void ChallengeMix::count(const Cell& cell) {
  for (double& sent : recent_) sent *= kMemory;
  recent_.at(index_of(cell)) += 1;
  ++num_sent_.at(index_of(cell));
}

double ChallengeMix::target_share(const Cell& cell) const {
  return label_share(cell.label) * origin_share(cell.origin);
}

double ChallengeMix::sent_share(const Cell& cell) const {
  std::uint64_t total = 0;
  for (const std::uint64_t sent : num_sent_) total += sent;
  if (total == 0) return 0;
  return static_cast<double>(num_sent_.at(index_of(cell))) / static_cast<double>(total);
}

double ChallengeMix::shortfall(const Cell& cell) const {
  const bool has_sent = std::ranges::any_of(num_sent_, [](std::uint64_t sent) { return sent > 0; });
  return has_sent ? std::max(0.0, target_share(cell) - sent_share(cell)) : 0;
}

}  // namespace assay::validator

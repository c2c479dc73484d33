#include "history/tally_internal.h"

#include <algorithm>
#include <utility>

namespace assay::history {
namespace {

void merge_groups(Groups& groups, const Groups& others) {
  for (const auto& [label, tally] : others) groups[label].merge(tally);
}

/// Most records first, then in the order of their first ones.
std::vector<GroupFigures> sorted_figures(const Groups& groups) {
  std::vector<const Groups::value_type*> order;
  order.reserve(groups.size());
  for (const auto& group : groups) order.push_back(&group);
  std::ranges::sort(order, [](const auto* left, const auto* right) {
    const std::uint64_t more = left->second.num_records();
    const std::uint64_t less = right->second.num_records();
    return more != less ? more > less : left->second.first() < right->second.first();
  });
  std::vector<GroupFigures> figures;
  figures.reserve(groups.size());
  for (const auto* group : order) figures.push_back(group->second.figures(group->first));
  return figures;
}

std::optional<double> mean_of(const ExactSum& sum) {
  if (sum.count() == 0) return std::nullopt;
  return sum.mean();
}

}  // namespace

void TextCounter::add(std::string_view text, std::uint64_t ordinal) {
  const auto found = entries_.find(text);
  Entry& entry = found != entries_.end() ? found->second : entries_[std::string(text)];
  entry.first = entry.count == 0 ? ordinal : std::min(entry.first, ordinal);
  ++entry.count;
}

void TextCounter::merge(const TextCounter& other) {
  for (const auto& [text, theirs] : other.entries_) {
    Entry& entry = entries_[text];
    entry.first = entry.count == 0 ? theirs.first : std::min(entry.first, theirs.first);
    entry.count += theirs.count;
  }
}

std::vector<TextCount> TextCounter::sorted() const {
  std::vector<const decltype(entries_)::value_type*> order;
  order.reserve(entries_.size());
  for (const auto& entry : entries_) order.push_back(&entry);
  std::ranges::sort(order, [](const auto* left, const auto* right) {
    if (left->second.count != right->second.count) return left->second.count > right->second.count;
    return left->second.first < right->second.first;
  });
  std::vector<TextCount> counts;
  counts.reserve(order.size());
  for (const auto* entry : order) counts.push_back({entry->first, entry->second.count});
  return counts;
}

void GroupTally::add(const Observed& observed, std::uint64_t ordinal) {
  first_ = counts_.generations == 0 ? ordinal : std::min(first_, ordinal);
  counts_ += observed.counts;
  if (observed.clip) clip_.add(*observed.clip);
  if (observed.score) score_.add(*observed.score);
  if (observed.total_time_seconds) time_.add(*observed.total_time_seconds);
}

void GroupTally::merge(const GroupTally& other) {
  if (other.counts_.generations == 0) return;
  first_ = counts_.generations == 0 ? other.first_ : std::min(first_, other.first_);
  counts_ += other.counts_;
  clip_ += other.clip_;
  score_ += other.score_;
  time_ += other.time_;
}

GroupFigures GroupTally::figures(std::string label) const {
  GroupFigures figures;
  figures.label = std::move(label);
  figures.counts = counts_;
  figures.acceptance =
      statistics::clopper_pearson(counts_.accepted, counts_.num_offered(), kAcceptanceConfidence);
  figures.mean_clip = mean_of(clip_);
  figures.mean_score = mean_of(score_);
  figures.mean_time_seconds = mean_of(time_);
  return figures;
}

void ReportTally::ClipTally::add(double clip) {
  values.add(clip);
  // NaN is in no bin.
  for (std::size_t bin = 0; bin < kClipBins.size(); ++bin) {
    const double end = bin + 1 < kClipBins.size() ? kClipBins.at(bin + 1) : 1.0;
    if (clip >= kClipBins.at(bin) && clip < end) ++histogram.at(bin);
  }
}

void ReportTally::ClipTally::merge(ClipTally&& other) {
  ClipTally taken = std::move(other);
  for (std::size_t bin = 0; bin < histogram.size(); ++bin) {
    histogram.at(bin) += taken.histogram.at(bin);
  }
  values.merge(std::move(taken.values));
}

ClipFigures ReportTally::ClipTally::finish() {
  return {.values = values.summarise(), .histogram = histogram};
}

void ReportTally::merge(ReportTally&& other) {
  ReportTally taken = std::move(other);
  all_ += taken.all_;
  text_to_3d_ += taken.text_to_3d_;
  image_to_3d_ += taken.image_to_3d_;
  total_time_.merge(std::move(taken.total_time_));
  for (std::size_t i = 0; i < clip_.size(); ++i) clip_.at(i).merge(std::move(taken.clip_.at(i)));
  num_listed_failures_ += taken.num_listed_failures_;
  error_types_.merge(taken.error_types_);
  rejection_reasons_.merge(taken.rejection_reasons_);
  validator_ += taken.validator_;
  validator_clip_.merge(std::move(taken.validator_clip_));
  validator_gaussians_.merge(std::move(taken.validator_gaussians_));
  validator_scores_.merge(std::move(taken.validator_scores_));
}

void ReportTally::finish(ReportFigures& figures) {
  figures.all = all_;
  figures.text_to_3d = text_to_3d_;
  figures.image_to_3d = image_to_3d_;
  figures.total_time_seconds = total_time_.summarise();
  figures.clip_text_to_3d = clip_[0].finish();
  figures.clip_image_to_3d = clip_[1].finish();
  clip_[0].merge(std::move(clip_[1]));
  clip_[0].merge(std::move(clip_[2]));
  figures.clip = clip_[0].finish();
  figures.num_listed_failures = num_listed_failures_;
  figures.error_types = error_types_.sorted();
  figures.rejection_reasons = rejection_reasons_.sorted();
  figures.validator.counts = validator_;
  figures.validator.clip = validator_clip_.summarise();
  figures.validator.accepted_gaussians = validator_gaussians_.summarise();
  figures.validator.scores = validator_scores_.summarise();
}

void Tally::merge(Tally&& other) {
  Tally taken = std::move(other);
  num_in_window_ += taken.num_in_window_;
  whole_.merge(std::move(taken.whole_));
  merge_groups(validators_, taken.validators_);
  merge_groups(groups_, taken.groups_);
  for (auto& [label, theirs] : taken.group_reports_) group_reports_[label].merge(std::move(theirs));
  merge_groups(recent_groups_, taken.recent_groups_);
  merge_groups(earlier_groups_, taken.earlier_groups_);
  recent_.merge(taken.recent_);
  earlier_.merge(taken.earlier_);
  for (const auto& [day, counts] : taken.days_) days_[day] += counts;
  for (const auto& [name, sum] : taken.stages_) stages_[name] += sum;
}

Analysis Tally::finish() {
  Analysis analysis;
  analysis.num_in_window = num_in_window_;
  whole_.finish(analysis);
  analysis.validators = sorted_figures(validators_);
  analysis.groups = sorted_figures(groups_);
  if (!group_reports_.empty()) {
    for (const GroupFigures& group : analysis.groups) {
      group_reports_[group.label].finish(analysis.group_figures.emplace_back());
    }
  }
  if (options_->group_reports.has(AnalyzeReport::kComparison)) {
    for (const GroupFigures& group : analysis.groups) {
      analysis.group_comparisons.push_back(
          {.recent = recent_groups_[group.label].figures(group.label),
           .earlier = earlier_groups_[group.label].figures(group.label)});
    }
  }
  analysis.recent = recent_.figures("recent");
  analysis.earlier = earlier_.figures("earlier");
  for (const auto& [day, counts] : days_) analysis.days.push_back({day, counts});
  for (const auto& [name, sum] : stages_) {
    analysis.stages.push_back({.name = name, .count = sum.count(), .mean_seconds = sum.mean()});
  }
  return analysis;
}

}  // namespace assay::history

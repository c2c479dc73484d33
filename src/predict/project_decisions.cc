#include "core/check.h"
#include "grouping/image_name.h"
#include "predict/project_decisions_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::predict {
namespace {

using archives::EntrySource;
using archives::EntryVerdict;
using archives::SourceEntry;
using decisions::DecisionDatabase;

// Their images go through the heads together.
constexpr std::size_t kGroupsAtATime = 32;

/// One image of a group with all that is known of it.
struct Candidate {
  const SourceEntry* entry = nullptr;
  const embedding::ImageOutcome* outcome = nullptr;
  std::vector<float> embedding = {};
};

class ProjectDecider {
 public:
  ProjectDecider(const ProjectTools& tools, const ProjectOptions& options,
                 const EntrySource& source, std::string source_path,
                 const FindOutcome& find_outcome, DecisionDatabase& database)
      : tools_(&tools),
        options_(&options),
        source_(&source),
        source_path_(std::move(source_path)),
        find_outcome_(&find_outcome),
        database_(&database),
        timestamp_(to_rfc3339(tools.clock.now())) {}

  Result<DecidedProject> run() {
    RETURN_IF_ERROR(list_images());
    const grouping::Grouping grouping = grouping::group_images(paths_, options_->grouping);
    const std::vector<std::string> ids = grouping::make_group_ids(
        options_->project, paths_, grouping.groups, options_->group_id_form);
    for (std::size_t first = 0; first < ids.size(); first += kGroupsAtATime) {
      const std::size_t count = std::min(kGroupsAtATime, ids.size() - first);
      RETURN_IF_ERROR(decide_groups(std::span(ids).subspan(first, count),
                                    std::span(grouping.groups).subspan(first, count)));
    }
    for (const grouping::DroppedImage& dropped : grouping.dropped) {
      RETURN_IF_ERROR(drop(entries_[dropped.image]->path, to_string(dropped.reason)));
    }
    // Last: where the entry that counts was dropped as well, its reason is the one to tell.
    for (const SourceEntry* const entry : replaced_) {
      RETURN_IF_ERROR(drop(entry->path, to_string(entry->verdict)));
    }
    return result_;
  }

 private:
  // An entry that its archive hides or forbids takes no part; one that only cannot be decoded does.
  Status list_images() {
    for (const SourceEntry& entry : source_->entries()) {
      if (entry.verdict == EntryVerdict::kOk) {
        paths_.push_back(entry.path);
        entries_.push_back(&entry);
      } else if (entry.verdict == EntryVerdict::kDuplicate) {
        replaced_.push_back(&entry);
      } else {
        RETURN_IF_ERROR(drop(entry.path, to_string(entry.verdict)));
      }
    }
    return {};
  }

  Status drop(std::string_view path, std::string_view reason) {
    ++result_.num_ungrouped;
    // An archive may hold a path many times; the table tells of it once.
    return dropped_.insert(path).second ? database_->add_dropped(path, reason) : Status();
  }

  Status decide_groups(std::span<const std::string> ids,
                       std::span<const std::vector<std::size_t>> groups) {
    std::vector<std::vector<Candidate>> candidates(groups.size());
    std::vector<std::vector<GroupMember>> members(groups.size());
    for (std::size_t i = 0; i < groups.size(); ++i) {
      for (const std::size_t image : groups[i]) {
        ASSIGN_OR_RETURN(Candidate candidate, find_candidate(image));
        candidates[i].push_back(std::move(candidate));
      }
      for (const Candidate& candidate : candidates[i]) members[i].push_back(member_of(candidate));
    }
    const std::vector<GroupDecision> decisions = decide(tools_->heads, members, options_->decide);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      RETURN_IF_ERROR(add_group(ids[i], candidates[i], members[i], decisions[i]));
    }
    return {};
  }

  static GroupMember member_of(const Candidate& candidate) {
    GroupMember member{.embedding = candidate.embedding};
    if (candidate.outcome != nullptr && candidate.outcome->embedded) {
      member.width = candidate.outcome->embedded->width;
      member.height = candidate.outcome->embedded->height;
    }
    return member;
  }

  Status add_group(const std::string& id, const std::vector<Candidate>& candidates,
                   const std::vector<GroupMember>& members, const GroupDecision& decision) {
    if (!decision.selected) {
      ++result_.num_unreadable_groups;
      for (const Candidate& candidate : candidates) {
        RETURN_IF_ERROR(drop(candidate.entry->path, "no_readable_image_in_group"));
      }
      return {};
    }
    ++result_.num_groups;
    RETURN_IF_ERROR(database_->add(row_of(id, candidates, members, decision)));
    RETURN_IF_ERROR(database_->add(score_of(id, decision)));
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      RETURN_IF_ERROR(
          database_->add(image_score_of(id, i, candidates[i], members[i], decision.members[i])));
    }
    return {};
  }

  Result<Candidate> find_candidate(std::size_t image) {
    Candidate candidate{.entry = entries_[image], .outcome = (*find_outcome_)(paths_[image])};
    if (candidate.outcome == nullptr || !candidate.outcome->embedded) return candidate;
    const embedding_store::EmbeddingKey key{.content = candidate.outcome->embedded->content,
                                            .variant = tools_->variant};
    ASSIGN_OR_RETURN(auto vector, tools_->store.find(key));
    if (!vector) {
      return corrupt(
          fmt::format("{}: the embedding of {} has gone from the store; run again to make it anew",
                      source_->name(), paths_[image]));
    }
    candidate.embedding = std::move(*vector);
    return candidate;
  }

  // Where the originals can be found again: the archive, and the folder within it.
  std::string directory_of(const Candidate& first) const {
    const std::string_view folder = grouping::parse_image_name(first.entry->path).directory;
    return folder.empty() ? source_path_ : fmt::format("{}/{}", source_path_, folder);
  }

  decisions::Decision row_of(const std::string& id, const std::vector<Candidate>& candidates,
                             const std::vector<GroupMember>& members,
                             const GroupDecision& decision) const {
    CHECK(decision.selected.has_value(), "a row is about a group that was decided");
    const std::size_t selected = *decision.selected;
    decisions::Decision row{
        .group_id = id, .timestamp = timestamp_, .project_id = options_->project};
    row.directory = directory_of(candidates.front());
    for (const Candidate& candidate : candidates) {
      row.images.emplace_back(decisions::base_name_of(candidate.entry->path));
    }
    row.ai_selected_index = static_cast<std::int64_t>(selected);
    row.ai_crop_coords = decision.members[selected].crop;
    row.ai_confidence = decision.confidence;
    row.image_width = members[selected].width;
    row.image_height = members[selected].height;
    return row;
  }

  static decisions::GroupScore score_of(const std::string& id, const GroupDecision& decision) {
    return {.group_id = id,
            .num_images = static_cast<std::int64_t>(decision.members.size()),
            .num_scored = std::ranges::count_if(
                decision.members,
                [](const MemberDecision& member) { return member.score.has_value(); }),
            .margin = decision.margin,
            .is_uncertain = decision.is_uncertain};
  }

  decisions::ImageScore image_score_of(const std::string& id, std::size_t index,
                                       const Candidate& candidate, const GroupMember& member,
                                       const MemberDecision& decision) const {
    decisions::ImageScore score{.group_id = id,
                                .image_index = static_cast<std::int64_t>(index),
                                .entry = candidate.entry->path};
    if (candidate.entry->crc32) score.crc32 = *candidate.entry->crc32;
    if (candidate.outcome == nullptr) {
      score.error = "not looked at";
      return score;
    }
    if (!candidate.outcome->embedded) {
      score.error = fmt::format("{}: {}", candidate.outcome->error, candidate.outcome->message);
      return score;
    }
    score.score = decision.score;
    score.softmax = decision.softmax;
    score.crop = decision.crop;
    score.raw_crop = decision.raw_crop;
    score.width = member.width;
    score.height = member.height;
    if (decision.crop) {
      const decisions::PixelBox crop =
          decisions::to_pixels(*decision.crop, member.width, member.height);
      score.crop_pixels =
          fmt::format("[{}, {}, {}, {}]", crop.left, crop.top, crop.right, crop.bottom);
    }
    score.embedding_key = fmt::format("{}.{}", candidate.outcome->embedded->content.to_hex(),
                                      tools_->variant.to_hex());
    return score;
  }

  const ProjectTools* tools_;
  const ProjectOptions* options_;
  const EntrySource* source_;
  std::string source_path_;  // from anywhere
  const FindOutcome* find_outcome_;
  DecisionDatabase* database_;
  std::string timestamp_;
  // Of the images that take part.
  std::vector<std::string> paths_;
  std::vector<const SourceEntry*> entries_;
  std::vector<const SourceEntry*> replaced_;  // by a later entry of their path
  std::set<std::string_view> dropped_;        // paths that the table has
  DecidedProject result_;
};

}  // namespace

Result<DecidedProject> decide_project(const ProjectTools& tools, const ProjectOptions& options,
                                      const EntrySource& source, const FindOutcome& find_outcome,
                                      decisions::RunRecord run,
                                      const BeforePublishing& before_publishing) {
  ASSIGN_OR_RETURN(DecisionDatabase database,
                   DecisionDatabase::create(tools.file_system, options.tree.databases(),
                                            options.project, options.existing));
  ASSIGN_OR_RETURN(
      DecidedProject decided,
      ProjectDecider(tools, options, source, run.source, find_outcome, database).run());
  run.finished_at = tools.clock.now();
  RETURN_IF_ERROR(database.add(run));
  ASSIGN_OR_RETURN(decided.database.path,
                   decisions::decision_database_target(tools.file_system, options.tree.databases(),
                                                       options.project, options.existing));
  RETURN_IF_ERROR(before_publishing(decided));
  ASSIGN_OR_RETURN(decided.database, database.finish());
  return decided;
}

}  // namespace assay::predict

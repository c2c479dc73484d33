#include "predict/project_run.h"

#include "grouping/image_name.h"
#include "predict/project_decisions_internal.h"
#include "predict/project_end.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace assay::predict {
namespace {

using archives::EntrySource;
using archives::EntryVerdict;
using archives::SourceEntry;
using embedding::ImageOutcome;

/// What became of each image of a project, by this run and those before it.
class ProjectImages {
 public:
  ProjectImages(const ProjectTools& tools, const EntrySource& source)
      : tools_(&tools), source_(&source) {}

  /// Take what an earlier run embedded, unless it has gone from the store. What failed is tried
  /// again: a disk that reads or a zip that is copied anew has the same fingerprint.
  void resume(std::vector<ImageOutcome> outcomes) {
    for (ImageOutcome& outcome : outcomes) {
      if (!outcome.embedded) continue;
      if (!tools_->store.contains(
              {.content = outcome.embedded->content, .variant = tools_->variant})) {
        continue;
      }
      add(std::move(outcome));
    }
  }

  void add(ImageOutcome outcome) {
    std::string entry = outcome.entry;
    outcomes_.insert_or_assign(std::move(entry), std::move(outcome));
  }

  /// The entries that are still to be done.
  std::vector<std::size_t> to_do() const {
    std::vector<std::size_t> entries;
    const auto all = source_->entries();
    for (std::size_t i = 0; i < all.size(); ++i) {
      // Of a path that is there twice one counts, and the other is told by its verdict.
      const bool is_second = all[i].verdict == EntryVerdict::kDuplicate;
      if (!is_second && !outcomes_.contains(all[i].path)) entries.push_back(i);
    }
    return entries;
  }

  /// Forget the images whose embedding cannot be read any more: they are to be done again.
  Status forget_lost() {
    for (auto outcome = outcomes_.begin(); outcome != outcomes_.end();) {
      bool is_lost = false;
      if (const auto& embedded = outcome->second.embedded) {
        ASSIGN_OR_RETURN(const auto vector, tools_->store.find({.content = embedded->content,
                                                                .variant = tools_->variant}));
        is_lost = !vector;
      }
      outcome = is_lost ? outcomes_.erase(outcome) : std::next(outcome);
    }
    return {};
  }

  const ImageOutcome* find(const std::string& path) const {
    const auto found = outcomes_.find(path);
    return found == outcomes_.end() ? nullptr : &found->second;
  }

  std::uint64_t num_embedded() const {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        outcomes_, [](const auto& outcome) { return outcome.second.embedded.has_value(); }));
  }

  std::map<std::string, std::uint64_t> failures() const {
    std::map<std::string, std::uint64_t> counts;
    for (const SourceEntry& entry : source_->entries()) {
      if (entry.verdict == EntryVerdict::kDuplicate) ++counts["duplicate"];
    }
    for (const auto& [entry, outcome] : outcomes_) {
      if (!outcome.embedded) ++counts[outcome.error];
    }
    return counts;
  }

 private:
  const ProjectTools* tools_;
  const EntrySource* source_;
  std::unordered_map<std::string, ImageOutcome> outcomes_;
};

Result<embedding::EmbeddingFigures> embed(const ProjectTools& tools, const ProjectOptions& options,
                                          const EntrySource& source, embedding::RunJournal& journal,
                                          ProjectImages& images,
                                          const OnProjectProgress& on_progress,
                                          const std::stop_token& stop) {
  const std::vector<std::size_t> entries = images.to_do();
  ProjectProgress progress{.num_images = source.entries().size(),
                           .num_before = source.entries().size() - entries.size(),
                           .num_resumed = images.num_embedded()};
  on_progress(progress);
  const embedding::EmbeddingTools with{.source = source,
                                       .store = tools.store,
                                       .known = tools.known,
                                       .embedder = tools.embedder,
                                       .clock = tools.clock,
                                       .variant = tools.variant};
  return embedding::embed_images(
      with, entries, options.embedding,
      [&](const embedding::EmbeddedBatch& batch) -> Status {
        for (const ImageOutcome& outcome : batch.outcomes) {
          RETURN_IF_ERROR(journal.add(outcome));
          images.add(outcome);
        }
        RETURN_IF_ERROR(journal.sync());
        progress.figures += batch.figures;
        on_progress(progress);
        return {};
      },
      stop);
}

std::string unreadable_text(const std::map<std::string, std::uint64_t>& reasons,
                            std::size_t num_images) {
  std::string counts;
  for (const auto& [reason, count] : reasons) {
    counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count, reason);
  }
  return num_images == 1 ? fmt::format("its only image cannot be read: {}", counts)
                         : fmt::format("none of its {} images can be read: {}", num_images, counts);
}

}  // namespace

std::string why_unreadable(const EntrySource& source) {
  std::map<std::string, std::uint64_t> verdicts;
  for (const SourceEntry& entry : source.entries()) {
    if (entry.verdict == EntryVerdict::kOk) return {};
    ++verdicts[std::string(to_string(entry.verdict))];
  }
  return verdicts.empty() ? "" : unreadable_text(verdicts, source.entries().size());
}

Result<ProjectReport> run_project(const ProjectTools& tools, const ProjectOptions& options,
                                  const OnProjectProgress& on_progress,
                                  const std::stop_token& stop) {
  const Timestamp started = tools.clock.now();
  ASSIGN_OR_RETURN(
      const auto source,
      archives::open_entry_source(tools.file_system, options.source,
                                  {.extensions = grouping::image_extensions(), .limits = {}}));
  if (const std::string reason = why_unreadable(*source); !reason.empty()) {
    return corrupt(fmt::format("{}: {}", source->name(), reason));
  }
  const embedding::Shard& shard = options.embedding.shard;
  // Where no result can go is told before hours of work.
  if (shard.count <= 1) {
    RETURN_IF_ERROR(decisions::decision_database_target(tools.file_system, options.tree.databases(),
                                                        options.project, options.existing));
  }
  const std::filesystem::path journal_path =
      shard.count > 1 ? options.tree.shard_journal(options.project, shard.index, shard.count)
                      : options.tree.journal(options.project);
  RETURN_IF_ERROR(tools.file_system.create_folders(journal_path.parent_path()));
  ASSIGN_OR_RETURN(
      embedding::RunJournal journal,
      embedding::RunJournal::open(
          tools.file_system, journal_path,
          {.project = options.project, .source = source->fingerprint(), .variant = tools.variant}));
  ProjectImages images(tools, *source);
  images.resume(journal.take_done());

  ProjectReport report;
  report.images.num_images = source->entries().size();
  report.num_resumed = images.num_embedded();
  ASSIGN_OR_RETURN(report.figures,
                   embed(tools, options, *source, journal, images, on_progress, stop));
  const auto count_images = [&] {
    report.images.num_embedded = report.figures.num_embedded;
    report.images.num_reused = report.figures.num_reused + report.num_resumed;
    report.failures = images.failures();
    report.images.num_failed = 0;
    for (const auto& [error, count] : report.failures) report.images.num_failed += count;
  };
  count_images();
  if (shard.count > 1) return report;
  // A copy of which the bytes have not arrived, say: it is to be tried again.
  if (report.images.num_failed > 0 && images.num_embedded() == 0) {
    return corrupt(fmt::format("{}: {}", source->name(),
                               unreadable_text(report.failures, source->entries().size())));
  }

  decisions::RunRecord run = options.run;
  run.started_at = started;
  // Whoever reads the database later stands in another folder.
  ASSIGN_OR_RETURN(const std::filesystem::path source_path,
                   tools.file_system.resolve(options.source));
  run.source = source_path.native();
  run.source_fingerprint = source->fingerprint().to_hex();
  const auto add_decided = [&](const DecidedProject& decided) {
    report.images.num_groups = decided.num_groups;
    report.images.num_ungrouped = decided.num_ungrouped;
    report.num_unreadable_groups = decided.num_unreadable_groups;
    report.database = decided.database.path;
    report.backup = decided.database.backup;
  };
  const auto decide_all = [&] {
    return decide_project(
        tools, options, *source, [&](const std::string& path) { return images.find(path); }, run,
        [&](const DecidedProject& decided) -> Status {
          add_decided(decided);
          return options.before_publishing ? options.before_publishing(report) : Status();
        });
  };
  auto decided = decide_all();
  if (!decided && decided.error().code == ErrorCode::kCorrupt) {
    // Records of the store were damaged since they were written: those images are embedded again.
    RETURN_IF_ERROR(images.forget_lost());
    ASSIGN_OR_RETURN(const embedding::EmbeddingFigures again,
                     embed(tools, options, *source, journal, images, on_progress, stop));
    report.figures += again;
    count_images();
    decided = decide_all();
  }
  if (!decided) return std::move(decided.error());
  add_decided(*decided);
  RETURN_IF_ERROR(journal.retire());
  RETURN_IF_ERROR(remove_journals(tools.file_system, options.tree, options.project));
  return report;
}

}  // namespace assay::predict

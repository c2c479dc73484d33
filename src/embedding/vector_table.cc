#include "embedding/vector_table.h"

#include "archives/entry_source.h"
#include "core/check.h"
#include "embedding/vector_files_internal.h"
#include "grouping/image_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace assay::embedding {
namespace {

using archives::EntrySource;
using archives::EntryVerdict;
using archives::SourceEntry;

class VectorTable {
 public:
  VectorTable(const VectorTableTools& tools, const EntrySource& source, std::size_t num_workers)
      : tools_(&tools),
        source_(&source),
        num_workers_(num_workers),
        fates_(source.entries().size()) {}

  /// The entries to embed; of a path that is there twice one counts.
  std::vector<std::size_t> take_entries() {
    std::vector<std::size_t> to_do;
    const auto entries = source_->entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].verdict != EntryVerdict::kDuplicate) {
        to_do.push_back(i);
        continue;
      }
      fates_[i] = {.image = std::nullopt,
                   .error = std::string(to_string(entries[i].verdict)),
                   .message = std::string(to_text(entries[i].verdict))};
    }
    return to_do;
  }

  Status embed(std::span<const std::size_t> entries, const OnVectorProgress& on_progress,
               const std::stop_token& stop) {
    const EmbeddingTools with{.source = *source_,
                              .store = tools_->store,
                              .known = tools_->known,
                              .embedder = tools_->embedder,
                              .clock = tools_->clock,
                              .variant = tools_->variant};
    ASSIGN_OR_RETURN(const EmbeddingFigures figures,
                     embed_images(
                         with, entries, {.num_workers = num_workers_},
                         [&](const EmbeddedBatch& batch) -> Status {
                           for (const ImageOutcome& outcome : batch.outcomes) note(outcome);
                           shown_ += batch.figures;
                           on_progress(fates_.size(), shown_);
                           return {};
                         },
                         stop));
    figures_ += figures;
    return {};
  }

  /// Write both files, not yet in their places. Returns the entries whose vectors have gone from
  /// the store: where there are any, the files are of no use.
  Result<std::vector<std::size_t>> write(VectorFiles& files, const std::stop_token& stop) const {
    std::vector<std::size_t> lost;
    for (std::size_t i = 0; i < fates_.size(); ++i) {
      if (stop.stop_requested()) {
        return cancelled("stopped; the next run goes on from here");
      }
      const SourceEntry& entry = source_->entries()[i];
      const ImageFate& fate = fates_[i];
      if (!fate.image) {
        RETURN_IF_ERROR(files.add(entry, fate, {}));
        continue;
      }
      ASSIGN_OR_RETURN(const auto vector, tools_->store.find({.content = fate.image->content,
                                                              .variant = tools_->variant}));
      if (!vector) {
        lost.push_back(i);
        continue;
      }
      RETURN_IF_ERROR(files.add(entry, fate, *vector));
    }
    return lost;
  }

  VectorShape shape() const {
    return {.num_vectors = num_vectors(), .dimension = tools_->embedder.dimension()};
  }

  VectorTableReport report() const {
    VectorTableReport report{.num_images = fates_.size(),
                             .num_vectors = num_vectors(),
                             .figures = figures_,
                             .failures = {}};
    for (const ImageFate& fate : fates_) {
      if (!fate.image) ++report.failures[fate.error];
    }
    return report;
  }

 private:
  std::uint64_t num_vectors() const {
    return static_cast<std::uint64_t>(std::ranges::count_if(
        fates_, [](const ImageFate& fate) { return fate.image.has_value(); }));
  }

  void note(const ImageOutcome& outcome) {
    const auto entries = source_->entries();
    auto at = std::ranges::lower_bound(entries, outcome.entry, {}, &SourceEntry::path);
    while (at != entries.end() && at->verdict == EntryVerdict::kDuplicate) ++at;
    CHECK(at != entries.end() && at->path == outcome.entry, "an outcome is of an entry");
    fates_[static_cast<std::size_t>(at - entries.begin())] = {
        .image = outcome.embedded, .error = outcome.error, .message = outcome.message};
  }

  const VectorTableTools* tools_;
  const EntrySource* source_;
  std::size_t num_workers_;
  std::vector<ImageFate> fates_;
  EmbeddingFigures figures_;
  EmbeddingFigures shown_;
};

}  // namespace

Result<VectorTableReport> write_vector_table(const VectorTableTools& tools,
                                             const VectorTableOptions& options,
                                             const OnVectorProgress& on_progress,
                                             const std::stop_token& stop) {
  ASSIGN_OR_RETURN(
      const auto source,
      archives::open_entry_source(tools.file_system, options.source,
                                  {.extensions = grouping::image_extensions(), .limits = {}}));
  // Before the work: a folder that cannot be written to is no surprise after hours.
  RETURN_IF_ERROR(try_vector_files(tools.file_system, options.output));
  VectorTable table(tools, *source, options.num_workers);
  std::vector<std::size_t> to_do = table.take_entries();
  // A record that turns out to be damaged when it is read is made anew, once.
  for (int attempt = 0; attempt < 2; ++attempt) {
    RETURN_IF_ERROR(table.embed(to_do, on_progress, stop));
    RETURN_IF_ERROR(tools.store.update_index());
    ASSIGN_OR_RETURN(const auto files,
                     create_vector_files(tools.file_system, options.output, table.shape()));
    ASSIGN_OR_RETURN(to_do, table.write(*files, stop));
    if (to_do.empty()) {
      RETURN_IF_ERROR(files->commit());
      return table.report();
    }
  }
  return corrupt(
      fmt::format("{}: the embedding of {} has gone from the store twice; is its disk "
                  "sound?",
                  options.source.native(), source->entries()[to_do.front()].path));
}

}  // namespace assay::embedding

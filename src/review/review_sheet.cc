#include "review/review_sheet.h"

#include "files/atomic_file.h"
#include "report/blocks.h"
#include "report/number_text.h"
#include "report/page.h"
#include "review/review_page_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace assay::review {
namespace {

namespace fs = std::filesystem;
using decisions::ScoredProject;

using Page = std::vector<ReviewPart>;

/// Fill pages with groups, project after project; one without groups stands where they would.
std::vector<Page> paginate(std::span<const ScoredProject> projects, const ReviewOptions& options) {
  std::vector<Page> pages(1);
  std::size_t num_on_page = 0;
  for (const ScoredProject& project : projects) {
    if (num_on_page == options.max_groups_of_page) {
      pages.emplace_back();
      num_on_page = 0;
    }
    pages.back().push_back({.project = &project, .groups = {}});
    for (const decisions::ScoredGroup& group : project.groups) {
      if (options.groups == ReviewedGroups::kUncertain && !group.is_uncertain()) continue;
      if (num_on_page == options.max_groups_of_page) {
        pages.push_back(
            {{.project = &project, .groups = {}, .place = ReviewPart::Place::kContinued}});
        num_on_page = 0;
      }
      pages.back().back().groups.push_back(&group);
      ++num_on_page;
    }
  }
  return pages;
}

fs::path page_path(const fs::path& target, std::size_t index) {
  if (index == 0) return target;
  return target.parent_path() /
         fmt::format("{}-{}{}", target.stem().native(), index + 1, target.extension().native());
}

/// What is needed to show the images of a project.
struct ProjectSource {
  /// Null when it cannot be opened.
  std::unique_ptr<archives::EntrySource> entries;
  std::string problem;
  ThumbnailOptions thumbnail;
};

ProjectSource open_source(files::FileSystem& file_system, const ScoredProject& project,
                          const ReviewOptions& options) {
  ProjectSource source;
  source.thumbnail = options.thumbnail;
  if (!project.run) return source;
  source.thumbnail.orientation = decisions::orientation_of(*project.run);
  fs::path path = project.run->source;
  if (options.source_folder) path = *options.source_folder / path.filename();
  auto opened = archives::open_entry_source(file_system, path);
  if (opened) {
    source.entries = std::move(*opened);
  } else {
    source.problem = opened.error().message;
  }
  return source;
}

/// Writes one page after another.
class ReviewWriter {
 public:
  ReviewWriter(files::FileSystem& file_system, ThreadPool& pool,
               std::span<const ScoredProject> projects, const ReviewOptions& options,
               const OnReviewProgress& on_progress, std::stop_token stop)
      : file_system_(&file_system),
        pool_(&pool),
        projects_(projects),
        options_(&options),
        on_progress_(&on_progress),
        stop_(std::move(stop)),
        pages_(paginate(projects, options)) {
    for (const Page& page : pages_) {
      for (const ReviewPart& part : page) {
        summary_.num_groups += part.groups.size();
        for (const decisions::ScoredGroup* group : part.groups) total_ += group->images.size();
      }
    }
    summary_.num_pages = pages_.size();
  }

  /// Errors of all: as write_review().
  Result<ReviewSummary> write() {
    std::string first;
    for (std::size_t i = 0; i < pages_.size(); ++i) {
      ASSIGN_OR_RETURN(std::string page, render(i));
      if (i == 0) {
        first = std::move(page);
      } else {
        RETURN_IF_ERROR(files::write_file(*file_system_, page_path(options_->target, i), page));
      }
    }
    RETURN_IF_ERROR(files::write_file(*file_system_, options_->target, first));
    return summary_;
  }

 private:
  std::vector<report::FileLink> page_links() const {
    std::vector<report::FileLink> links;
    links.reserve(pages_.size());
    for (std::size_t i = 0; i < pages_.size(); ++i) {
      links.push_back({.file_name = page_path(options_->target, i).filename().native(),
                       .text = fmt::format("Page {}", i + 1)});
    }
    return links;
  }

  /// Where each project begins.
  std::vector<report::FileLink> first_pages() const {
    const std::vector<report::FileLink> links = page_links();
    std::vector<report::FileLink> first;
    for (std::size_t i = 0; i < pages_.size(); ++i) {
      for (const ReviewPart& part : pages_[i]) {
        if (part.place == ReviewPart::Place::kFirst) first.push_back(links[i]);
      }
    }
    return first;
  }

  Result<std::string> render(std::size_t index) {
    std::string subtitle =
        fmt::format("{} of {}", report::counted(summary_.num_groups, "group", "groups"),
                    report::counted(projects_.size(), "project", "projects"));
    if (options_->groups == ReviewedGroups::kUncertain) subtitle = "Uncertain only: " + subtitle;
    report::Page page({.title = "Predictions",
                       .subtitle = std::move(subtitle),
                       .footer = options_->made_by,
                       .embedded_pictures = report::EmbeddedPictures::kAllowed});
    if (pages_.size() > 1) page.add(report::page_links(page_links(), index));
    if (options_->groups == ReviewedGroups::kAll) {
      page.add(report::flagged_only_box("Show uncertain groups only"));
    }
    if (index == 0 && projects_.size() > 1) {
      page.begin_section("Projects").add(overview_of(projects_, first_pages()));
    }
    for (const ReviewPart& part : pages_[index]) RETURN_IF_ERROR(add_part(page, part));
    if (pages_.size() > 1) page.add(report::page_links(page_links(), index));
    return page.render();
  }

  Status add_part(report::Page& page, const ReviewPart& part) {
    const bool is_first = part.place == ReviewPart::Place::kFirst;
    page.begin_section(title_of(*part.project) + (is_first ? "" : ", continued"));
    if (opened_ != part.project) {
      source_ = open_source(*file_system_, *part.project, *options_);
      opened_ = part.project;
    }
    if (is_first) page.add(figures_of(*part.project));
    if (!source_.problem.empty()) {
      page.add(report::callout(report::Tone::kWarning,
                               "The source cannot be read, so there are no pictures",
                               report::paragraph(report::Html::text(source_.problem))));
    }
    std::vector<std::vector<ReviewPicture>> pictures;
    ASSIGN_OR_RETURN(pictures, make_pictures(part));
    for (std::size_t i = 0; i < part.groups.size(); ++i) {
      page.add(card_of(*part.groups[i], pictures[i]));
    }
    return {};
  }

  Result<std::vector<std::vector<ReviewPicture>>> make_pictures(const ReviewPart& part) {
    std::vector<std::vector<ReviewPicture>> pictures;
    std::vector<std::pair<const decisions::ScoredImage*, ReviewPicture*>> work;
    for (const decisions::ScoredGroup* group : part.groups) {
      pictures.emplace_back(group->images.size());
      for (std::size_t i = 0; i < group->images.size(); ++i) {
        work.emplace_back(&group->images[i], &pictures.back()[i]);
      }
    }
    RETURN_IF_ERROR(parallel_for(
        *pool_, work.size(),
        [&](std::size_t i) -> Status {
          auto& [image, picture] = work[i];
          *picture = picture_of(*image);
          count(*image, *picture);
          return {};
        },
        stop_));
    return pictures;
  }

  ReviewPicture picture_of(const decisions::ScoredImage& image) const {
    if (!image.score) return std::unexpected("nothing says where it is");
    if (source_.entries == nullptr) return std::unexpected("the source cannot be read");
    return make_thumbnail(*source_.entries, image.score->entry, image.score->crc32,
                          source_.thumbnail);
  }

  void count(const decisions::ScoredImage& image, const ReviewPicture& picture) {
    const std::scoped_lock lock(mutex_);
    if (picture) {
      ++summary_.num_pictures;
    } else if (!image.score) {
      ++summary_.num_without_source;
    } else if (!image.score->error) {  // what the run could not read either is no news
      const std::string& reason = source_.problem.empty() ? picture.error() : source_.problem;
      ++summary_.missing[reason];
    }
    ++done_;
    if (*on_progress_) (*on_progress_)(done_, total_);
  }

  files::FileSystem* file_system_;
  ThreadPool* pool_;
  std::span<const ScoredProject> projects_;
  const ReviewOptions* options_;
  const OnReviewProgress* on_progress_;
  std::stop_token stop_;
  std::vector<Page> pages_;
  // Of the project that is being written.
  const ScoredProject* opened_ = nullptr;
  ProjectSource source_;
  std::uint64_t total_ = 0;
  std::mutex mutex_;  // guards what follows while pictures are made
  std::uint64_t done_ = 0;
  ReviewSummary summary_;
};

}  // namespace

Result<ReviewSummary> write_review(files::FileSystem& file_system, ThreadPool& pool,
                                   std::span<const ScoredProject> projects,
                                   const ReviewOptions& options,
                                   const OnReviewProgress& on_progress,
                                   const std::stop_token& stop) {
  return ReviewWriter(file_system, pool, projects, options, on_progress, stop).write();
}

}  // namespace assay::review

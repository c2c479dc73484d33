#include "review/duplicates.h"

#include "embedding_store/embedding_store.h"
#include "review/near_pairs.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace assay::review {
namespace {

namespace fs = std::filesystem;
using decisions::ScoredProject;
using embedding_store::EmbeddingKey;

/// A group among those of all projects.
using GroupNumber = std::uint32_t;

/// All that is equal to the byte.
struct Content {
  Sha256 digest;
  /// What the vector is stored under.
  Sha256 variant;
  std::vector<GroupedImage> images = {};
  /// Order: ascending, each once.
  std::vector<GroupNumber> groups = {};
};

struct Collected {
  /// Order: by digest.
  std::vector<Content> contents;
  std::uint64_t num_images = 0;
  std::uint64_t num_unknown = 0;
};

/// `CONTENT.VARIANT`, as a run writes it. Errors: kInvalidInput.
Result<EmbeddingKey> parse_key(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return invalid_input("no embedding key");
  ASSIGN_OR_RETURN(const Sha256 content, Sha256::parse(text.substr(0, dot)));
  ASSIGN_OR_RETURN(const Sha256 variant, Sha256::parse(text.substr(dot + 1)));
  return EmbeddingKey{.content = content, .variant = variant};
}

/// Gathers images by their bytes.
class Collector {
 public:
  void add(const ScoredProject& project) {
    const std::string source = project.run ? project.run->source : project.path.native();
    for (const decisions::ScoredGroup& group : project.groups) {
      for (const decisions::ScoredImage& image : group.images) add(project, source, group, image);
      ++next_group_;
    }
  }

  Collected take() {
    for (auto& [digest, content] : contents_) {
      std::ranges::sort(content.images);
      std::ranges::sort(content.groups);
      const auto rest = std::ranges::unique(content.groups);
      content.groups.erase(rest.begin(), rest.end());
      collected_.contents.push_back(std::move(content));
    }
    return std::move(collected_);
  }

 private:
  void add(const ScoredProject& project, const std::string& source,
           const decisions::ScoredGroup& group, const decisions::ScoredImage& image) {
    if (!image.score || !image.score->embedding_key) {
      ++collected_.num_unknown;
      return;
    }
    const std::string& entry = image.score->entry;
    const auto key = parse_key(*image.score->embedding_key);
    if (!key) {
      ++collected_.num_unknown;
      return;
    }
    const bool is_new = seen_.emplace(source, entry, key->content).second;
    const auto [found, is_new_content] = contents_.try_emplace(
        key->content, Content{.digest = key->content, .variant = key->variant});
    // A group of another database of the same archive is a group all the same.
    found->second.groups.push_back(next_group_);
    if (!is_new) return;
    ++collected_.num_images;
    found->second.images.push_back(
        {.project = project.project, .group_id = group.decision.group_id, .entry = entry});
  }

  GroupNumber next_group_ = 0;
  std::set<std::tuple<std::string, std::string, Sha256>> seen_;  // source, entry, content
  std::map<Sha256, Content> contents_;
  Collected collected_;
};

bool share_an_element(std::span<const GroupNumber> a, std::span<const GroupNumber> b) {
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() && right != b.end()) {
    if (*left == *right) return true;
    if (*left < *right) {
      ++left;
    } else {
      ++right;
    }
  }
  return false;
}

/// Whether the images are of more than one project.
bool is_across(std::span<const GroupedImage> images) {
  return std::ranges::any_of(
      images, [&](const GroupedImage& image) { return image.project != images.front().project; });
}

bool is_across(const Content& a, const Content& b) {
  return a.images.front().project != b.images.front().project || is_across(a.images) ||
         is_across(b.images);
}

/// The lengths of vectors that the folder has stores of. Errors: as FileSystem.
Result<std::vector<std::uint32_t>> stored_dimensions(files::FileSystem& file_system,
                                                     const fs::path& folder) {
  constexpr std::string_view kPrefix = "vectors-";
  constexpr std::string_view kSuffix = ".store";
  const auto names = file_system.list(folder);
  if (!names && names.error().code == ErrorCode::kNotFound) return std::vector<std::uint32_t>{};
  if (!names) return names.error();
  std::vector<std::uint32_t> dimensions;
  for (const std::string_view name : *names) {
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    const std::string_view digits =
        name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
    std::uint32_t dimension = 0;
    const auto read = std::from_chars(digits.begin(), digits.end(), dimension);
    if (read.ec == std::errc() && read.ptr == digits.end()) dimensions.push_back(dimension);
  }
  return dimensions;
}

/// Finds near pairs among contents, one kind of vectors after another.
class NearSearch {
 public:
  NearSearch(ThreadPool& pool, const std::vector<Content>& contents,
             const DuplicateOptions& options, std::stop_token stop, DuplicateReport& report)
      : pool_(&pool),
        contents_(&contents),
        options_(&options),
        stop_(std::move(stop)),
        report_(&report) {
    for (std::size_t i = 0; i < contents.size(); ++i) {
      waiting_.emplace(EmbeddingKey{.content = contents[i].digest, .variant = contents[i].variant},
                       i);
    }
  }

  /// Errors of all: as find_duplicates().
  Status search(embedding_store::EmbeddingStore& store, std::size_t dimension) {
    // By variant, what the store has of it.
    struct Vectors {
      std::vector<std::size_t> contents;
      std::vector<float> values;
    };
    std::map<Sha256, Vectors> by_variant;
    RETURN_IF_ERROR(
        store.for_each([&](const EmbeddingKey& key, std::span<const float> vector) -> Status {
          if (stop_.stop_requested()) return cancelled("interrupted while vectors were read");
          const auto found = waiting_.find(key);
          if (found == waiting_.end()) return {};
          Vectors& vectors = by_variant[key.variant];
          vectors.contents.push_back(found->second);
          vectors.values.insert(vectors.values.end(), vector.begin(), vector.end());
          waiting_.erase(found);
          return {};
        }));
    for (auto& [variant, vectors] : by_variant) {
      ++report_->num_variants;
      RETURN_IF_ERROR(compare(vectors.contents, std::move(vectors.values), dimension));
    }
    return {};
  }

  void finish() {
    report_->num_without_vector = waiting_.size();
    std::ranges::stable_sort(found_, std::ranges::greater(), &Found::cosine);
    if (found_.size() > options_->max_pairs) found_.resize(options_->max_pairs);
    for (const Found& pair : found_) {
      report_->near.push_back({.first = (*contents_)[pair.first].images.front(),
                               .second = (*contents_)[pair.second].images.front(),
                               .cosine = pair.cosine});
    }
  }

 private:
  struct Found {
    std::size_t first = 0;
    std::size_t second = 0;
    double cosine = 0;
  };

  Status compare(const std::vector<std::size_t>& of_vector, std::vector<float> values,
                 std::size_t dimension) {
    std::atomic<std::uint64_t> num_in_group = 0;
    std::atomic<std::uint64_t> num_across = 0;
    NearPairsOptions options{.min_cosine = options_->min_cosine,
                             .max_pairs = options_->max_pairs,
                             .on_progress = options_->on_progress};
    options.wanted = [&](std::uint32_t first, std::uint32_t second) {
      const Content& a = (*contents_)[of_vector[first]];
      const Content& b = (*contents_)[of_vector[second]];
      if (share_an_element(a.groups, b.groups)) {
        ++num_in_group;
        return false;
      }
      if (is_across(a, b)) ++num_across;
      return true;
    };
    ASSIGN_OR_RETURN(const NearPairs pairs,
                     find_near_pairs(*pool_, std::move(values), dimension, options, stop_));
    report_->num_near += pairs.num_pairs;
    report_->num_near_in_group += num_in_group;
    report_->num_near_across += num_across;
    for (const NearPair& pair : pairs.pairs) {
      // The order of the store is that of arrival; that of the contents is always the same.
      const auto [first, second] = std::minmax(of_vector[pair.first], of_vector[pair.second]);
      found_.push_back({.first = first, .second = second, .cosine = pair.cosine});
    }
    return {};
  }

  ThreadPool* pool_;
  const std::vector<Content>* contents_;
  const DuplicateOptions* options_;
  std::stop_token stop_;
  DuplicateReport* report_;
  std::unordered_map<EmbeddingKey, std::size_t, embedding_store::DigestHash> waiting_;
  std::vector<Found> found_;
};

void list_exact(const std::vector<Content>& contents, DuplicateReport& report) {
  for (const Content& content : contents) {
    if (content.images.size() < 2) continue;
    report.exact.push_back({.content = content.digest, .images = content.images});
    if (is_across(content.images)) ++report.num_exact_across;
  }
  std::ranges::stable_sort(report.exact, std::ranges::greater(),
                           [](const ExactDuplicates& set) { return set.images.size(); });
}

}  // namespace

Result<DuplicateReport> find_duplicates(files::FileSystem& file_system, RandomSource& random,
                                        ThreadPool& pool, std::span<const ScoredProject> projects,
                                        const fs::path& store_folder,
                                        const DuplicateOptions& options,
                                        const std::stop_token& stop) {
  Collector collector;
  for (const ScoredProject& project : projects) collector.add(project);
  const Collected collected = collector.take();
  DuplicateReport report{.num_images = collected.num_images,
                         .num_contents = collected.contents.size(),
                         .num_unknown = collected.num_unknown,
                         .exact = {},
                         .near = {}};
  list_exact(collected.contents, report);
  NearSearch search(pool, collected.contents, options, stop, report);
  ASSIGN_OR_RETURN(const auto dimensions, stored_dimensions(file_system, store_folder));
  for (const std::uint32_t dimension : dimensions) {
    ASSIGN_OR_RETURN(const auto store, embedding_store::EmbeddingStore::open(
                                           file_system, store_folder, random,
                                           {.dimension = dimension, .read_only = true}));
    RETURN_IF_ERROR(search.search(*store, dimension));
  }
  search.finish();
  return report;
}

}  // namespace assay::review

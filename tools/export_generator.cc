#include "tools/export_generator.h"

#include "core/random.h"
#include "files/atomic_file.h"
#include "jobs/job_columns.h"
#include "tables/parquet_writer.h"
#include "tools/export_templates.h"
#include "tools/object_list.h"
#include "tools/text_arena.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::tools {

namespace {

using jobs::JobColumn;
using enum jobs::JobColumn;

constexpr std::int64_t kFirstJob = 1'761'523'200'000'000;  // 2025-10-27, in microseconds
constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kSpan = kSecond * 86'400 * 5;
constexpr std::array<std::string_view, 2> kBuckets = {"img-bucket-a", "img-bucket-b"};
constexpr std::array<std::string_view, 5> kFaults = {"fault/403", "fault/503x2", "fault/503",
                                                     "fault/429r1x1", "fault/drop"};

class Generator {
 public:
  Generator(const ExportOptions& options, ObjectList* objects)
      : options_(options),
        objects_(objects),
        random_(options.seed),
        templates_(job_templates(random_)) {
    if (options_.num_rows == templates_.size()) {
      for (std::size_t i = templates_.size(); i > 1; --i) {
        std::swap(templates_[i - 1], templates_[random_.below(i)]);
      }
    }
    if (options_.num_hotkeys) {
      hotkeys_.reserve(*options_.num_hotkeys);
      for (std::uint64_t i = 0; i < *options_.num_hotkeys; ++i) {
        hotkeys_.push_back(random_hotkey(random_));
      }
    }
  }

  Status write(tables::ParquetWriter& writer) {
    if (objects_ != nullptr) {
      // The claimed objects among the special addresses.
      RETURN_IF_ERROR(objects_->add("gs://img-bucket-a/padded.png", kFirstJob));
      RETURN_IF_ERROR(objects_->add(special_uris().back(), kFirstJob));
    }
    for (std::uint64_t first = 0; first < options_.num_rows; first += options_.row_group_rows) {
      const auto rows = static_cast<std::size_t>(
          std::min<std::uint64_t>(options_.row_group_rows, options_.num_rows - first));
      columns_.start(rows);
      arena_.clear();
      uris_.clear();
      uris_.reserve(rows);
      for (std::size_t row = 0; row < rows; ++row) RETURN_IF_ERROR(add_row(first, row));
      RETURN_IF_ERROR(columns_.write(writer, rows));
    }
    return {};
  }

 private:
  std::int32_t integer(int low, int high) {
    return low + static_cast<std::int32_t>(random_.below(static_cast<std::uint64_t>(high - low)));
  }
  double decimal(double scale) {
    return static_cast<double>(static_cast<std::int64_t>(random_.unit() * scale * 1000)) / 1000;
  }
  template <std::size_t size>
  std::string_view word(const std::array<std::string_view, size>& words) {
    return words[random_.below(size)];
  }

  // Lower-case hexadecimal digits; `size` is a multiple of 16.
  std::span<char> hex(std::size_t size) {
    const std::span<char> text = arena_.make(size);
    for (std::size_t i = 0; i < size; i += 16) {
      std::uint64_t bits = random_.next();
      for (std::size_t j = 0; j < 16; ++j, bits >>= 4) text[i + j] = "0123456789abcdef"[bits & 15];
    }
    return text;
  }
  std::string_view sha256_text() {
    const auto text = hex(64);
    return {text.data(), text.size()};
  }
  std::string_view uuid() {
    const auto digits = hex(32);
    const auto text = arena_.make(36);
    std::size_t from = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      text[i] = i == 8 || i == 13 || i == 18 || i == 23 ? '-' : digits[from++];
    }
    return {text.data(), text.size()};
  }

  Status add_row(std::uint64_t first, std::size_t row) {
    const bool is_whole = options_.num_rows == templates_.size();
    const JobTemplate& job = templates_[is_whole ? first + row : random_.below(templates_.size())];
    const std::string_view id = uuid();
    const bool is_fault = options_.fault_share > 0 && random_.unit() < options_.fault_share;
    const std::string_view bucket = kBuckets[row % 3 == 0 ? 0 : 1];
    const std::string_view folder = is_fault ? word(kFaults) : std::string_view("images/2025");
    uris_.push_back(arena_.join({"gs://", bucket, "/", folder, "/", id, ".png"}));
    const std::int64_t time = kFirstJob +
                              static_cast<std::int64_t>(first + row) * 54 * kSecond % kSpan +
                              integer(0, static_cast<int>(kSecond));
    add_flat_columns(job, id, time);
    const std::optional<std::string_view> uri = uri_of(job, row);
    add_response(job, uri, time);
    if (objects_ == nullptr || job.has_image != true) return {};
    if (job.uri == static_cast<int>(UriKind::kObject)) return objects_->add(uris_[row], time);
    // An earlier job's object is listed here unless that job claims it itself: twice does not hurt.
    if (uri && job.uri == static_cast<int>(UriKind::kEarlierObject))
      return objects_->add(*uri, time);
    return {};
  }

  std::optional<std::string_view> uri_of(const JobTemplate& job, std::size_t row) const {
    if (!job.has_response) return std::nullopt;
    switch (static_cast<UriKind>(job.uri)) {
      case UriKind::kNull:
        return std::nullopt;
      case UriKind::kObject:
        return uris_[row];
      case UriKind::kEarlierObject:
        return uris_[row / 10];
      default:
        return special_uris()[static_cast<std::size_t>(job.uri)];
    }
  }

  void add_flat_columns(const JobTemplate& job, std::string_view id, std::int64_t time) {
    constexpr std::array<std::string_view, 3> kJobTypes = {"img-h100_pcie", "img-4090", "audit"};
    constexpr std::array<std::string_view, 3> kModels = {"flux-dev", "sdxl", "qwen-image"};
    constexpr std::array<std::string_view, 2> kValidators = {"5Val1", "5Val2"};
    constexpr std::array<std::string_view, 2> kSources = {"api", "audit"};
    constexpr std::array<std::string_view, 3> kReasons = {"oom", "timeout", "bad request"};
    constexpr std::array<std::string_view, 3> kVerdicts = {"pass", "fail", "none"};
    columns_.put(kJobId, id);
    columns_.put(kJobType, word(kJobTypes));
    columns_.put(kModelId, word(kModels));
    columns_.put(kPriority, integer(0, 5));
    columns_.put_optional(kStatus, job.status, 0);
    if (hotkeys_.empty()) {
      columns_.put_optional(kMinerHotkey, job.hotkey, 0);
    } else {
      columns_.put(kMinerHotkey, hotkeys_[random_.below(hotkeys_.size())]);
    }
    columns_.put(kMinerUid, integer(0, 256));
    columns_.put(kValidatorHotkey, word(kValidators));
    columns_.put(kSource, word(kSources));
    columns_.put(kCreatedAt, time);
    columns_.put(kQueuedAt, time + 1000);
    columns_.put(kStartedAt, time + 5000);
    columns_.put(kCompletedAt, time + 9 * kSecond);
    columns_.put(kUpdatedAt, time + 9 * kSecond + 100'000);
    columns_.put(kExpiresAt, time + 600 * kSecond);
    columns_.put(kRetryCount, integer(0, 3));
    columns_.put(kTimeoutSeconds, std::int32_t{60});
    columns_.put(kPromptHash, sha256_text());
    columns_.put(kWidth, integer(256, 2049));
    columns_.put(kHeight, integer(256, 2049));
    columns_.put(kSteps, integer(1, 60));
    columns_.put(kGuidance, decimal(12));
    columns_.put(kRandomSeed, static_cast<std::int64_t>(random_.next() >> 2));
    const bool is_done = job.has_image == true;
    is_done ? columns_.put_null(kFailureReason) : columns_.put(kFailureReason, word(kReasons));
    is_done ? columns_.put(kResultSha256, sha256_text()) : columns_.put_null(kResultSha256);
    columns_.put(kAuditStatus, word(kVerdicts));
    columns_.put_boolean(kIsAuditJob, random_.unit() < 0.1);
  }

  void add_response(const JobTemplate& job, std::optional<std::string_view> uri,
                    std::int64_t time) {
    if (!job.has_response) {
      for (std::size_t column = kImageUri; column <= kUploadMs; ++column) {
        columns_.put_null(static_cast<JobColumn>(column));
      }
      return;
    }
    uri ? columns_.put(kImageUri, *uri) : columns_.put_null(kImageUri, 1);
    job.has_image == true ? columns_.put(kImageSha256, sha256_text())
                          : columns_.put_null(kImageSha256, 1);
    columns_.put(kImageCount, integer(1, 5));
    if (job.has_callback) {
      job.has_image ? columns_.put_boolean(kHasImage, *job.has_image)
                    : columns_.put_null(kHasImage, 2);
      uri&& job.has_callback_uri ? columns_.put(kCallbackUri, *uri)
                                 : columns_.put_null(kCallbackUri, 2);
      columns_.put(kReceivedAt, time + 9 * kSecond);
      columns_.put_optional(kCallbackStatus, job.status, 2);
    } else {
      for (const JobColumn column : {kHasImage, kCallbackUri, kReceivedAt, kCallbackStatus}) {
        columns_.put_null(column, 1);
      }
    }
    columns_.put(kQueueMs, decimal(900));
    columns_.put(kInferenceMs, decimal(8000));
    columns_.put(kUploadMs, decimal(700));
  }

  const ExportOptions& options_;
  ObjectList* objects_;
  SeededRandom random_;
  std::vector<JobTemplate> templates_;
  std::vector<std::string> hotkeys_;
  jobs::JobColumns columns_;
  TextArena arena_;
  std::vector<std::string_view> uris_;  // of the row group, one for each job, used or not
};

}  // namespace

Status write_export(files::FileSystem& file_system, const std::filesystem::path& target,
                    const ExportOptions& options) {
  std::optional<ObjectList> objects;
  if (options.objects) {
    ASSIGN_OR_RETURN(auto file, files::AtomicFile::create(file_system, *options.objects));
    objects.emplace(std::move(file), options.seed, options.absent_share);
  }
  ASSIGN_OR_RETURN(auto writer,
                   tables::ParquetWriter::create(file_system, target, jobs::job_columns()));
  Generator generator(options, objects ? &*objects : nullptr);
  RETURN_IF_ERROR(generator.write(writer));
  RETURN_IF_ERROR(writer.finish());
  return objects ? objects->commit() : Status();
}

}  // namespace assay::tools

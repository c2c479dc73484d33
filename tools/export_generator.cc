#include "tools/export_generator.h"

#include "core/bytes.h"
#include "core/check.h"
#include "core/random.h"
#include "core/timestamp.h"
#include "files/atomic_file.h"
#include "tables/parquet_writer.h"
#include "tools/export_templates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::tools {

namespace {

using tables::ColumnType;

constexpr std::int64_t kFirstJob = 1'761'523'200'000'000;  // 2025-10-27, in microseconds
constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kSpan = kSecond * 86'400 * 5;
constexpr std::array<std::string_view, 2> kBuckets = {"img-bucket-a", "img-bucket-b"};
constexpr std::array<std::string_view, 5> kFaults = {"fault/403", "fault/503x2", "fault/503",
                                                     "fault/429r1x1", "fault/drop"};

// In the order of the file.
// NOLINTNEXTLINE(cppcoreguidelines-use-enum-class): each is an index, of several arrays.
enum Column : std::size_t {
  kJobId,
  kJobType,
  kModelId,
  kPriority,
  kStatus,
  kMinerHotkey,
  kMinerUid,
  kValidatorHotkey,
  kSource,
  kCreatedAt,
  kQueuedAt,
  kStartedAt,
  kCompletedAt,
  kUpdatedAt,
  kExpiresAt,
  kRetryCount,
  kTimeoutSeconds,
  kPromptHash,
  kWidth,
  kHeight,
  kSteps,
  kGuidance,
  kRandomSeed,
  kImageUri,
  kImageSha256,
  kImageCount,
  kHasImage,
  kCallbackUri,
  kReceivedAt,
  kCallbackStatus,
  kQueueMs,
  kInferenceMs,
  kUploadMs,
  kFailureReason,
  kResultSha256,
  kAuditStatus,
  kIsAuditJob,
  kNumColumns
};

const std::array<tables::ColumnSpec, kNumColumns>& column_specs() {
  static const std::array<tables::ColumnSpec, kNumColumns> kSpecs = {{
      {"job_id", ColumnType::kText},
      {"job_type", ColumnType::kText},
      {"model_id", ColumnType::kText},
      {"priority", ColumnType::kInt32},
      {"status", ColumnType::kText},
      {"miner_hotkey", ColumnType::kText},
      {"miner_uid", ColumnType::kInt32},
      {"validator_hotkey", ColumnType::kText},
      {"source", ColumnType::kText},
      {"created_at", ColumnType::kTimestamp},
      {"queued_at", ColumnType::kTimestamp},
      {"started_at", ColumnType::kTimestamp},
      {"completed_at", ColumnType::kTimestamp},
      {"updated_at", ColumnType::kTimestamp},
      {"expires_at", ColumnType::kTimestamp},
      {"retry_count", ColumnType::kInt32},
      {"timeout_seconds", ColumnType::kInt32},
      {"payload.prompt_hash", ColumnType::kText},
      {"payload.width", ColumnType::kInt32},
      {"payload.height", ColumnType::kInt32},
      {"payload.steps", ColumnType::kInt32},
      {"payload.guidance", ColumnType::kDouble},
      {"payload.seed", ColumnType::kInt64},
      {"response_payload.image_uri", ColumnType::kText},
      {"response_payload.image_sha256", ColumnType::kText},
      {"response_payload.image_count", ColumnType::kInt32},
      {"response_payload.callback_metadata.has_image", ColumnType::kBoolean},
      {"response_payload.callback_metadata.image_uri", ColumnType::kText},
      {"response_payload.callback_metadata.received_at", ColumnType::kTimestamp},
      {"response_payload.callback_metadata.callback_status", ColumnType::kText},
      {"response_payload.runtimes.queue_ms", ColumnType::kDouble},
      {"response_payload.runtimes.inference_ms", ColumnType::kDouble},
      {"response_payload.runtimes.upload_ms", ColumnType::kDouble},
      {"failure_reason", ColumnType::kText},
      {"result_image_sha256", ColumnType::kText},
      {"audit_status", ColumnType::kText},
      {"is_audit_job", ColumnType::kBoolean},
  }};
  return kSpecs;
}

// Texts of a row group; what keep() returns holds until clear().
class TextArena {
 public:
  std::span<char> make(std::size_t size) {
    if (size > left_) {
      if (used_ == blocks_.size()) {
        blocks_.emplace_back(kBlock);
      }
      CHECK(size <= kBlock, "a text longer than a block");
      next_ = blocks_[used_++].data();
      left_ = kBlock;
    }
    const std::span<char> made(next_, size);
    next_ += size;
    left_ -= size;
    return made;
  }
  void clear() {
    used_ = 0;
    left_ = 0;
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 20;
  std::vector<std::vector<char>> blocks_;
  std::size_t used_ = 0;
  std::size_t left_ = 0;
  char* next_ = nullptr;
};

// The values of a column of any type.
struct ColumnValues {
  std::vector<std::int16_t> levels;
  // NOLINTNEXTLINE(*-avoid-c-arrays): std::vector<bool> has no bool to point to.
  std::unique_ptr<bool[]> booleans;
  std::size_t num_booleans = 0;
  std::vector<std::int32_t> int32s;
  std::vector<std::int64_t> int64s;
  std::vector<double> doubles;
  std::vector<std::string_view> texts;
};

class Generator {
 public:
  Generator(const ExportOptions& options, files::AtomicFile* objects)
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
    for (std::size_t i = 0; i < kNumColumns; ++i) {
      full_levels_[i] =
          static_cast<std::int16_t>(1 + std::ranges::count(column_specs()[i].path, '.'));
    }
  }

  Status write(tables::ParquetWriter& writer) {
    if (objects_ != nullptr) RETURN_IF_ERROR(list_special_objects());
    for (std::uint64_t first = 0; first < options_.num_rows; first += options_.row_group_rows) {
      const auto rows = static_cast<std::size_t>(
          std::min<std::uint64_t>(options_.row_group_rows, options_.num_rows - first));
      start_group(rows);
      for (std::size_t row = 0; row < rows; ++row) RETURN_IF_ERROR(add_row(first, row));
      RETURN_IF_ERROR(write_group(writer, rows));
    }
    return {};
  }

 private:
  void start_group(std::size_t rows) {
    arena_.clear();
    uris_.clear();
    uris_.reserve(rows);
    for (std::size_t i = 0; i < kNumColumns; ++i) {
      ColumnValues& column = columns_[i];
      column.levels.clear();
      column.int32s.clear();
      column.int64s.clear();
      column.doubles.clear();
      column.texts.clear();
      column.num_booleans = 0;
      if (column_specs()[i].type == ColumnType::kBoolean) {
        // NOLINTNEXTLINE(*-avoid-c-arrays): as its declaration says.
        column.booleans = std::make_unique_for_overwrite<bool[]>(rows);
      }
    }
  }

  Status write_group(tables::ParquetWriter& writer, std::size_t rows) {
    std::array<tables::ColumnData, kNumColumns> data;
    for (std::size_t i = 0; i < kNumColumns; ++i) {
      const ColumnValues& column = columns_[i];
      data[i].levels = column.levels;
      switch (column_specs()[i].type) {
        case ColumnType::kBoolean:
          data[i].values = std::span<const bool>(column.booleans.get(), column.num_booleans);
          break;
        case ColumnType::kInt32:
          data[i].values = std::span<const std::int32_t>(column.int32s);
          break;
        case ColumnType::kInt64:
        case ColumnType::kTimestamp:
          data[i].values = std::span<const std::int64_t>(column.int64s);
          break;
        case ColumnType::kDouble:
          data[i].values = std::span<const double>(column.doubles);
          break;
        default:
          data[i].values = std::span<const std::string_view>(column.texts);
      }
    }
    return writer.write_row_group(rows, data);
  }

  void put_null(Column column, int level = 0) {
    columns_[column].levels.push_back(static_cast<std::int16_t>(level));
  }
  void put_level(Column column) { columns_[column].levels.push_back(full_levels_[column]); }
  void put(Column column, std::string_view text) {
    put_level(column);
    columns_[column].texts.push_back(text);
  }
  void put(Column column, std::int32_t value) {
    put_level(column);
    columns_[column].int32s.push_back(value);
  }
  void put(Column column, std::int64_t value) {
    put_level(column);
    columns_[column].int64s.push_back(value);
  }
  void put(Column column, double value) {
    put_level(column);
    columns_[column].doubles.push_back(value);
  }
  void put_boolean(Column column, bool value) {
    put_level(column);
    columns_[column].booleans[columns_[column].num_booleans++] = value;
  }
  void put_optional(Column column, const std::optional<std::string>& text, int null_level) {
    text ? put(column, *text) : put_null(column, null_level);
  }

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
  std::string_view join(std::initializer_list<std::string_view> parts) {
    std::size_t size = 0;
    for (const auto part : parts) size += part.size();
    const auto text = arena_.make(size);
    auto next = text.begin();
    for (const auto part : parts) next = std::ranges::copy(part, next).out;
    return {text.data(), text.size()};
  }

  Status add_row(std::uint64_t first, std::size_t row) {
    const bool is_whole = options_.num_rows == templates_.size();
    const JobTemplate& job = templates_[is_whole ? first + row : random_.below(templates_.size())];
    const std::string_view id = uuid();
    const bool is_fault = options_.fault_share > 0 && random_.unit() < options_.fault_share;
    const std::string_view bucket = kBuckets[row % 3 == 0 ? 0 : 1];
    const std::string_view folder = is_fault ? word(kFaults) : std::string_view("images/2025");
    uris_.push_back(join({"gs://", bucket, "/", folder, "/", id, ".png"}));
    const std::int64_t time = kFirstJob +
                              static_cast<std::int64_t>(first + row) * 54 * kSecond % kSpan +
                              integer(0, static_cast<int>(kSecond));
    add_flat_columns(job, id, time);
    const std::optional<std::string_view> uri = uri_of(job, row);
    add_response(job, uri, time);
    if (objects_ == nullptr || job.has_image != true) return {};
    if (job.uri == static_cast<int>(UriKind::kObject)) return list_object(uris_[row], time);
    // An earlier job's object is listed here unless that job claims it itself: twice does not hurt.
    if (uri && job.uri == static_cast<int>(UriKind::kEarlierObject)) return list_object(*uri, time);
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
    put(kJobId, id);
    put(kJobType, word(kJobTypes));
    put(kModelId, word(kModels));
    put(kPriority, integer(0, 5));
    put_optional(kStatus, job.status, 0);
    if (hotkeys_.empty()) {
      put_optional(kMinerHotkey, job.hotkey, 0);
    } else {
      put(kMinerHotkey, hotkeys_[random_.below(hotkeys_.size())]);
    }
    put(kMinerUid, integer(0, 256));
    put(kValidatorHotkey, word(kValidators));
    put(kSource, word(kSources));
    put(kCreatedAt, time);
    put(kQueuedAt, time + 1000);
    put(kStartedAt, time + 5000);
    put(kCompletedAt, time + 9 * kSecond);
    put(kUpdatedAt, time + 9 * kSecond + 100'000);
    put(kExpiresAt, time + 600 * kSecond);
    put(kRetryCount, integer(0, 3));
    put(kTimeoutSeconds, std::int32_t{60});
    put(kPromptHash, sha256_text());
    put(kWidth, integer(256, 2049));
    put(kHeight, integer(256, 2049));
    put(kSteps, integer(1, 60));
    put(kGuidance, decimal(12));
    put(kRandomSeed, static_cast<std::int64_t>(random_.next() >> 2));
    const bool is_done = job.has_image == true;
    is_done ? put_null(kFailureReason) : put(kFailureReason, word(kReasons));
    is_done ? put(kResultSha256, sha256_text()) : put_null(kResultSha256);
    put(kAuditStatus, word(kVerdicts));
    put_boolean(kIsAuditJob, random_.unit() < 0.1);
  }

  void add_response(const JobTemplate& job, std::optional<std::string_view> uri,
                    std::int64_t time) {
    if (!job.has_response) {
      for (std::size_t column = kImageUri; column <= kUploadMs; ++column) {
        put_null(static_cast<Column>(column));
      }
      return;
    }
    uri ? put(kImageUri, *uri) : put_null(kImageUri, 1);
    job.has_image == true ? put(kImageSha256, sha256_text()) : put_null(kImageSha256, 1);
    put(kImageCount, integer(1, 5));
    if (job.has_callback) {
      job.has_image ? put_boolean(kHasImage, *job.has_image) : put_null(kHasImage, 2);
      uri&& job.has_callback_uri ? put(kCallbackUri, *uri) : put_null(kCallbackUri, 2);
      put(kReceivedAt, time + 9 * kSecond);
      put_optional(kCallbackStatus, job.status, 2);
    } else {
      for (const Column column : {kHasImage, kCallbackUri, kReceivedAt, kCallbackStatus}) {
        put_null(column, 1);
      }
    }
    put(kQueueMs, decimal(900));
    put(kInferenceMs, decimal(8000));
    put(kUploadMs, decimal(700));
  }

  // The claimed objects among the special addresses.
  Status list_special_objects() {
    RETURN_IF_ERROR(list_object("gs://img-bucket-a/padded.png", kFirstJob));
    return list_object(special_uris().back(), kFirstJob);
  }

  Status list_object(std::string_view uri, std::int64_t time) {
    constexpr std::string_view kScheme = "gs://";
    constexpr double kEmptyShare = 0.002;
    constexpr double kOldShare = 0.003;
    constexpr double kNoMd5Share = 0.05;
    // Drawn from the name, so that a second line of the same object says the same.
    SeededRandom random(std::hash<std::string_view>{}(uri) ^ options_.seed);
    if (random.unit() < options_.absent_share) return {};
    const std::string_view path = uri.substr(kScheme.size());
    const std::size_t slash = path.find('/');
    const std::uint64_t size = random.unit() < kEmptyShare ? 0 : 50'000 + random.below(3'000'000);
    const std::string md5 = random.unit() < kNoMd5Share ? "-" : random_md5(random);
    const std::int64_t created = time + (random.unit() < kOldShare ? -86'400 : 8) * kSecond;
    return objects_->write(fmt::format("{}\t{}\t{}\t{}\t{}\n", path.substr(0, slash),
                                       path.substr(slash + 1), size, md5,
                                       to_rfc3339(Timestamp(std::chrono::microseconds(created)))));
  }

  // 16 bytes in Base64: 22 digits and two pads; the last digit holds two bits.
  static std::string random_md5(RandomSource& random) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (int i = 0; i < 21; ++i) text.push_back(kDigits[random.below(64)]);
    text.push_back(kDigits[random.below(4) * 16]);
    return text + "==";
  }

  const ExportOptions& options_;
  files::AtomicFile* objects_;
  SeededRandom random_;
  std::vector<JobTemplate> templates_;
  std::vector<std::string> hotkeys_;
  std::array<std::int16_t, kNumColumns> full_levels_ = {};
  std::array<ColumnValues, kNumColumns> columns_;
  TextArena arena_;
  std::vector<std::string_view> uris_;  // of the row group, one for each job, used or not
};

}  // namespace

Status write_export(files::FileSystem& file_system, const std::filesystem::path& target,
                    const ExportOptions& options) {
  std::optional<files::AtomicFile> objects;
  if (options.objects) {
    ASSIGN_OR_RETURN(auto file, files::AtomicFile::create(file_system, *options.objects));
    objects.emplace(std::move(file));
  }
  ASSIGN_OR_RETURN(auto writer, tables::ParquetWriter::create(file_system, target, column_specs()));
  Generator generator(options, objects ? &*objects : nullptr);
  RETURN_IF_ERROR(generator.write(writer));
  RETURN_IF_ERROR(writer.finish());
  return objects ? objects->commit() : Status();
}

}  // namespace assay::tools

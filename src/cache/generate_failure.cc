#include "cache/generate_failure.h"

#include "files/atomic_file.h"

#include <string_view>
#include <utility>

namespace assay::cache {
namespace {

constexpr ByteCount kMaxFailureSize{64U << 10};

}  // namespace

Status note_generate_failure(files::FileSystem& file_system, const CacheLayout& layout,
                             const std::optional<GenerateFailure>& failure) {
  const std::filesystem::path path = layout.generate_failure();
  if (failure) {
    return files::write_file(file_system, path,
                             to_rfc3339(failure->at) + "\n" + failure->message + "\n");
  }
  Status removed = file_system.remove(path);
  if (!removed && removed.error().code != ErrorCode::kNotFound) return removed;
  return {};
}

std::optional<GenerateFailure> read_generate_failure(files::FileSystem& file_system,
                                                     const CacheLayout& layout) {
  const auto text = files::read_file(file_system, layout.generate_failure(), kMaxFailureSize);
  if (!text) return std::nullopt;
  const std::size_t end = text->find('\n');
  const auto at = parse_timestamp(std::string_view(*text).substr(0, end));
  if (!at || end == std::string::npos) return std::nullopt;
  std::string message = text->substr(end + 1);
  while (message.ends_with('\n')) message.pop_back();
  return GenerateFailure{.at = *at, .message = std::move(message)};
}

}  // namespace assay::cache

#include "record_files/file_lines.h"

#include <cstddef>
#include <span>

namespace assay::record_files {
namespace {

constexpr std::size_t kReadSize = std::size_t{1} << 20;

}  // namespace

Result<std::string> read_range(const files::File& file, std::uint64_t offset,
                               std::uint64_t length) {
  std::string text(static_cast<std::size_t>(length), '\0');
  ASSIGN_OR_RETURN(const std::size_t got,
                   file.read_at(offset, std::as_writable_bytes(std::span(text))));
  text.resize(got);
  return text;
}

Status for_each_line(const files::File& file, std::uint64_t offset,
                     const std::function<void(std::string_view line, bool is_ended)>& on_line) {
  std::string buffer;
  while (true) {
    ASSIGN_OR_RETURN(const std::string block, read_range(file, offset, kReadSize));
    offset += block.size();
    const std::size_t searched = buffer.size();
    buffer += block;
    std::size_t start = 0;
    for (std::size_t end = buffer.find('\n', searched); end != std::string::npos;
         end = buffer.find('\n', start)) {
      on_line(std::string_view(buffer).substr(start, end - start), true);
      start = end + 1;
    }
    buffer.erase(0, start);
    if (block.size() < kReadSize) break;
  }
  if (!buffer.empty()) on_line(buffer, false);
  return {};
}

}  // namespace assay::record_files

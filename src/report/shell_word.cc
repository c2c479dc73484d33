#include "report/shell_word.h"

namespace assay::report {

std::string shell_word(const std::filesystem::path& path) {
  const std::string& text = path.native();
  const bool is_plain = text.find_first_not_of(
                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "/._-") == std::string::npos;
  if (is_plain && !text.empty()) return text;
  std::string result = "'";
  for (const char letter : text) result += letter == '\'' ? "'\\''" : std::string(1, letter);
  return result + "'";
}

}  // namespace assay::report

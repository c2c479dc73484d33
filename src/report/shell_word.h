/// \file
/// Names from outside as words of a command that a person may paste.

#pragma once

#include <filesystem>
#include <string>

namespace assay::report {

/// One path, or another text, within a shell command: whatever it holds, the shell sees this word.
std::string shell_word(const std::filesystem::path& path);

}  // namespace assay::report

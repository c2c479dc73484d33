#include "cli/secret_file_internal.h"
#include "files/atomic_file.h"
#include "files/file_system.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

namespace assay::cli {
namespace {

/// A key is a line of text or some random bytes: a larger file was given by mistake.
constexpr ByteCount kMaxSecretSize{4096};

/// Fewer bytes can be found by trying.
constexpr std::size_t kMinSecretBytes = 16;

}  // namespace

Result<crypto::Secret> read_secret_file(const std::string& path, std::string_view option) {
  auto text = files::read_file(files::posix_file_system(), path, kMaxSecretSize);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return missing(
        fmt::format("{}: {} is not there; make one with `openssl rand -hex 32`", option, path));
  }
  if (!text) return std::move(text.error()).within(option);
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  if (text->size() < kMinSecretBytes) {
    crypto::Secret wiped(std::move(*text));
    return invalid_input(
        fmt::format("{}: {} holds fewer than {} bytes, which can be found by trying; make one with "
                    "`openssl rand -hex 32`",
                    option, path, kMinSecretBytes));
  }
  return crypto::Secret(std::move(*text));
}

}  // namespace assay::cli

#include "media/prompt_image.h"

#include "core/bytes.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "media/image_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace assay::media {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kNumNameDigits = 16;

std::string_view trimmed(std::string_view text) {
  const std::size_t start = text.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlanks) - start + 1);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::ranges::equal(text.substr(0, word.size()), word, {}, lower);
}

bool ends_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         starts_with_word(text.substr(text.size() - word.size()), word);
}

// Base64 as the world writes it, made into the one form that crypto reads.
std::optional<std::vector<std::byte>> decode_loosely(std::string_view text) {
  std::string digits;
  if (text.find_first_of("\r\n") != std::string_view::npos) {
    digits.reserve(text.size());
    std::ranges::copy_if(text, std::back_inserter(digits),
                         [](char c) { return c != '\r' && c != '\n'; });
    text = digits;
  }
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  const bool is_url_safe = text.find_first_of("-_") != std::string_view::npos;
  auto decoded = crypto::base64_decode(
      text, is_url_safe ? crypto::Base64Alphabet::kUrlSafe : crypto::Base64Alphabet::kStandard,
      crypto::Base64Padding::kUnpadded);
  if (!decoded) return std::nullopt;
  return *std::move(decoded);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      result.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      result.push_back(text[i]);
    }
  }
  return result;
}

PromptImage image_of(std::vector<std::byte> bytes, std::string extension) {
  const Sha256 hash = crypto::sha256(bytes);
  return {.bytes = std::move(bytes), .hash = hash, .extension = std::move(extension)};
}

std::optional<PromptImage> image_in_data_url(std::string_view url) {
  constexpr std::string_view kScheme = "data:";
  const std::size_t comma = url.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  std::string_view type = url.substr(kScheme.size(), comma - kScheme.size());
  std::string_view payload = url.substr(comma + 1);
  std::string unescaped;
  if (payload.contains('%')) {
    unescaped = percent_decoded(payload);
    payload = unescaped;
  }
  constexpr std::string_view kBase64 = ";base64";
  std::optional<std::vector<std::byte>> bytes;
  if (ends_with_word(type, kBase64)) {
    type.remove_suffix(kBase64.size());
    bytes = decode_loosely(trimmed(payload));
  } else {
    const auto view = as_bytes(payload);
    bytes.emplace(view.begin(), view.end());
  }
  if (!bytes || bytes->empty()) return std::nullopt;
  if (const auto format = find_image_format(*bytes)) {
    return image_of(*std::move(bytes), std::string(extension_of(*format)));
  }
  if (!starts_with_word(type, "image/")) return std::nullopt;
  const bool is_drawing = starts_with_word(type, "image/svg+xml");
  return image_of(*std::move(bytes), is_drawing ? "svg" : "bin");
}

std::optional<PromptImage> image_in(std::string_view prompt) {
  const std::string_view text = trimmed(prompt);
  if (starts_with_word(text, "data:")) return image_in_data_url(text);
  auto bytes = decode_loosely(text);
  if (!bytes) return std::nullopt;
  const auto format = find_image_format(*bytes);
  if (!format) return std::nullopt;
  return image_of(*std::move(bytes), std::string(extension_of(*format)));
}

}  // namespace

std::string PromptImage::hash_text() const { return "sha256:" + hash.to_hex(); }

std::string PromptImage::file_path() const {
  return fmt::format("images/{}.{}", hash.to_hex().substr(0, kNumNameDigits), extension);
}

ReadPrompt read_prompt(std::string_view prompt) {
  // Bytes of UTF-8 that do not continue a code point.
  const auto num_code_points = std::ranges::count_if(
      prompt, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
  ReadPrompt result{.text = {},
                    .num_code_points = static_cast<std::uint64_t>(num_code_points),
                    .image = image_in(prompt)};
  result.text = result.image ? fmt::format("[BASE64_IMAGE_HASH:{}]", result.image->hash_text())
                             : std::string(prompt);
  return result;
}

}  // namespace assay::media

#include "audit/redact.h"

#include "audit/image_rule.h"
#include "core/bytes.h"
#include "core/hex.h"
#include "crypto/hmac.h"
#include "tables/rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace assay::audit {

namespace {

constexpr std::array<std::string_view, 15> kSensitiveWords = {
    "prompt", "prompts", "uri",    "uris", "url",   "urls",     "path",     "paths",
    "link",   "links",   "bucket", "blob", "blobs", "filename", "filenames"};
// What is hashed already stays readable as such.
constexpr std::array<std::string_view, 5> kHashWords = {"hash", "hashed", "sha256", "sha1", "md5"};
constexpr std::array<std::string_view, 3> kJsonColumns = {"payload", "response_payload",
                                                          "callback_metadata"};

// `imageUri` and `image_uri` are `image`, `uri`.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  bool was_lower = false;
  for (const char character : name) {
    const bool is_upper = character >= 'A' && character <= 'Z';
    const bool is_lower = character >= 'a' && character <= 'z';
    const bool is_digit = character >= '0' && character <= '9';
    if (!is_upper && !is_lower && !is_digit) {
      words.emplace_back();
    } else {
      if (is_upper && was_lower) words.emplace_back();
      words.back().push_back(is_upper ? static_cast<char>(character + 32) : character);
    }
    was_lower = is_lower;
  }
  return words;
}

bool any_word(const std::vector<std::string>& words, std::span<const std::string_view> list) {
  return std::ranges::any_of(
      words, [&](const std::string& word) { return std::ranges::find(list, word) != list.end(); });
}

bool may_hold_json(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('.') + 1);
  return std::ranges::find(kJsonColumns, name) != kJsonColumns.end();
}

// Whether `leaf` is `column` or lies below it.
bool is_within(std::string_view leaf, std::string_view column) {
  return leaf.starts_with(column) && (leaf.size() == column.size() || leaf[column.size()] == '.');
}

// The leaves to replace, in the order of the file.
Result<std::vector<std::string>> choose(const std::vector<tables::LeafPath>& leaves,
                                        const RedactOptions& options) {
  for (const auto* list : {&options.columns, &options.keep}) {
    for (const std::string& column : *list) {
      const bool is_there = std::ranges::any_of(leaves, [&](const tables::LeafPath& leaf) {
        return is_within(leaf.path, column) && (list == &options.keep || leaf.is_replaceable());
      });
      if (!is_there) {
        return invalid_input(fmt::format(
            "there is no text or binary column {}; assay audit inspect lists the columns", column));
      }
    }
  }
  std::vector<std::string> chosen;
  for (const tables::LeafPath& leaf : leaves) {
    const auto names_it = [&](const std::string& column) { return is_within(leaf.path, column); };
    const bool is_named = std::ranges::any_of(options.columns, names_it);
    const bool is_kept = std::ranges::any_of(options.keep, names_it);
    const bool is_suspect = is_sensitive_column(leaf.path) || may_hold_json(leaf.path);
    if (leaf.is_replaceable() && (is_named || (is_suspect && !is_kept))) {
      chosen.push_back(leaf.path);
    }
  }
  if (chosen.empty()) {
    return invalid_input("no column looks like a prompt or an address; name columns by --column");
  }
  return chosen;
}

}  // namespace

bool is_sensitive_column(std::string_view path) {
  while (true) {
    const std::size_t dot = path.find('.');
    const auto words = words_of(path.substr(0, dot));
    if (any_word(words, kSensitiveWords) && !any_word(words, kHashWords)) return true;
    if (dot == std::string_view::npos) return false;
    path.remove_prefix(dot + 1);
  }
}

Result<RedactSummary> redact(const tables::DatasetSources& sources, const std::string& file,
                             const std::filesystem::path& target, const crypto::Secret& salt,
                             const RedactOptions& options, const std::stop_token& stop) {
  if (salt.empty()) return invalid_input("the salt is empty; give a file with at least one byte");
  ASSIGN_OR_RETURN(const auto leaves, tables::list_leaves(sources, file));
  auto chosen = choose(leaves, options);
  if (!chosen) return std::move(chosen.error()).within(file);
  crypto::HmacSha256 hmac(salt.reveal());
  const tables::RewriteOptions rewrite{.leaves = *chosen, .replace = [&](std::string_view value) {
                                         return is_blank(value) ? std::string(value)
                                                                : hmac.code(value).to_hex();
                                       }};
  ASSIGN_OR_RETURN(const auto written,
                   tables::rewrite_parquet(sources, file, target, rewrite, stop));
  return RedactSummary{.num_rows = written.num_rows,
                       .num_replaced = written.num_replaced,
                       .columns = std::move(*chosen)};
}

crypto::Secret make_salt(RandomSource& random) {
  std::array<std::uint64_t, 4> bits;
  for (std::uint64_t& part : bits) part = random.next();
  return crypto::Secret(to_hex(std::as_bytes(std::span(bits))));
}

}  // namespace assay::audit

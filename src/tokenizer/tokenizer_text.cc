#include "core/shown_text.h"
#include "json/value.h"
#include "tokenizer/tokenizer_text_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

namespace assay::tokenizer {
namespace {

/// CLIP has 49,408 tokens and the largest vocabularies some 10^6.
constexpr std::int64_t kMaxTokenId = 1U << 24U;
/// Of the towers that exist 77; ten times that is a mistake, and HF writes 10^30 for "no limit".
constexpr double kMaxContextLength = 4096;
constexpr std::size_t kDefaultContextLength = 77;
/// open_clip reads so many lines of its file and no more: 49,152 less two for each byte.
constexpr std::size_t kNumSimpleMerges = 48'894;

Status add_token(TokenIds& ids, const std::string& token, const json::Value& id) {
  const std::optional<std::int64_t> number = id.integer();
  if (!number || *number < 0 || *number > kMaxTokenId) {
    return corrupt(fmt::format("the number of token {} must be a whole number from 0 to {}",
                               shown_text(token), kMaxTokenId));
  }
  ids.insert_or_assign(token, static_cast<std::int32_t>(*number));
  return {};
}

/// The list of this name; null when there is none.
const json::Value::List* list_of(const json::Value& object, std::string_view name) {
  const json::Value* member = object.find(name);
  return member == nullptr ? nullptr : member->list();
}

Result<TokenIds> read_vocabulary(const json::Value* value) {
  const json::Value::Object* object = value == nullptr ? nullptr : value->object();
  if (object == nullptr) return corrupt("the vocabulary must be an object of tokens and numbers");
  TokenIds ids;
  ids.reserve(object->size());
  for (const auto& [token, id] : *object) RETURN_IF_ERROR(add_token(ids, token, id));
  return ids;
}

/// Two tokens with one blank between them; nothing when it is not that.
std::optional<MergeText> split_merge(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos || blank == 0 || blank + 1 == line.size() ||
      line.find(' ', blank + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return MergeText(line.substr(0, blank), line.substr(blank + 1));
}

Result<MergeText> read_merge(const json::Value& value, std::size_t number) {
  if (const std::string* text = value.text(); text != nullptr) {
    if (auto merge = split_merge(*text)) return *std::move(merge);
  } else if (const json::Value::List* pair = value.list(); pair != nullptr && pair->size() == 2) {
    const std::string* left = pair->front().text();
    const std::string* right = pair->back().text();
    if (left != nullptr && right != nullptr) return MergeText(*left, *right);
  }
  return corrupt(fmt::format("merge {} must be two tokens", number));
}

bool is_remark(std::string_view line) {
  return line.empty() || line == "\r" || line.starts_with("#version");
}

/// Call `on_line` with each line and its number, until it returns false.
template <typename OnLine>
Status each_line(std::string_view text, OnLine on_line) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    ASSIGN_OR_RETURN(const bool goes_on, on_line(text.substr(0, end), number));
    if (!goes_on) break;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

Result<MergeText> read_merge_line(std::string_view line, std::size_t number) {
  if (auto merge = split_merge(line)) return *std::move(merge);
  return corrupt(fmt::format("line {}: expected two tokens with one blank between them", number));
}

/// A special token is written as its text, or as an object that holds it.
Result<std::optional<std::string>> read_name(const json::Value& value, std::string_view member) {
  const json::Value* named = value.find(member);
  if (named == nullptr || named->is_null()) return std::optional<std::string>();
  if (const json::Value* content = named->find("content"); content != nullptr) named = content;
  if (named->text() == nullptr) {
    return corrupt(fmt::format("'{}' must be a text, or an object with 'content'", member));
  }
  return std::optional<std::string>(*named->text());
}

/// The tokens around a text, where the file's last step says them.
void read_frame(const json::Value& root, TokenizerNames& names) {
  const json::Value* frame = root.find("post_processor");
  if (frame == nullptr) return;
  const auto token = [frame](std::string_view member) -> std::optional<std::string> {
    const json::Value::List* list = list_of(*frame, member);
    if (list == nullptr || list->empty() || list->front().text() == nullptr) return std::nullopt;
    return *list->front().text();
  };
  names.start = token("cls");
  names.end = token("sep");
}

Result<std::int32_t> require_token(const TokenIds& ids, std::string_view role,
                                   std::string_view token) {
  const auto found = ids.find(token);
  if (found != ids.end()) return found->second;
  return corrupt(fmt::format("the {} token {} is not in the vocabulary", role, shown_text(token)));
}

}  // namespace

Result<TokenIds> parse_vocabulary(std::string_view text) {
  ASSIGN_OR_RETURN(const json::Value root, json::parse(text));
  return read_vocabulary(&root);
}

Result<std::vector<MergeText>> parse_merges(std::string_view text) {
  std::vector<MergeText> merges;
  RETURN_IF_ERROR(each_line(text, [&](std::string_view line, std::size_t number) -> Result<bool> {
    if (is_remark(line)) return true;
    ASSIGN_OR_RETURN(MergeText merge, read_merge_line(line, number));
    merges.push_back(std::move(merge));
    return true;
  }));
  return merges;
}

Result<TokenizerParts> parse_tokenizer_json(std::string_view text) {
  ASSIGN_OR_RETURN(const json::Value root, json::parse(text));
  const json::Value* model = root.find("model");
  if (model == nullptr) return invalid_input("not a tokenizer.json: it has no 'model'");
  const json::Value* type = model->find("type");
  if (type != nullptr && type->text() != nullptr && *type->text() != "BPE") {
    return invalid_input(
        fmt::format("a tokenizer of type {}; CLIP's is BPE", shown_text(*type->text())));
  }
  TokenizerParts parts;
  ASSIGN_OR_RETURN(parts.ids, read_vocabulary(model->find("vocab")));
  const json::Value::List* merges = list_of(*model, "merges");
  if (merges == nullptr) return corrupt("'merges' must be a list");
  parts.merges.reserve(merges->size());
  for (const json::Value& value : *merges) {
    ASSIGN_OR_RETURN(MergeText merge, read_merge(value, parts.merges.size() + 1));
    parts.merges.push_back(std::move(merge));
  }
  if (const json::Value::List* added = list_of(root, "added_tokens"); added != nullptr) {
    for (const json::Value& token : *added) {
      ASSIGN_OR_RETURN(const std::string content, token.require_text("content"));
      const json::Value* id = token.find("id");
      RETURN_IF_ERROR(add_token(parts.ids, content, id == nullptr ? json::Value() : *id));
    }
  }
  ASSIGN_OR_RETURN(parts.names.unknown, read_name(*model, "unk_token"));
  read_frame(root, parts.names);
  return parts;
}

Result<TokenizerParts> parse_simple_vocabulary(std::string_view text) {
  TokenizerParts parts;
  std::int32_t next_id = 0;
  const auto add = [&](std::string token) {
    parts.ids.insert_or_assign(std::move(token), next_id++);
  };
  const std::array<std::uint8_t, 256> order = byte_order();
  for (const std::uint8_t byte : order) add(byte_text(byte));
  for (const std::uint8_t byte : order) add(byte_text(byte) + std::string(kWordEnd));
  RETURN_IF_ERROR(each_line(text, [&](std::string_view line, std::size_t number) -> Result<bool> {
    if (number == 1 || is_remark(line)) return true;
    ASSIGN_OR_RETURN(MergeText merge, read_merge_line(line, number));
    add(merge.first + merge.second);
    parts.merges.push_back(std::move(merge));
    return parts.merges.size() < kNumSimpleMerges;
  }));
  if (parts.merges.empty()) return corrupt("it holds no merges");
  parts.names.start = "<start_of_text>";
  parts.names.end = "<end_of_text>";
  add(*parts.names.start);
  add(*parts.names.end);
  // open_clip fills up with zeros, which is this token's number.
  parts.names.padding = byte_text(order.front());
  return parts;
}

Result<TokenizerNames> parse_names(std::string_view text, TokenizerNames names) {
  ASSIGN_OR_RETURN(const json::Value root, json::parse(text));
  if (root.object() == nullptr) return corrupt("expected an object");
  const std::array<std::pair<std::string_view, std::optional<std::string>*>, 4> members = {{
      {"bos_token", &names.start},
      {"eos_token", &names.end},
      {"pad_token", &names.padding},
      {"unk_token", &names.unknown},
  }};
  for (const auto& [member, name] : members) {
    ASSIGN_OR_RETURN(std::optional<std::string> token, read_name(root, member));
    if (token) *name = *std::move(token);
  }
  const json::Value* length = root.find("model_max_length");
  const std::optional<double> number = length == nullptr ? std::nullopt : length->number();
  if (number && *number >= 2 && *number <= kMaxContextLength) {
    names.context_length = static_cast<std::size_t>(*number);
  }
  return names;
}

Result<ClipTokenizer> make_tokenizer(const TokenizerParts& parts) {
  const bool ends_words = std::ranges::any_of(
      parts.ids, [](const auto& entry) { return entry.first.ends_with(kWordEnd); });
  if (!ends_words) {
    return invalid_input(fmt::format(
        "not CLIP's vocabulary: no token ends in '{}' (those of other models mark words otherwise)",
        kWordEnd));
  }
  SpecialTokens special;
  ASSIGN_OR_RETURN(special.start, require_token(parts.ids, "start",
                                                parts.names.start.value_or("<|startoftext|>")));
  const std::string end = parts.names.end.value_or("<|endoftext|>");
  ASSIGN_OR_RETURN(special.end, require_token(parts.ids, "end", end));
  ASSIGN_OR_RETURN(special.padding,
                   require_token(parts.ids, "padding", parts.names.padding.value_or(end)));
  ASSIGN_OR_RETURN(const std::int32_t unknown,
                   require_token(parts.ids, "unknown", parts.names.unknown.value_or(end)));
  ASSIGN_OR_RETURN(ByteVocabulary vocabulary,
                   ByteVocabulary::build(parts.ids, parts.merges, unknown));
  return ClipTokenizer(std::make_shared<const ByteVocabulary>(std::move(vocabulary)), special,
                       parts.names.context_length.value_or(kDefaultContextLength));
}

}  // namespace assay::tokenizer

#include "media/ply.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

namespace assay::media {
namespace {

struct TypeName {
  std::string_view name;
  PlyType type;
};
constexpr std::array<TypeName, 16> kTypeNames = {{{"char", PlyType::kInt8},
                                                  {"uchar", PlyType::kUint8},
                                                  {"short", PlyType::kInt16},
                                                  {"ushort", PlyType::kUint16},
                                                  {"int", PlyType::kInt32},
                                                  {"uint", PlyType::kUint32},
                                                  {"float", PlyType::kFloat32},
                                                  {"double", PlyType::kFloat64},
                                                  {"int8", PlyType::kInt8},
                                                  {"uint8", PlyType::kUint8},
                                                  {"int16", PlyType::kInt16},
                                                  {"uint16", PlyType::kUint16},
                                                  {"int32", PlyType::kInt32},
                                                  {"uint32", PlyType::kUint32},
                                                  {"float32", PlyType::kFloat32},
                                                  {"float64", PlyType::kFloat64}}};

constexpr std::size_t kMaxShownBytes = 40;

PlyDefect bad_header(std::string reason) {
  return {.kind = PlyDefectKind::kBadHeader, .reason = std::move(reason)};
}

// What a message may show of a file: printable, and not much of it.
std::string shown(std::string_view text) {
  std::string result(text.substr(0, kMaxShownBytes));
  std::ranges::replace_if(result, [](char c) { return c < ' ' || c > '~'; }, '?');
  return result;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t start = line.find_first_not_of(" \t");
    if (start == std::string_view::npos) return words;
    line.remove_prefix(start);
    const std::size_t length = std::min(line.find_first_of(" \t"), line.size());
    words.push_back(line.substr(0, length));
    line.remove_prefix(length);
  }
}

// The next line without its end, which is taken off `text` too.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<PlyType> type_named(std::string_view name) {
  const auto* const found = std::ranges::find(kTypeNames, name, &TypeName::name);
  if (found == kTypeNames.end()) return std::nullopt;
  return found->type;
}

std::optional<PlyDefect> add_format(PlyHeader& header, std::span<const std::string_view> words) {
  if (words.size() != 3 || words[2] != "1.0") {
    return bad_header("the format line is not `format NAME 1.0`");
  }
  if (words[1] == "ascii") {
    header.format = PlyFormat::kAscii;
  } else if (words[1] == "binary_little_endian") {
    header.format = PlyFormat::kBinaryLittleEndian;
  } else if (words[1] == "binary_big_endian") {
    header.format = PlyFormat::kBinaryBigEndian;
  } else {
    return bad_header(fmt::format("no such format: {}", shown(words[1])));
  }
  return std::nullopt;
}

std::optional<PlyDefect> add_element(PlyHeader& header, std::span<const std::string_view> words) {
  if (words.size() != 3) return bad_header("an element line is not `element NAME COUNT`");
  if (header.elements.size() == kMaxPlyElements) {
    return bad_header(fmt::format("more than {} elements", kMaxPlyElements));
  }
  PlyElement element;
  element.name = words[1];
  const std::string_view count = words[2];
  const auto read = std::from_chars(count.data(), count.data() + count.size(), element.count);
  if (read.ec != std::errc() || read.ptr != count.data() + count.size()) {
    return bad_header(fmt::format("the count of an element is no number: {}", shown(count)));
  }
  if (std::ranges::find(header.elements, element.name, &PlyElement::name) !=
      header.elements.end()) {
    return bad_header(fmt::format("two elements named {}", shown(element.name)));
  }
  header.elements.push_back(std::move(element));
  return std::nullopt;
}

std::optional<PlyDefect> add_property(PlyHeader& header, std::span<const std::string_view> words) {
  if (header.elements.empty()) return bad_header("a property before the first element");
  PlyElement& element = header.elements.back();
  PlyProperty property;
  property.is_list = words.size() == 5 && words[1] == "list";
  if (!property.is_list && words.size() != 3) {
    return bad_header(
        "a property line is not `property TYPE NAME` or `property list TYPE TYPE NAME`");
  }
  const auto type = type_named(words[words.size() - 2]);
  const auto count_type = property.is_list ? type_named(words[2]) : PlyType::kUint8;
  if (!type || !count_type) {
    return bad_header(fmt::format("no such type in the property {}", shown(words.back())));
  }
  if (*count_type == PlyType::kFloat32 || *count_type == PlyType::kFloat64) {
    return bad_header(fmt::format("the list {} is counted by a fraction", shown(words.back())));
  }
  property.name = words.back();
  property.type = *type;
  property.count_type = *count_type;
  property.offset = element.row_size;
  if (element.properties.size() == kMaxPlyProperties) {
    return bad_header(fmt::format("more than {} properties in one element", kMaxPlyProperties));
  }
  if (element.find(property.name) != nullptr) {
    return bad_header(fmt::format("two properties named {}", shown(property.name)));
  }
  element.has_list = element.has_list || property.is_list;
  element.row_size += size_of(property.is_list ? property.count_type : property.type);
  element.properties.push_back(std::move(property));
  return std::nullopt;
}

}  // namespace

std::size_t size_of(PlyType type) {
  switch (type) {
    case PlyType::kInt8:
    case PlyType::kUint8:
      return 1;
    case PlyType::kInt16:
    case PlyType::kUint16:
      return 2;
    case PlyType::kInt32:
    case PlyType::kUint32:
    case PlyType::kFloat32:
      return 4;
    case PlyType::kFloat64:
      return 8;
  }
  return 0;
}

std::string_view to_string(PlyDefectKind kind) {
  switch (kind) {
    case PlyDefectKind::kNotPly:
      return "not_ply";
    case PlyDefectKind::kBadHeader:
      return "bad_header";
    case PlyDefectKind::kUnsupported:
      return "unsupported";
    case PlyDefectKind::kTruncated:
      return "truncated";
    case PlyDefectKind::kBadValue:
      return "bad_value";
  }
  return "";
}

const PlyProperty* PlyElement::find(std::string_view property) const {
  const auto found = std::ranges::find(properties, property, &PlyProperty::name);
  return found == properties.end() ? nullptr : &*found;
}

std::optional<std::size_t> find_ply_header_end(std::string_view beginning) {
  constexpr std::string_view kEnd = "end_header";
  std::size_t from = 0;
  while (true) {
    const std::size_t found = beginning.find(kEnd, from);
    if (found == std::string_view::npos) return std::nullopt;
    from = found + kEnd.size();
    // A comment may hold the word too.
    if (found == 0 || beginning[found - 1] != '\n') continue;
    std::string_view rest = beginning.substr(from);
    if (rest.starts_with("\r\n")) return from + 2;
    if (rest.starts_with('\n')) return from + 1;
  }
}

std::variant<PlyHeader, PlyDefect> parse_ply_header(std::string_view header) {
  std::string_view rest = header;
  if (take_line(rest) != "ply") {
    return PlyDefect{.kind = PlyDefectKind::kNotPly, .reason = "the first line is not `ply`"};
  }
  PlyHeader result;
  result.size = header.size();
  bool has_format = false;
  while (!rest.empty()) {
    const auto words = words_of(take_line(rest));
    if (words.empty() || words[0] == "comment" || words[0] == "obj_info") continue;
    if (words[0] == "end_header") break;
    std::optional<PlyDefect> defect;
    if (words[0] == "format") {
      if (has_format) return bad_header("two format lines");
      has_format = true;
      defect = add_format(result, words);
    } else if (words[0] == "element") {
      defect = add_element(result, words);
    } else if (words[0] == "property") {
      defect = add_property(result, words);
    } else {
      defect = bad_header(fmt::format("a line that begins with {}", shown(words[0])));
    }
    if (defect) return *std::move(defect);
  }
  if (!has_format) return bad_header("no format line");
  return result;
}

}  // namespace assay::media

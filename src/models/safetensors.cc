#include "models/safetensors.h"

#include "json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace assay::models {
namespace {

constexpr std::size_t kLengthSize = 8;
/// The format lets a header hold this member of remarks beside the tensors.
constexpr std::string_view kRemarks = "__metadata__";
/// With what torch began a file before its version 1.6: a pickle of a number that tells its files.
constexpr std::uint64_t kOldTorch = 0x469c'fc6c'0a8a'0280;

std::optional<ElementType> parse_type(std::string_view text) {
  if (text == "F32") return ElementType::kF32;
  if (text == "F16") return ElementType::kF16;
  if (text == "BF16") return ElementType::kBf16;
  return std::nullopt;
}

/// Bytes of an element of the types that are passed over: indices such as `position_ids`, which no
/// tower is computed from. 0: another type.
std::uint64_t size_of_index(std::string_view type) {
  if (type == "I64" || type == "U64") return 8;
  if (type == "I32" || type == "U32") return 4;
  if (type == "I16" || type == "U16") return 2;
  return type == "I8" || type == "U8" || type == "BOOL" ? 1 : 0;
}

/// A list of whole numbers from 0 on.
Result<std::vector<std::uint64_t>> parse_counts(const json::Value* value, std::string_view tensor,
                                                std::string_view member) {
  const json::Value::List* list = value == nullptr ? nullptr : value->list();
  if (list == nullptr) {
    return corrupt(fmt::format("tensor '{}': '{}' must be a list", tensor, member));
  }
  std::vector<std::uint64_t> counts;
  counts.reserve(list->size());
  for (const json::Value& item : *list) {
    const std::optional<std::int64_t> count = item.integer();
    if (!count || *count < 0) {
      return corrupt(
          fmt::format("tensor '{}': '{}' must hold whole numbers from 0 on", tensor, member));
    }
    counts.push_back(static_cast<std::uint64_t>(*count));
  }
  return counts;
}

/// Nothing where the product does not fit.
std::optional<std::uint64_t> product(const Shape& shape) {
  std::uint64_t result = 1;
  for (const std::uint64_t size : shape) {
    if (size != 0 && result > std::numeric_limits<std::uint64_t>::max() / 8 / size) {
      return std::nullopt;
    }
    result *= size;
  }
  return result;
}

struct ParsedTensor {
  TensorInfo info = {};
  std::uint64_t size_bytes = 0;
  bool is_index = false;  // the type in `info` then means nothing
};

Result<ParsedTensor> parse_tensor(const std::string& name, const json::Value& value,
                                  ByteCount data_size) {
  const json::Value* type_value = value.find("dtype");
  const std::string* type_text = type_value == nullptr ? nullptr : type_value->text();
  if (type_text == nullptr) return corrupt(fmt::format("tensor '{}': 'dtype' is missing", name));
  const std::optional<ElementType> type = parse_type(*type_text);
  const std::uint64_t index_size = size_of_index(*type_text);
  if (!type && index_size == 0) {
    return invalid_input(
        fmt::format("tensor '{}' is of type {}; F32, F16 and BF16 can be read", name, *type_text));
  }
  TensorInfo info{.type = type.value_or(ElementType::kF32)};
  const std::uint64_t element_size = type ? size_of(*type) : index_size;
  ASSIGN_OR_RETURN(info.shape, parse_counts(value.find("shape"), name, "shape"));
  ASSIGN_OR_RETURN(const auto range,
                   parse_counts(value.find("data_offsets"), name, "data_offsets"));
  if (range.size() != 2 || range[0] > range[1] || range[1] > data_size.count()) {
    return corrupt(
        fmt::format("tensor '{}': 'data_offsets' must be a range within the {} bytes of data", name,
                    data_size.count()));
  }
  const std::optional<std::uint64_t> count = product(info.shape);
  if (!count || *count * element_size != range[1] - range[0]) {
    return corrupt(fmt::format("tensor '{}': {} bytes do not hold {} of shape {}", name,
                               range[1] - range[0], *type_text, to_string(info.shape)));
  }
  info.offset = range[0];
  info.num_elements = *count;
  return ParsedTensor{
      .info = std::move(info), .size_bytes = range[1] - range[0], .is_index = !type.has_value()};
}

using ParsedTensors = std::map<std::string, ParsedTensor, std::less<>>;

/// One after the other, from the first byte of the data to the last.
Status check_coverage(const ParsedTensors& tensors, ByteCount data_size) {
  std::vector<ParsedTensors::const_pointer> in_order;
  in_order.reserve(tensors.size());
  for (const auto& entry : tensors) in_order.push_back(&entry);
  std::ranges::sort(in_order, {}, [](const auto* entry) {
    return std::pair(entry->second.info.offset, entry->second.size_bytes);
  });
  std::uint64_t end = 0;
  for (const auto* entry : in_order) {
    if (entry->second.info.offset != end) {
      return corrupt(
          fmt::format("tensor '{}' begins at byte {} of the data, where {} was expected: {}",
                      entry->first, entry->second.info.offset, end,
                      entry->second.info.offset < end ? "tensors overlap" : "there is a gap"));
    }
    end += entry->second.size_bytes;
  }
  if (end != data_size.count()) {
    return corrupt(
        fmt::format("the tensors end at byte {} of {} bytes of data", end, data_size.count()));
  }
  return {};
}

}  // namespace

Result<TensorIndex> parse_safetensors_header(std::string_view json, std::uint64_t data_offset,
                                             ByteCount data_size) {
  ASSIGN_OR_RETURN(const json::Value header,
                   with_context(json::parse(json, {.max_size = kMaxSafetensorsHeader}), "header"));
  if (header.object() == nullptr) return corrupt("the header is not a JSON object");
  ParsedTensors parsed;
  for (const auto& [name, value] : *header.object()) {
    if (name == kRemarks) continue;
    ASSIGN_OR_RETURN(ParsedTensor tensor, parse_tensor(name, value, data_size));
    parsed.emplace(name, std::move(tensor));
  }
  RETURN_IF_ERROR(check_coverage(parsed, data_size));
  TensorIndex tensors;
  for (auto& [name, tensor] : parsed) {
    if (tensor.is_index) continue;
    tensor.info.offset += data_offset;
    tensors.emplace(name, std::move(tensor.info));
  }
  return tensors;
}

Result<Checkpoint> open_safetensors(std::unique_ptr<files::ByteSource> source) {
  const std::string name = source->name();
  const std::uint64_t size = source->size().count();
  std::array<std::byte, kLengthSize> length_bytes{};
  ASSIGN_OR_RETURN(const std::size_t got, source->read_at(0, length_bytes));
  const auto length = std::bit_cast<std::uint64_t>(length_bytes);
  char first = 0;
  if (got == kLengthSize && size > kLengthSize) {
    ASSIGN_OR_RETURN(const std::size_t one,
                     source->read_at(kLengthSize, std::as_writable_bytes(std::span(&first, 1))));
    if (one != 1) first = 0;
  }
  if (got == kLengthSize && length == kOldTorch) {
    return invalid_input(name +
                         ": in the form that torch wrote before version 1.6; write it anew with a "
                         "later one: torch.save(torch.load(FILE, weights_only=True), NEW_FILE)");
  }
  if (first != '{') {
    return invalid_input(name + ": neither a safetensors file nor a torch zip");
  }
  if (length > size - kLengthSize) {
    return corrupt(
        fmt::format("{}: cut off: a header of {} bytes in a file of {}", name, length, size));
  }
  if (length > kMaxSafetensorsHeader.count()) {
    return exhausted(fmt::format("{}: a header of {} bytes; at most {} are read", name, length,
                                 kMaxSafetensorsHeader.count()));
  }
  std::string header(length, '\0');
  ASSIGN_OR_RETURN(const std::size_t read,
                   source->read_at(kLengthSize, std::as_writable_bytes(std::span(header))));
  if (read != length) return corrupt(name + ": the file became shorter");
  const std::uint64_t data_offset = kLengthSize + length;
  ASSIGN_OR_RETURN(
      TensorIndex tensors,
      with_context(parse_safetensors_header(header, data_offset, ByteCount(size - data_offset)),
                   name));
  return Checkpoint(std::move(source), std::move(tensors));
}

}  // namespace assay::models

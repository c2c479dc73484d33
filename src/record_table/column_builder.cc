#include "core/check.h"
#include "record_table/column_builder_internal.h"
#include "records/record_time.h"

#include <cmath>
#include <limits>
#include <utility>

namespace assay::record_table {
namespace {

using json::Field;
using json::FieldKind;

/// Doubles below it hold every integer.
constexpr double kFirstVagueInteger = 9007199254740992.0;

void put_bit(std::vector<std::uint8_t>& bitmap, std::size_t index, bool is_set) {
  if (index % 8 == 0) bitmap.push_back(0);
  if (is_set) bitmap.back() = static_cast<std::uint8_t>(bitmap.back() | (1U << (index % 8)));
}

std::optional<std::int64_t> integer_of(const Field& field) {
  if (field.kind == FieldKind::kInteger) return field.integer;
  if (field.kind != FieldKind::kNumber || !(std::abs(field.number) < kFirstVagueInteger) ||
      std::trunc(field.number) != field.number) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(field.number);
}

/// A lone surrogate is no UTF-8. It has three bytes, as the replacement character has.
void replace_surrogates(std::string& text, std::size_t begin) {
  constexpr char kLead = '\xED';
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  for (std::size_t at = text.find(kLead, begin); at != std::string::npos;
       at = text.find(kLead, at + kReplacement.size())) {
    const bool is_surrogate = static_cast<unsigned char>(text.at(at + 1)) >= 0xA0;
    if (is_surrogate) text.replace(at, kReplacement.size(), kReplacement);
  }
}

}  // namespace

ColumnBuilder::ColumnBuilder(ColumnType type) {
  column_.type = type;
  column_.offsets.push_back(0);
}

bool ColumnBuilder::add(const Field& field) {
  const bool is_held = field.is_present() && add_value(field);
  if (!is_held) add_null();
  return is_held || !field.is_present();
}

void ColumnBuilder::add_time(const std::optional<Timestamp>& time) {
  CHECK(column_.type == ColumnType::kTime, "a column of times");
  if (!time) {
    add_null();
    return;
  }
  column_.integers.push_back(time->time_since_epoch().count());
  put_bit(column_.validity, column_.num_rows++, true);
}

void ColumnBuilder::add_text(std::string_view text) {
  put_text(text);
  put_bit(column_.validity, column_.num_rows++, true);
}

bool ColumnBuilder::add_value(const Field& field) {
  switch (column_.type) {
    case ColumnType::kText:
      if (field.kind != FieldKind::kText) return false;
      put_text(field.text);
      break;
    case ColumnType::kJson:
      put_text(field.raw);
      break;
    case ColumnType::kInteger: {
      const auto integer = integer_of(field);
      if (!integer) return false;
      column_.integers.push_back(*integer);
      break;
    }
    case ColumnType::kNumber:
      if (!field.is_number()) return false;
      column_.numbers.push_back(field.number);
      break;
    case ColumnType::kBoolean:
      if (field.kind != FieldKind::kBoolean) return false;
      put_bit(column_.booleans, column_.num_rows, field.boolean);
      break;
    case ColumnType::kTime: {
      if (field.kind != FieldKind::kText) return false;
      const auto time = records::parse_record_time(field.text);
      if (!time) return false;
      column_.integers.push_back(time->instant.time_since_epoch().count());
      break;
    }
  }
  put_bit(column_.validity, column_.num_rows++, true);
  return true;
}

void ColumnBuilder::add_null() {
  switch (column_.type) {
    case ColumnType::kText:
    case ColumnType::kJson:
      put_text({});
      break;
    case ColumnType::kInteger:
    case ColumnType::kTime:
      column_.integers.push_back(0);
      break;
    case ColumnType::kNumber:
      column_.numbers.push_back(0);
      break;
    case ColumnType::kBoolean:
      put_bit(column_.booleans, column_.num_rows, false);
      break;
  }
  put_bit(column_.validity, column_.num_rows++, false);
  ++column_.num_nulls;
}

void ColumnBuilder::put_text(std::string_view text) {
  const std::size_t begin = column_.text.size();
  column_.text += text;
  CHECK(column_.text.size() <= std::numeric_limits<std::int32_t>::max(),
        "a batch ends long before");
  replace_surrogates(column_.text, begin);
  column_.offsets.push_back(static_cast<std::int32_t>(column_.text.size()));
}

Column ColumnBuilder::take() {
  ColumnBuilder next(column_.type);
  std::swap(column_, next.column_);
  return std::move(next.column_);
}

}  // namespace assay::record_table

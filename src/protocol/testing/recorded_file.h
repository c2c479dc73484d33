/// \file
/// Requests that others signed, from tests/data/protocol.

#pragma once

#include "json/value.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace assay::protocol::testing {

/// The whole file; the test ends if it is not there.
json::Value recorded_file(std::string_view name);

/// A member that is there, of the kind that the name says; the test ends if not.
/// Lifetime: as long as `value`.
const json::Value& member(const json::Value& value, std::string_view name);
const json::Value::List& list_of(const json::Value& value, std::string_view name);
const json::Value::Object& object_of(const json::Value& value, std::string_view name);
const std::string& text_of(const json::Value& value, std::string_view name);
const std::string& text_of(const json::Value& value);
std::int64_t integer_of(const json::Value& value, std::string_view name);

}  // namespace assay::protocol::testing

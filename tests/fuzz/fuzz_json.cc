/// \file
/// Fuzzes the JSON reader: answers of services, key files, our own reports.

#include "fuzz_target.h"
#include "json/value.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

FUZZ_TARGET(json) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = assay::json::parse(text);
  if (value) (void)value->find("type");
  return 0;
}

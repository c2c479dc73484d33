#include "tables/csv.h"

#include "tables/utf8_scan_internal.h"

namespace assay::tables {

void append_csv_row(std::string& out, std::span<const std::string_view> fields) {
  bool first = true;
  for (const std::string_view field : fields) {
    if (!first) out.push_back(',');
    first = false;
    if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
      out.append(field);
      continue;
    }
    out.push_back('"');
    for (const char character : field) {
      if (character == '"') out.push_back('"');
      out.push_back(character);
    }
    out.push_back('"');
  }
  out.append("\r\n");
}

bool is_csv_text(std::string_view field) {
  Utf8Scan scan;
  return scan.find_wrong_byte(field) == Utf8Scan::kNone && !scan.is_inside_character();
}

}  // namespace assay::tables

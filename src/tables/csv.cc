#include "tables/csv.h"

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

}  // namespace assay::tables

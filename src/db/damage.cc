#include "db/damage.h"

#include <fmt/format.h>

namespace assay::db {

Result<std::vector<std::string>> find_damage(Database& database, std::size_t max_lines) {
  ASSIGN_OR_RETURN(Statement check,
                   database.prepare(fmt::format("PRAGMA integrity_check({})", max_lines)));
  std::vector<std::string> lines;
  while (true) {
    const Result<bool> has_row = check.step();
    if (!has_row && has_row.error().code == ErrorCode::kCorrupt) {
      // Damage that stops the search is damage too.
      lines.push_back(has_row.error().message);
      return lines;
    }
    if (!has_row) return Error(has_row.error());
    if (!*has_row) return lines;
    if (check.text(0) != "ok") lines.emplace_back(check.text(0));
  }
}

}  // namespace assay::db

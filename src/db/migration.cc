#include "db/migration.h"

#include "db/transaction.h"

#include <fmt/format.h>

#include <utility>

namespace assay::db {
namespace {

Result<std::int64_t> read_number(Database& database, std::string_view sql) {
  ASSIGN_OR_RETURN(Statement statement, database.prepare(sql));
  ASSIGN_OR_RETURN(const bool has_row, statement.step());
  return has_row ? statement.integer(0) : 0;
}

/// How many steps `database` has behind it. Errors: as migrate().
Result<std::int64_t> steps_done(Database& database, const Schema& schema) {
  ASSIGN_OR_RETURN(const auto kind, read_number(database, "PRAGMA application_id"));
  ASSIGN_OR_RETURN(const auto version, read_number(database, "PRAGMA user_version"));
  if (kind == 0 && version == 0) {
    ASSIGN_OR_RETURN(const auto num_things,
                     read_number(database, "SELECT count(*) FROM sqlite_schema"));
    if (num_things == 0) return 0;
  }
  if (kind != schema.application_id || version < 0) {
    return invalid_input(
        fmt::format("{}: this is another kind of database, not {}; name another file",
                    database.name(), schema.name));
  }
  if (std::cmp_greater(version, schema.steps.size())) {
    return invalid_input(
        fmt::format("{}: {} of version {}; this program knows versions up to {}: use a newer one",
                    database.name(), schema.name, version, schema.steps.size()));
  }
  return version;
}

}  // namespace

Status migrate(Database& database, const Schema& schema) {
  const auto num_steps = static_cast<std::int64_t>(schema.steps.size());
  while (true) {
    ASSIGN_OR_RETURN(const std::int64_t seen, steps_done(database, schema));
    if (seen == num_steps) return {};
    ASSIGN_OR_RETURN(Transaction transaction, Transaction::begin(database));
    // Another process may have done it while this one waited for the right to write.
    ASSIGN_OR_RETURN(const std::int64_t done, steps_done(database, schema));
    if (done != num_steps) {
      RETURN_IF_ERROR(with_context(database.execute(schema.steps[static_cast<std::size_t>(done)]),
                                   fmt::format("step {} of {}", done + 1, schema.name)));
      RETURN_IF_ERROR(database.execute(fmt::format(
          "PRAGMA application_id={}; PRAGMA user_version={}", schema.application_id, done + 1)));
    }
    RETURN_IF_ERROR(transaction.commit());
  }
}

}  // namespace assay::db

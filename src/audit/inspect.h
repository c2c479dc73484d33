/// \file
/// What an export holds, and whether the audit can use it: `assay audit inspect`.

#pragma once

#include "core/result.h"
#include "tables/dataset.h"
#include "tables/file_description.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::audit {

/// How a column that the audit reads was found.
enum class Fitness : std::uint8_t {
  kGood,
  kAbsent,   ///< The audit goes on without; `effect` says what that means.
  kUnusual,  ///< Of a type the audit reads in another way, or not at all.
};

struct NeededColumn {
  std::string path = {};
  std::string expected = {};  ///< `text`, `boolean`, `timestamp`.
  std::string type = {};      ///< As found; empty when absent.
  Fitness fitness = Fitness::kGood;
  /// What the audit makes of it when it is not good.
  std::string effect = {};
};

struct Inspection {
  std::vector<tables::FileDescription> files;
  /// In the first file.
  std::vector<NeededColumn> needed;
  /// One line each: files whose columns differ from those of the first.
  std::vector<std::string> differences;

  std::uint64_t num_rows() const;
};

/// Read the footers of `files`, no values. Pre: at least one file.
/// Errors: those of tables::describe_file(); kCancelled.
Result<Inspection> inspect(const tables::DatasetSources& sources,
                           std::span<const tables::DatasetFile> files, const std::stop_token& stop);

/// For people: a table of the columns, and what the audit needs.
std::string inspection_text(const Inspection& inspection);
/// The same as JSON, in full for every file.
std::string inspection_json(const Inspection& inspection);

}  // namespace assay::audit

/// \file
/// Which files of a source are candidates.

#pragma once

#include "archives/entry_source.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::archives {

class EntryFilter {
 public:
  explicit EntryFilter(const std::vector<std::string>& extensions);

  /// Why a file of this path is no candidate; nothing when it is one.
  std::optional<LeftOut> reason(std::string_view path) const;
  /// Of a path of which everything below it is left out too; nothing for another.
  static std::optional<LeftOut> reason_of_place(std::string_view path);

 private:
  bool has_extension(std::string_view path) const;

  std::vector<std::string> extensions_;  // in lower case
};

/// A source of the files below a folder that is there. Errors: as open_entry_source().
Result<std::unique_ptr<EntrySource>> open_folder_source(files::FileSystem& file_system,
                                                        const std::filesystem::path& folder,
                                                        const EntrySourceOptions& options);

}  // namespace assay::archives

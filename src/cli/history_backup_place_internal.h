/// \file
/// The place that `--to` of backup and `--from` of restore name.

#pragma once

#include "core/result.h"
#include "history/backup.h"
#include "storage/object_store.h"

#include <memory>
#include <string>

namespace assay::cli {

/// An opened place; holds the store that it borrows.
struct OpenedPlace {
  std::unique_ptr<storage::ObjectStore> store;
  history::BackupPlace place;
};

/// What is wrong with the address of a place, or nothing.
std::string check_backup_place(const std::string& address);

/// Open `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or a folder, with the credentials of this
/// machine. `key_file` may be empty. Errors: those of storage::open_object_store(); kInvalidInput
/// when the folder lies within `data_folder`.
Result<OpenedPlace> open_backup_place(const std::string& address, const std::string& key_file,
                                      const std::string& data_folder);

}  // namespace assay::cli

/// \file
/// The vocabulary of a text tower, taken along with its checkpoint.

#pragma once

#include "core/result.h"
#include "files/file_system.h"
#include "models/checkpoint.h"

#include <filesystem>
#include <string>

namespace assay::models {

/// The tokenizer that comes with a checkpoint.
struct TokenizerSource {
  std::filesystem::path path = {};  ///< Empty: none.
};

/// `given`, or what lies beside `file` when nothing is given and the checkpoint has a text tower.
/// Errors: kMissing (a tokenizer is given, and there is no text tower), kInvalidInput (it has more
///         tokens than the tower), and as tokenizer::open_clip_tokenizer().
Result<TokenizerSource> check_tokenizer(files::FileSystem& file_system,
                                        const Checkpoint& checkpoint,
                                        const std::filesystem::path& file,
                                        const std::filesystem::path& given);

/// Copy its files to where find_tokenizer() looks for that of `model`. Errors: as FileSystem.
Status copy_tokenizer(files::FileSystem& file_system, const TokenizerSource& source,
                      const std::filesystem::path& model);

}  // namespace assay::models

#include "files/atomic_file.h"
#include "models/clip_text_shape.h"
#include "models/import_tokenizer_internal.h"
#include "models/model_folder.h"
#include "tokenizer/clip_tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace assay::models {
namespace {

/// As large as the tokenizer reads it.
constexpr ByteCount kMaxFileSize{32U << 20};

std::filesystem::path folder_beside(const std::filesystem::path& model) {
  return model.native() + ".tokenizer";
}

}  // namespace

Result<TokenizerSource> check_tokenizer(files::FileSystem& file_system,
                                        const Checkpoint& checkpoint,
                                        const std::filesystem::path& file,
                                        const std::filesystem::path& given) {
  const auto shape = read_clip_text_shape(checkpoint);
  TokenizerSource source{.path = given};
  if (given.empty()) {
    // The image tower alone is a model too.
    if (!shape) return TokenizerSource();
    ASSIGN_OR_RETURN(const auto found, find_tokenizer(file_system, file));
    if (!found) return TokenizerSource();
    source.path = *found;
  }
  if (!shape) return shape.error();
  ASSIGN_OR_RETURN(const tokenizer::ClipTokenizer opened,
                   tokenizer::open_clip_tokenizer(file_system, source.path));
  if (opened.vocabulary_size() > shape->vocabulary_size) {
    return invalid_input(fmt::format(
        "{}: a tokenizer of {} tokens; the text tower of {} has {}: it is another model's",
        source.path.native(), opened.vocabulary_size(), checkpoint.name(), shape->vocabulary_size));
  }
  return source;
}

Status copy_tokenizer(files::FileSystem& file_system, const TokenizerSource& source,
                      const std::filesystem::path& model) {
  const std::filesystem::path target = folder_beside(model);
  ASSIGN_OR_RETURN(const auto paths, tokenizer::tokenizer_file_paths(file_system, source.path));
  RETURN_IF_ERROR(file_system.create_folders(target));
  for (const std::filesystem::path& path : paths) {
    ASSIGN_OR_RETURN(const std::string text, files::read_file(file_system, path, kMaxFileSize));
    RETURN_IF_ERROR(files::write_file(file_system, target / path.filename(), text));
  }
  // Those of an earlier import might be taken in place of these.
  ASSIGN_OR_RETURN(const std::vector<std::string> names, file_system.list(target));
  for (const std::string& name : names) {
    const bool is_new =
        std::ranges::any_of(paths, [&name](const auto& path) { return path.filename() == name; });
    if (!is_new) RETURN_IF_ERROR(file_system.remove(target / name));
  }
  return {};
}

Result<std::optional<std::filesystem::path>> find_tokenizer(files::FileSystem& file_system,
                                                            const std::filesystem::path& model) {
  for (const std::filesystem::path& folder : {folder_beside(model), model.parent_path()}) {
    const std::filesystem::path place = folder.empty() ? std::filesystem::path(".") : folder;
    ASSIGN_OR_RETURN(const auto info, file_system.info(place));
    if (!info || info->kind != files::FileKind::kFolder) continue;
    ASSIGN_OR_RETURN(const auto paths, tokenizer::tokenizer_file_paths(file_system, place));
    if (!paths.empty()) return std::optional(place);
  }
  return std::optional<std::filesystem::path>();
}

}  // namespace assay::models

#include "compress/stream.h"
#include "files/atomic_file.h"
#include "tokenizer/clip_tokenizer.h"
#include "tokenizer/tokenizer_text_internal.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::tokenizer {
namespace {

constexpr std::string_view kVocabularyFile = "vocab.json";
constexpr std::string_view kMergesFile = "merges.txt";
constexpr std::string_view kWholeFile = "tokenizer.json";
constexpr std::array<std::string_view, 2> kSimpleFiles = {"bpe_simple_vocab_16e6.txt.gz",
                                                          "bpe_simple_vocab_16e6.txt"};
/// The later one wins: Stable Diffusion 2 names its padding only there rightly.
constexpr std::array<std::string_view, 2> kNameFiles = {"tokenizer_config.json",
                                                        "special_tokens_map.json"};

Result<bool> is_file(files::FileSystem& file_system, const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  return info && info->kind == files::FileKind::kFile;
}

/// Read a file and give its text to `parse`. Errors: those of both; each names the file.
template <typename Parse>
auto read_with(files::FileSystem& file_system, const std::filesystem::path& path, Parse parse)
    -> decltype(parse(std::string_view())) {
  ASSIGN_OR_RETURN(const std::string text,
                   files::read_file(file_system, path, kMaxTokenizerFileSize));
  return with_context(parse(std::string_view(text)), path.native());
}

Result<TokenizerNames> read_names(files::FileSystem& file_system,
                                  const std::filesystem::path& folder, TokenizerNames names) {
  for (const std::string_view name : kNameFiles) {
    ASSIGN_OR_RETURN(const bool is_there, is_file(file_system, folder / name));
    if (!is_there) continue;
    ASSIGN_OR_RETURN(names, read_with(file_system, folder / name, [&names](std::string_view text) {
                       return parse_names(text, std::move(names));
                     }));
  }
  return names;
}

Result<ClipTokenizer> finish(const TokenizerParts& parts, const std::filesystem::path& path) {
  return with_context(make_tokenizer(parts), path.native());
}

Result<ClipTokenizer> open_pair(files::FileSystem& file_system,
                                const std::filesystem::path& folder) {
  TokenizerParts parts;
  ASSIGN_OR_RETURN(parts.ids, read_with(file_system, folder / kVocabularyFile, parse_vocabulary));
  ASSIGN_OR_RETURN(parts.merges, read_with(file_system, folder / kMergesFile, parse_merges));
  ASSIGN_OR_RETURN(parts.names, read_names(file_system, folder, {}));
  return finish(parts, folder);
}

Result<ClipTokenizer> open_whole(files::FileSystem& file_system,
                                 const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(TokenizerParts parts, read_with(file_system, path, parse_tokenizer_json));
  ASSIGN_OR_RETURN(parts.names,
                   read_names(file_system, path.parent_path(), std::move(parts.names)));
  return finish(parts, path);
}

Result<TokenizerParts> parse_simple(std::string_view text) {
  constexpr std::string_view kGzipStart = "\x1F\x8B";
  if (!text.starts_with(kGzipStart)) return parse_simple_vocabulary(text);
  ASSIGN_OR_RETURN(
      const std::string plain,
      compress::decompress(compress::Format::kGzip, text, {.max_output = kMaxTokenizerFileSize}));
  return parse_simple_vocabulary(plain);
}

Result<ClipTokenizer> open_simple(files::FileSystem& file_system,
                                  const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const TokenizerParts parts, read_with(file_system, path, parse_simple));
  return finish(parts, path);
}

enum class Form { kNone, kPair, kWhole, kSimple };

struct FoundFiles {
  Form form = Form::kNone;
  std::filesystem::path path;
};

Result<FoundFiles> find_files(files::FileSystem& file_system, const std::filesystem::path& folder) {
  ASSIGN_OR_RETURN(const bool has_vocabulary, is_file(file_system, folder / kVocabularyFile));
  ASSIGN_OR_RETURN(const bool has_merges, is_file(file_system, folder / kMergesFile));
  if (has_vocabulary && has_merges) return FoundFiles{.form = Form::kPair, .path = folder};
  ASSIGN_OR_RETURN(const bool has_whole, is_file(file_system, folder / kWholeFile));
  if (has_whole) return FoundFiles{.form = Form::kWhole, .path = folder / kWholeFile};
  for (const std::string_view name : kSimpleFiles) {
    ASSIGN_OR_RETURN(const bool has_simple, is_file(file_system, folder / name));
    if (has_simple) return FoundFiles{.form = Form::kSimple, .path = folder / name};
  }
  return FoundFiles();
}

/// What a file that the user names is, by its name.
FoundFiles form_of_file(const std::filesystem::path& path) {
  const std::filesystem::path name = path.filename();
  if (name == kVocabularyFile || name == kMergesFile) {
    return {.form = Form::kPair, .path = path.parent_path()};
  }
  return {.form = name.extension() == ".json" ? Form::kWhole : Form::kSimple, .path = path};
}

/// What the path names; kNone: a folder without a tokenizer. Errors: kNotFound, as FileSystem.
Result<FoundFiles> find_at(files::FileSystem& file_system, const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return not_found(fmt::format("{}: there is no such file or folder", path.native()));
  if (info->kind == files::FileKind::kFolder) return find_files(file_system, path);
  return form_of_file(path);
}

}  // namespace

Result<std::vector<std::filesystem::path>> tokenizer_file_paths(files::FileSystem& file_system,
                                                                const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const FoundFiles found, find_at(file_system, path));
  std::vector<std::filesystem::path> paths;
  if (found.form == Form::kNone) return paths;
  const bool is_pair = found.form == Form::kPair;
  if (is_pair) {
    paths = {found.path / kVocabularyFile, found.path / kMergesFile};
  } else {
    paths = {found.path};
  }
  if (found.form == Form::kSimple) return paths;
  const std::filesystem::path folder = is_pair ? found.path : found.path.parent_path();
  for (const std::string_view name : kNameFiles) {
    ASSIGN_OR_RETURN(const bool is_there, is_file(file_system, folder / name));
    if (is_there) paths.push_back(folder / name);
  }
  return paths;
}

Result<ClipTokenizer> open_clip_tokenizer(files::FileSystem& file_system,
                                          const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const FoundFiles found, find_at(file_system, path));
  switch (found.form) {
    case Form::kPair:
      return open_pair(file_system, found.path);
    case Form::kWhole:
      return open_whole(file_system, found.path);
    case Form::kSimple:
      return open_simple(file_system, found.path);
    case Form::kNone:
      break;
  }
  return not_found(
      fmt::format("{}: no tokenizer: expected vocab.json and merges.txt, tokenizer.json, or "
                  "bpe_simple_vocab_16e6.txt.gz",
                  path.native()));
}

}  // namespace assay::tokenizer

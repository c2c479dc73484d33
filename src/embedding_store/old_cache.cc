#include "embedding_store/old_cache.h"

#include "archives/entry_source.h"
#include "core/json_text.h"
#include "crypto/digest.h"
#include "embedding_store/embedding_variant_internal.h"
#include "embedding_store/npy.h"
#include "files/atomic_file.h"
#include "files/brief_lock.h"
#include "files/byte_source.h"
#include "files/path.h"
#include "grouping/image_name.h"
#include "json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

namespace assay::embedding_store {
namespace {

namespace fs = std::filesystem;

constexpr ByteCount kMaxListSize{std::uint64_t{1} << 30};
constexpr ByteCount kMaxVectorFileSize{std::uint64_t{1} << 20};
constexpr std::size_t kHashSize = 16;
constexpr std::size_t kBatchSize = 256;
constexpr std::size_t kHashedPieceSize = std::size_t{1} << 20;
constexpr auto kFolders =
    std::to_array<std::string_view>({"data/ai_data/embeddings", "data/ai_data/cache/embeddings"});

/// Ours, beside those of the old tools.
constexpr std::string_view kVariantMember = "variant";

std::string_view folder_of(OldCacheForm form) {
  return kFolders[form == OldCacheForm::kLoggedPath ? 0 : 1];
}

struct ListedImage {
  std::string image_path;
  std::string embedding_file;
  std::string hash;
  /// Of its vector; nothing where an old tool wrote the line.
  std::optional<EmbeddingVariant> variant;

  bool operator==(const ListedImage&) const = default;
};

std::optional<ListedImage> parse_line(std::string_view line) {
  const auto value = json::parse(line);
  if (!value) return std::nullopt;
  auto image_path = value->require_text("image_path");
  auto embedding_file = value->require_text("embedding_file");
  if (!image_path || !embedding_file) return std::nullopt;
  const json::Value* hash = value->find("hash");
  ListedImage image{
      .image_path = std::move(*image_path),
      .embedding_file = std::move(*embedding_file),
      .hash = hash != nullptr && hash->text() != nullptr ? *hash->text() : std::string(),
      .variant = std::nullopt};
  if (const json::Value* said = value->find(kVariantMember); said != nullptr) {
    auto variant = parse_variant(*said);
    if (!variant) return std::nullopt;
    image.variant = std::move(*variant);
  }
  return image;
}

template <typename OnLine>
void for_each_line(std::string_view text, OnLine on_line) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) on_line(line);
  }
}

Result<Sha256> file_digest(files::FileSystem& file_system, const fs::path& path) {
  ASSIGN_OR_RETURN(const auto source, files::open_byte_source(file_system, path));
  crypto::Sha256Hasher hasher;
  std::vector<std::byte> piece(kHashedPieceSize);
  for (std::uint64_t offset = 0;;) {
    ASSIGN_OR_RETURN(const std::size_t size, source->read_at(offset, piece));
    hasher.update(std::span<const std::byte>(piece).first(size));
    if (size < piece.size()) return hasher.finish();
    offset += size;
  }
}

class Importer {
 public:
  Importer(files::FileSystem& file_system, EmbeddingStore& store, const EmbeddingVariant& variant,
           const GivenVariant& given, const OldCachePlace& place)
      : file_system_(&file_system),
        store_(&store),
        place_(&place),
        given_(&given),
        variant_(store.add_variant(variant)) {}

  Result<OldCacheImport> run(const std::stop_token& stop) {
    ASSIGN_OR_RETURN(const std::string text,
                     files::read_file(*file_system_, place_->base / place_->list, kMaxListSize));
    const std::vector<ListedImage> images = read_list(text);
    for (const ListedImage& image : images) RETURN_IF_ERROR(check(image));
    for (const ListedImage& image : images) {
      if (stop.stop_requested()) return cancelled("the import was stopped; run it again to go on");
      take(image);
      if (batch_.size() == kBatchSize) RETURN_IF_ERROR(put());
    }
    RETURN_IF_ERROR(put());
    return std::move(report_);
  }

 private:
  Status check(const ListedImage& image) const {
    if (!image.variant) return {};
    const auto other = [&](std::string_view what, std::string_view said, std::string_view wanted) {
      return invalid_input(fmt::format(
          "{}: the list says that its vector is of {} {}, not {}; leave the option out to import "
          "it as what it is",
          image.image_path, what, said, wanted));
    };
    const EmbeddingVariant& said = *image.variant;
    if (given_->model && *given_->model != said.model) {
      return other("model", said.model.to_hex(), given_->model->to_hex());
    }
    if (given_->activation && *given_->activation != said.activation) {
      return other("activation", said.activation, *given_->activation);
    }
    if (given_->precision && *given_->precision != said.precision) {
      return other("precision", said.precision, *given_->precision);
    }
    return {};
  }

  // Of several lines about a path the last counts, as the old readers did it.
  std::vector<ListedImage> read_list(std::string_view text) {
    std::vector<ListedImage> images;
    std::unordered_map<std::string, std::size_t> places;
    for_each_line(text, [&](std::string_view line) {
      ++report_.num_lines;
      auto image = parse_line(line);
      if (!image) {
        note(report_.num_unreadable, fmt::format("line {} cannot be read", report_.num_lines));
        return;
      }
      const auto [at, is_new] = places.try_emplace(image->image_path, images.size());
      if (is_new) {
        images.push_back(std::move(*image));
      } else {
        ++report_.num_superseded;
        images[at->second] = std::move(*image);
      }
    });
    return images;
  }

  void take(const ListedImage& image) {
    const auto vector_file = find_vector(image);
    if (!vector_file) {
      note(report_.num_no_vector,
           fmt::format("{}: there is no {}", image.image_path, image.embedding_file));
      return;
    }
    const fs::path image_path = place_->base / image.image_path;
    const auto image_info = file_system_->info(image_path);
    if (!image_info || !*image_info) {
      note(report_.num_no_image, fmt::format("{}: the image is not there", image.image_path));
      return;
    }
    if ((*image_info)->modified > vector_file->second.modified) {
      note(report_.num_stale,
           fmt::format("{}: the image is younger than its vector", image.image_path));
      return;
    }
    auto vector = read_vector(image, vector_file->first);
    if (!vector) return;
    const auto content = file_digest(*file_system_, image_path);
    if (!content) {
      note(report_.num_no_image, content.error().message);
      return;
    }
    const Sha256 variant = image.variant ? store_->add_variant(*image.variant) : variant_;
    batch_.push_back(
        {.key = {.content = *content, .variant = variant}, .vector = std::move(*vector)});
  }

  std::optional<std::pair<fs::path, files::FileInfo>> find_vector(const ListedImage& image) {
    std::vector<fs::path> paths = {place_->base / image.embedding_file};
    // Some tools joined the folder twice, others only looked for the hash.
    const std::string name = image.hash.empty() ? fs::path(image.embedding_file).filename().native()
                                                : image.hash + ".npy";
    for (const std::string_view folder : kFolders) paths.push_back(place_->base / folder / name);
    for (const fs::path& path : paths) {
      const auto info = file_system_->info(path);
      if (info && *info && (*info)->kind == files::FileKind::kFile) return std::pair(path, **info);
    }
    return std::nullopt;
  }

  std::optional<std::vector<float>> read_vector(const ListedImage& image, const fs::path& path) {
    const auto file = files::read_file(*file_system_, path, kMaxVectorFileSize);
    auto array = file ? parse_npy(as_bytes(*file)) : Result<NpyArray>(file.error());
    if (!array) {
      note(report_.num_bad_vectors,
           fmt::format("{}: {}: {}", image.image_path, path.native(), array.error().message));
      return std::nullopt;
    }
    double square = 0.0;
    for (const float value : array->values) square += static_cast<double>(value) * value;
    if (array->values.size() != kOldDimension || !std::isfinite(square)) {
      note(report_.num_bad_vectors, fmt::format("{}: {}: not {} finite values", image.image_path,
                                                path.native(), kOldDimension));
      return std::nullopt;
    }
    constexpr double kTolerance = 1e-3;
    if (std::abs(std::sqrt(square) - 1.0) < kTolerance) {
      note(report_.num_normalised,
           fmt::format("{}: the vector has length 1: it was normalised", image.image_path));
      return std::nullopt;
    }
    return std::move(array->values);
  }

  Status put() {
    if (batch_.empty()) return {};
    ASSIGN_OR_RETURN(const PutReport put, store_->put(batch_));
    report_.num_imported += put.num_written;
    report_.num_known += put.num_known;
    batch_.clear();
    return {};
  }

  void note(std::uint64_t& count, std::string example) {
    if (count++ == 0) report_.examples.push_back(std::move(example));
  }

  static constexpr std::size_t kOldDimension = 512;

  files::FileSystem* file_system_;
  EmbeddingStore* store_;
  const OldCachePlace* place_;
  const GivenVariant* given_;
  Sha256 variant_;
  OldCacheImport report_;
  std::vector<Embedding> batch_;
};

/// `{"image_path": "a.png", "embedding_file": "...", "hash": "...", "variant": {...}}`, with blanks
/// as the old ones. Pre: the variant is known.
std::string line_of(const ListedImage& image) {
  std::string line = R"({"image_path": )";
  append_json_string(line, image.image_path);
  line += R"(, "embedding_file": )";
  append_json_string(line, image.embedding_file);
  line += R"(, "hash": )";
  append_json_string(line, image.hash);
  line += fmt::format(", \"{}\": {}", kVariantMember, text_of(*image.variant));
  return line + "}\n";
}

OldCacheForm other_form(OldCacheForm form) {
  return form == OldCacheForm::kLoggedPath ? OldCacheForm::kAbsolutePath
                                           : OldCacheForm::kLoggedPath;
}

/// As a tool of that form lists it, without a variant.
ListedImage listed_in_form(const std::string& image_path, OldCacheForm form, const fs::path& base) {
  const std::string hashed_path = form == OldCacheForm::kLoggedPath
                                      ? image_path
                                      : files::normal_form((base / image_path).native());
  std::string hash = crypto::sha256(hashed_path).to_hex().substr(0, kHashSize);
  return {.image_path = image_path,
          .embedding_file = fmt::format("{}/{}.npy", folder_of(form), hash),
          .hash = std::move(hash),
          .variant = std::nullopt};
}

/// Whether the file of a listed image can stay as it is. `expected` is what the store would write,
/// empty where it has no vector of the image. One that an old tool computed differs in its last
/// bits; it is outdated when the image is younger, as on import. Errors: as FileSystem.
Result<bool> is_good_file(files::FileSystem& file_system, const fs::path& base,
                          const ListedImage& image, std::string_view expected) {
  const fs::path path = base / image.embedding_file;
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info || expected.empty()) return info.has_value();
  const auto present = files::read_file(file_system, path, kMaxVectorFileSize);
  if (present && *present == expected) return true;
  if (!present || image.variant || !parse_npy(as_bytes(*present))) return false;
  ASSIGN_OR_RETURN(const auto image_info, file_system.info(base / image.image_path));
  return image_info && image_info->modified <= info->modified;
}

/// The text of the list, or nothing. Errors: as read_file(), but for kNotFound.
Result<std::string> read_list_if_there(files::FileSystem& file_system, const fs::path& list) {
  auto text = files::read_file(file_system, list, kMaxListSize);
  if (!text && text.error().code == ErrorCode::kNotFound) return std::string();
  return text;
}

/// Replace the list by one with more lines. Errors: as read_list_if_there() and write_file().
Status add_to_list(files::FileSystem& file_system, const fs::path& list, std::string_view lines) {
  // Another export may have added to it since it was read.
  ASSIGN_OR_RETURN(const auto turn, files::BriefLock::take(file_system, list));
  ASSIGN_OR_RETURN(std::string text, read_list_if_there(file_system, list));
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return files::write_file(file_system, list, text.append(lines));
}

}  // namespace

Result<OldCacheImport> import_old_cache(files::FileSystem& file_system, EmbeddingStore& store,
                                        const EmbeddingVariant& variant, const GivenVariant& given,
                                        const OldCachePlace& place, const std::stop_token& stop) {
  return Importer(file_system, store, variant, given, place).run(stop);
}

Result<FolderImages> images_of_folder(files::FileSystem& file_system, const fs::path& folder,
                                      const fs::path& base, const Sha256& variant,
                                      const std::stop_token& stop) {
  ASSIGN_OR_RETURN(const auto source,
                   archives::open_entry_source(file_system, folder,
                                               {.extensions = grouping::image_extensions()}));
  if (source->kind() != archives::SourceKind::kFolder) {
    return invalid_input(folder.native() +
                         ": expected a folder of images; the old tools do not read zips in place");
  }
  ASSIGN_OR_RETURN(const fs::path from, file_system.resolve(base));
  ASSIGN_OR_RETURN(const fs::path inside, file_system.resolve(folder));
  const fs::path relative = inside.lexically_relative(from);
  const bool is_below = !relative.empty() && *relative.begin() != "..";
  FolderImages found;
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < source->entries().size(); ++i) {
    if (stop.stop_requested()) return cancelled("stopped; nothing was written");
    const archives::SourceEntry& entry = source->entries()[i];
    auto verdict = entry.verdict;
    if (verdict == archives::EntryVerdict::kOk) {
      bytes.resize(entry.size.count());
      ASSIGN_OR_RETURN(verdict, source->read(i, bytes));
    }
    if (verdict != archives::EntryVerdict::kOk) {
      ++found.num_unreadable;
      continue;
    }
    const fs::path path = ((is_below ? relative : inside) / entry.path).lexically_normal();
    found.images.push_back({.image_path = path.native(),
                            .key = {.content = crypto::sha256(bytes), .variant = variant}});
  }
  return found;
}

Result<OldCacheExport> export_old_cache(files::FileSystem& file_system, EmbeddingStore& store,
                                        const EmbeddingVariant& variant,
                                        std::span<const ExportedImage> images, OldCacheForm form,
                                        const OldCachePlace& place) {
  const fs::path list = place.base / place.list;
  ASSIGN_OR_RETURN(const std::string text, read_list_if_there(file_system, list));
  std::map<std::string, ListedImage> listed;  // by path; of several lines the last counts
  for_each_line(text, [&](std::string_view line) {
    auto image = parse_line(line);
    if (image) listed[image->image_path] = *std::move(image);
  });
  ASSIGN_OR_RETURN(const fs::path base, file_system.resolve(place.base));
  OldCacheExport report;
  std::string new_lines;
  for (const ExportedImage& image : images) {
    const auto known = listed.find(image.image_path);
    ASSIGN_OR_RETURN(const auto vector, store.find(image.key));
    const std::string file = vector ? npy_of(*vector) : std::string();
    if (known != listed.end()) {
      ASSIGN_OR_RETURN(const bool is_good,
                       is_good_file(file_system, place.base, known->second, file));
      if (is_good) {
        ++report.num_listed_before;
        continue;
      }
    }
    if (!vector) {
      ++report.num_absent;
      continue;
    }
    ListedImage written = listed_in_form(image.image_path, form, base);
    const ListedImage other = listed_in_form(image.image_path, other_form(form), base);
    // Where it is listed, those who go by the hash alone find nothing outdated.
    if (known != listed.end() && known->second.embedding_file == other.embedding_file) {
      written = other;
    }
    written.variant = variant;
    RETURN_IF_ERROR(files::write_file(file_system, place.base / written.embedding_file, file));
    ++report.num_written;
    if (known != listed.end() && known->second == written) continue;
    new_lines += line_of(written);
    listed[image.image_path] = std::move(written);
  }
  if (!new_lines.empty()) RETURN_IF_ERROR(add_to_list(file_system, list, new_lines));
  return report;
}

}  // namespace assay::embedding_store

#include "updater/image_folder.h"

#include "cache/import.h"
#include "crypto/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <unordered_set>

namespace assay::updater {
namespace {

constexpr std::size_t kMarkDigits = 16;

/// By the outermost of the folders behind the prefix that is named after one.
std::optional<cache::Label> label_of_folders(std::string_view relative) {
  for (std::size_t slash = relative.find('/'); slash != std::string_view::npos;
       slash = relative.find('/')) {
    if (const auto label = cache::parse_label(relative.substr(0, slash))) return *label;
    relative.remove_prefix(slash + 1);
  }
  return std::nullopt;
}

std::string_view file_name_of(std::string_view address) {
  return address.substr(address.rfind('/') + 1);
}

}  // namespace

Result<ImageFolder> ImageFolder::open(const tables::DatasetSources& sources, std::string address,
                                      const ImageFolderOptions& options) {
  ImageFolder folder(sources, std::move(address), options);
  RETURN_IF_ERROR(tables::is_remote_address(folder.address_) ? folder.list_remote()
                                                             : folder.list_local());
  return folder;
}

Status ImageFolder::list_local() {
  ASSIGN_OR_RETURN(cache::ImportPlan plan, cache::plan_import(*sources_.file_system, address_,
                                                              {.label = options_.label,
                                                               .labels_file = options_.labels_file,
                                                               .cache_root = options_.cache_root}));
  images_.reserve(plan.files.size());
  for (cache::ImportFile& file : plan.files) {
    ASSIGN_OR_RETURN(const auto info, sources_.file_system->info(file.path));
    std::string version;
    if (info) {
      version = fmt::format("{}-{}", info->size.count(), info->modified.time_since_epoch().count());
    }
    images_.push_back({.address = file.path.native(),
                       .label = file.label,
                       .description = std::move(file.description),
                       .version = std::move(version)});
  }
  return {};
}

Status ImageFolder::list_remote() {
  if (sources_.remote == nullptr) {
    return invalid_input(address_ + ": object stores cannot be reached from here");
  }
  if (!options_.labels_file.empty()) {
    return invalid_input(address_ +
                         ": a file of labels goes with a local folder; give one label for all, or "
                         "lay the images into folders roadwork and none");
  }
  if (!address_.ends_with('/')) address_ += '/';
  ASSIGN_OR_RETURN(auto objects, sources_.remote->list(address_));
  std::ranges::sort(objects, {}, &tables::RemoteObject::address);
  for (auto& [address, version] : objects) {
    if (!cache::is_image_name(file_name_of(address)) || !address.starts_with(address_)) continue;
    const auto label = options_.label
                           ? options_.label
                           : label_of_folders(std::string_view(address).substr(address_.size()));
    images_.push_back({.address = std::move(address),
                       .label = label,
                       .description = {},
                       .version = std::move(version)});
  }
  return {};
}

std::string ImageFolder::identity() const {
  std::string text;
  for (const FolderImage& image : images_) {
    text += fmt::format("{}\n{}\n", image.address, image.version);
  }
  return crypto::sha256(as_bytes(text)).to_hex();
}

std::string ImageFolder::mark(std::uint64_t row) const {
  const FolderImage& image = images_.at(row);
  const std::string text = fmt::format("{}\n{}", image.address, image.version);
  return crypto::sha256(as_bytes(text)).to_hex().substr(0, kMarkDigits);
}

std::string ImageFolder::marks(std::span<const std::uint64_t> rows) const {
  std::string text;
  for (const std::uint64_t row : rows) text += mark(row);
  return text;
}

std::vector<std::uint64_t> ImageFolder::rows_of(std::string_view marks) const {
  std::unordered_set<std::string_view> known;
  for (; marks.size() >= kMarkDigits; marks.remove_prefix(kMarkDigits)) {
    known.insert(marks.substr(0, kMarkDigits));
  }
  std::vector<std::uint64_t> rows;
  for (std::uint64_t row = 0; row < images_.size() && !known.empty(); ++row) {
    if (known.contains(mark(row))) rows.push_back(row);
  }
  return rows;
}

bool ImageFolder::has_labels() const {
  return std::ranges::any_of(images_,
                             [](const FolderImage& image) { return image.label.has_value(); });
}

Result<std::vector<std::optional<cache::Label>>> ImageFolder::read_labels(
    const std::stop_token& /*stop*/) const {
  std::vector<std::optional<cache::Label>> labels;
  labels.reserve(images_.size());
  for (const FolderImage& image : images_) labels.push_back(image.label);
  return labels;
}

Result<std::string> ImageFolder::read(const std::string& address) const {
  ASSIGN_OR_RETURN(const auto source, tables::open_source(sources_, address));
  if (source->size() > options_.max_image_size) {
    return exhausted(fmt::format("{} is larger than {}", to_string(source->size()),
                                 to_string(options_.max_image_size)));
  }
  std::string bytes(source->size().count(), '\0');
  ASSIGN_OR_RETURN(const std::size_t count,
                   source->read_at(0, std::as_writable_bytes(std::span(bytes))));
  bytes.resize(count);
  return bytes;
}

Status ImageFolder::read_rows(std::span<const std::uint64_t> rows, const OnRow& on_row,
                              const std::stop_token& stop) const {
  for (const std::uint64_t row : rows) {
    if (stop.stop_requested()) return cancelled("stopped while images were read");
    const FolderImage& image = images_.at(row);
    TableRow found{.row = row,
                   .original_name = std::string(file_name_of(image.address)),
                   .label = image.label,
                   .description = image.description};
    auto bytes = read(image.address);
    // A store that does not answer does so for the next one too; a file may be gone by itself.
    if (!bytes && tables::is_remote_address(image.address) && is_retryable(bytes.error().code)) {
      return std::move(bytes.error());
    }
    if (bytes) {
      found.image = std::move(*bytes);
    } else {
      found.may_pass = bytes.error().code != ErrorCode::kExhausted;
      found.problem = std::move(bytes.error().message);
    }
    RETURN_IF_ERROR(on_row(std::move(found)));
  }
  return {};
}

}  // namespace assay::updater

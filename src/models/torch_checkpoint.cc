#include "models/torch_checkpoint.h"

#include "archives/zip_reader.h"
#include "models/state_pickle.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::models {
namespace {

using archives::EntryVerdict;
using archives::ZipEntry;
using archives::ZipReader;

constexpr std::string_view kPickleName = "/data.pkl";

/// The folder that everything in the zip lies in: it is named for the file at its first writing.
Result<std::string> find_folder(const ZipReader& zip) {
  for (const ZipEntry& entry : zip.entries()) {
    const std::string_view path = entry.path;
    if (path.ends_with(kPickleName) && path.find('/') == path.size() - kPickleName.size()) {
      return std::string(path.substr(0, path.size() - kPickleName.size()));
    }
  }
  return invalid_input("a zip, but not one of torch.save(): there is no FOLDER/data.pkl in it");
}

/// Read one entry whole. Errors: kCorrupt, kExhausted, and those of the source.
Result<std::string> read_entry(const ZipReader& zip, const std::string& path, ByteCount limit) {
  const ZipEntry* entry = zip.find(path);
  if (entry == nullptr) return corrupt(path + " is missing in the zip");
  if (entry->size > limit) {
    return exhausted(fmt::format("{} has {} bytes; at most {} are read", path, entry->size.count(),
                                 limit.count()));
  }
  std::string bytes(entry->size.count(), '\0');
  ASSIGN_OR_RETURN(const EntryVerdict verdict,
                   zip.read(*entry, std::as_writable_bytes(std::span(bytes))));
  if (verdict != EntryVerdict::kOk) {
    return corrupt(fmt::format("{}: {}", path, archives::to_text(verdict)));
  }
  return bytes;
}

/// Numbers are read little-endian; torch says so since it can do otherwise.
Status check_byte_order(const ZipReader& zip, const std::string& folder) {
  const std::string path = folder + "/byteorder";
  if (zip.find(path) == nullptr) return {};
  constexpr ByteCount kLongest{64};
  ASSIGN_OR_RETURN(const std::string order, read_entry(zip, path, kLongest));
  if (order == "little") return {};
  return invalid_input(
      "the numbers are not stored little-endian; save the file on another machine");
}

/// Where the numbers of a storage begin in the file.
Result<std::uint64_t> locate_storage(const ZipReader& zip, const std::string& folder,
                                     const PickledTensor& tensor) {
  const std::string path = folder + "/data/" + tensor.storage;
  const ZipEntry* entry = zip.find(path);
  if (entry == nullptr) {
    return corrupt(fmt::format("tensor '{}': {} is missing in the zip", tensor.name, path));
  }
  if (entry->method != archives::ZipMethod::kStored) {
    return invalid_input(fmt::format(
        "tensor '{}': {} is compressed, which torch.save() never does; save the file again",
        tensor.name, path));
  }
  if (entry->size.count() % 4 != 0 || entry->size.count() / 4 != tensor.storage_elements) {
    return corrupt(fmt::format("tensor '{}': {} has {} bytes; expected {} numbers of 4",
                               tensor.name, path, entry->size.count(), tensor.storage_elements));
  }
  // Only for its checksum.
  const auto bytes = with_context(read_entry(zip, path, entry->size), tensor.name);
  if (!bytes) return bytes.error();
  ASSIGN_OR_RETURN(const ZipReader::Place place, zip.place_of(*entry));
  if (place.verdict != EntryVerdict::kOk) {
    return corrupt(fmt::format("{}: {}", path, archives::to_text(place.verdict)));
  }
  return place.offset;
}

Result<TensorIndex> read_index(const ZipReader& zip) {
  ASSIGN_OR_RETURN(const std::string folder, find_folder(zip));
  RETURN_IF_ERROR(check_byte_order(zip, folder));
  const std::string pickle_path = folder + std::string(kPickleName);
  ASSIGN_OR_RETURN(const std::string pickle, read_entry(zip, pickle_path, kMaxPickleSize));
  ASSIGN_OR_RETURN(const auto pickled, with_context(read_state_pickle(pickle), pickle_path));
  std::map<std::string, std::uint64_t> offsets;  // of storages
  TensorIndex tensors;
  for (const PickledTensor& tensor : pickled) {
    if (tensor.is_index) continue;
    auto known = offsets.find(tensor.storage);
    if (known == offsets.end()) {
      ASSIGN_OR_RETURN(const std::uint64_t offset, locate_storage(zip, folder, tensor));
      known = offsets.emplace(tensor.storage, offset).first;
    }
    TensorInfo info{.type = ElementType::kF32,
                    .shape = tensor.shape,
                    .offset = known->second + (tensor.first * 4),
                    .num_elements = 1};
    for (const std::uint64_t size : tensor.shape) info.num_elements *= size;
    tensors.emplace(tensor.name, std::move(info));
  }
  return tensors;
}

}  // namespace

Result<Checkpoint> open_torch_checkpoint(std::unique_ptr<files::ByteSource> source) {
  const std::string name = source->name();
  ASSIGN_OR_RETURN(ZipReader opened, ZipReader::open(std::move(source)));
  const auto zip = std::make_shared<const ZipReader>(std::move(opened));
  ASSIGN_OR_RETURN(TensorIndex tensors, with_context(read_index(*zip), name));
  return Checkpoint(std::shared_ptr<const files::ByteSource>(zip, &zip->source()),
                    std::move(tensors));
}

}  // namespace assay::models

#include "embedding_store/known_images.h"

#include "crypto/digest.h"
#include "embedding_store/embedding_store.h"
#include "embedding_store/little_endian.h"
#include "embedding_store/slot_file_internal.h"

#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace assay::embedding_store {
namespace {

// Persisted: never changed.
constexpr std::array<char, 8> kKnownImagesMagic = {'A', 'S', 'S', 'A', 'Y', 'K', 'N', 'I'};
constexpr std::uint32_t kImageSlot = 1;
constexpr std::size_t kPayloadSize = 2 * Sha256::kSize + 8;

// A digest in place of the name: slots have one size, and lookups need no comparison of text.
Sha256 place_digest(const ImagePlace& place) {
  std::string text(as_text(place.archive.bytes()));
  append_u32(text, place.crc32);
  text += place.entry;
  // No path holds a NUL.
  if (place.is_turned) text.append("\0exif", 5);
  return crypto::sha256(text);
}

class FileKnownImages final : public KnownImages {
 public:
  explicit FileKnownImages(SlotFile file) : file_(std::move(file)) {}

  Status load() {
    const std::scoped_lock lock(mutex_);
    RETURN_IF_ERROR(read_new());
    ASSIGN_OR_RETURN(const SlotFile::Writing writing, begin_writing());
    return file_.sync();
  }

  std::optional<KnownImage> find(const ImagePlace& place) const override {
    const Sha256 digest = place_digest(place);
    const std::shared_lock lock(mutex_);
    const auto at = images_.find(digest);
    return at == images_.end() ? std::nullopt : std::optional(at->second);
  }

  Status add(std::span<const NewKnownImage> images) override {
    const std::scoped_lock lock(mutex_);
    ASSIGN_OR_RETURN(const SlotFile::Writing writing, begin_writing());
    std::vector<std::string> payloads;
    std::vector<std::pair<Sha256, KnownImage>> added;
    for (const NewKnownImage& image : images) {
      const Sha256 digest = place_digest(image.place);
      if (images_.contains(digest)) continue;
      std::string payload(as_text(digest.bytes()));
      payload += as_text(image.image.content.bytes());
      append_u32(payload, image.image.width);
      append_u32(payload, image.image.height);
      payloads.push_back(std::move(payload));
      added.emplace_back(digest, image.image);
    }
    if (payloads.empty()) return {};
    std::vector<NewSlot> slots;
    slots.reserve(payloads.size());
    for (const std::string& payload : payloads) {
      slots.push_back({.kind = kImageSlot, .payload = as_bytes(payload)});
    }
    RETURN_IF_ERROR(file_.append(slots));
    RETURN_IF_ERROR(file_.sync());
    images_.insert(added.begin(), added.end());
    return {};
  }

  Result<std::uint64_t> gc(const std::function<bool(const Sha256&)>& keep) override {
    const std::scoped_lock lock(mutex_);
    ASSIGN_OR_RETURN(const SlotFile::Writing writing, begin_writing());
    RETURN_IF_ERROR(file_.rewrite([&](const Slot& slot) {
      return slot.kind != kImageSlot || keep(load_digest(slot.payload.subspan(Sha256::kSize)));
    }));
    images_.clear();
    RETURN_IF_ERROR(read_new());
    return images_.size();
  }

  std::uint64_t size() const override {
    const std::shared_lock lock(mutex_);
    return images_.size();
  }

 private:
  // Pre of both: mutex_ is held.
  Status read_new() {
    return file_.refresh([this](const Slot& slot) {
      if (slot.kind != kImageSlot) return;
      images_.try_emplace(
          load_digest(slot.payload),
          KnownImage{.content = load_digest(slot.payload.subspan(Sha256::kSize)),
                     .width = load_u32(slot.payload.subspan(2 * Sha256::kSize)),
                     .height = load_u32(slot.payload.subspan(2 * Sha256::kSize + 4))});
    });
  }
  Result<SlotFile::Writing> begin_writing() {
    ASSIGN_OR_RETURN(SlotFile::Writing writing, file_.begin_writing());
    if (writing.is_replaced) images_.clear();
    RETURN_IF_ERROR(read_new());
    RETURN_IF_ERROR(file_.cut_torn_tail());
    return writing;
  }

  mutable std::shared_mutex mutex_;  // guards what follows
  SlotFile file_;
  std::unordered_map<Sha256, KnownImage, DigestHash> images_;  // by place_digest() their places
};

}  // namespace

Result<std::unique_ptr<KnownImages>> KnownImages::open(files::FileSystem& file_system,
                                                       const std::filesystem::path& folder,
                                                       RandomSource& random,
                                                       const KnownImagesOptions& options) {
  const SlotFileFormat format{.magic = kKnownImagesMagic,
                              .payload_size = kPayloadSize,
                              .description = "a table of known images"};
  ASSIGN_OR_RETURN(SlotFile file, SlotFile::open(file_system, folder / "known-images.store", format,
                                                 random, {.lock_patience = options.lock_patience}));
  auto table = std::make_unique<FileKnownImages>(std::move(file));
  RETURN_IF_ERROR(table->load());
  return table;
}

}  // namespace assay::embedding_store

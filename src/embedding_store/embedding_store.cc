#include "embedding_store/embedding_store.h"

#include "core/check.h"
#include "core/log.h"
#include "embedding_store/embedding_index_internal.h"
#include "embedding_store/embedding_slots_internal.h"
#include "embedding_store/slot_file_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace assay::embedding_store {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kMinDimension = 512;
// Reading fewer takes no longer than the index would.
constexpr std::size_t kMinIndexed = 10'000;

bool is_finite(std::span<const float> vector) {
  return std::ranges::all_of(vector, [](float value) { return std::isfinite(value); });
}

class FileEmbeddingStore final : public EmbeddingStore {
 public:
  FileEmbeddingStore(SlotFile file, std::optional<EmbeddingIndex> index,
                     const EmbeddingStoreOptions& options)
      : options_(options), file_(std::move(file)), index_(std::move(index)) {}

  Status load();

  Sha256 add_variant(const EmbeddingVariant& variant) override;
  bool contains(const EmbeddingKey& key) const override;
  Result<std::optional<std::vector<float>>> find(const EmbeddingKey& key) override;
  Result<PutReport> put(std::span<const Embedding> embeddings) override;
  Status refresh() override;
  Status for_each(
      const std::function<Status(const EmbeddingKey&, std::span<const float>)>& on_vector) override;
  Result<EmbeddingVerification> verify() override;
  Result<EmbeddingGcReport> gc(const std::function<bool(const EmbeddingKey&)>& keep) override;
  Status update_index() override;
  EmbeddingStoreCounts counts() const override;

 private:
  Status check(const Embedding& embedding) const;
  void take(const Slot& slot);
  void take_vector(const IndexedVector& vector);
  void forget();
  Status read_new();
  Status read_index();
  Status write_index();
  Result<SlotFile::Writing> begin_writing();
  Result<PutReport> append(std::span<const Embedding> embeddings);

  const EmbeddingStoreOptions options_;
  mutable std::mutex writing_;  // one put(), refresh() or gc() at a time

  mutable std::shared_mutex mutex_;  // guards what follows; only who holds writing_ changes it
  SlotFile file_;
  std::unordered_map<EmbeddingKey, std::uint64_t, DigestHash> slots_;
  std::map<Sha256, EmbeddingVariant> variants_;  // added here, or seen in the file
  std::set<Sha256> stored_variants_;
  std::uint64_t num_duplicates_ = 0;
  std::uint64_t num_found_damaged_ = 0;
  std::optional<EmbeddingIndex> index_;
  std::vector<IndexedVector> not_indexed_;  // empty without an index
  std::uint64_t num_from_index_ = 0;
  std::uint64_t num_indexed_slots_ = 0;  // those behind are in not_indexed_
};

void FileEmbeddingStore::take(const Slot& slot) {
  const EmbeddingKey key = load_key(slot.payload);
  if (slot.kind == kVectorSlot) {
    take_vector({.slot = slot.number, .key = key});
  } else if (slot.kind == kVariantSlot) {
    auto variant = load_variant(slot.payload);
    if (!variant) return;  // its vectors are nobody's here
    variants_.try_emplace(key.variant, std::move(*variant));
    stored_variants_.insert(key.variant);
  }
}

void FileEmbeddingStore::take_vector(const IndexedVector& vector) {
  if (!slots_.try_emplace(vector.key, vector.slot).second) {
    ++num_duplicates_;
  } else if (index_) {
    not_indexed_.push_back(vector);
  }
}

// Of a file that was replaced.
void FileEmbeddingStore::forget() {
  slots_.clear();
  stored_variants_.clear();
  not_indexed_.clear();
  num_duplicates_ = 0;
  num_found_damaged_ = 0;
  num_from_index_ = 0;
  num_indexed_slots_ = 0;
}

// Saves reading the vectors. Where it does not fit the file, all is read.
Status FileEmbeddingStore::read_index() {
  if (!index_) return {};
  ASSIGN_OR_RETURN(const auto found, index_->find(file_.generation()));
  ASSIGN_OR_RETURN(const std::uint64_t num_slots, file_.num_slots_on_disk());
  if (!found || found->num_slots > num_slots) return {};
  const IndexedFile& indexed = *found;
  slots_.reserve(num_slots);
  RETURN_IF_ERROR(index_->for_each_vector([&](const IndexedVector& vector) {
    if (vector.slot < indexed.num_slots) slots_.try_emplace(vector.key, vector.slot);
  }));
  RETURN_IF_ERROR(index_->for_each_variant([&](const EmbeddingVariant& variant) {
    const Sha256 id = id_of(variant);
    variants_.try_emplace(id, variant);
    stored_variants_.insert(id);
  }));
  num_from_index_ = slots_.size();
  num_indexed_slots_ = indexed.num_slots;
  num_duplicates_ = indexed.num_duplicates;
  file_.skip_to(indexed.num_slots, indexed.num_damaged);
  return {};
}

// Pre: writing_ and mutex_ are held.
Status FileEmbeddingStore::write_index() {
  if (!index_) return {};
  std::vector<EmbeddingVariant> variants;
  variants.reserve(stored_variants_.size());
  for (const Sha256& id : stored_variants_) variants.push_back(variants_.at(id));
  const IndexedFile file{.num_slots = file_.counts().num_slots,
                         .num_damaged = file_.counts().num_damaged,
                         .num_duplicates = num_duplicates_};
  const auto all = [this] {
    std::vector<IndexedVector> vectors;
    vectors.reserve(slots_.size());
    for (const auto& [key, slot] : slots_) vectors.push_back({.slot = slot, .key = key});
    return vectors;
  };
  RETURN_IF_ERROR(
      index_->update(file_.generation(), file, num_indexed_slots_, not_indexed_, all, variants));
  not_indexed_.clear();
  num_indexed_slots_ = file.num_slots;
  return {};
}

Status FileEmbeddingStore::update_index() {
  const std::scoped_lock lock(writing_, mutex_);
  if (!index_ || not_indexed_.empty()) return {};
  return write_index();
}

Status FileEmbeddingStore::read_new() {
  ASSIGN_OR_RETURN(const std::uint64_t num_slots, file_.num_slots_on_disk());
  slots_.reserve(num_slots);
  return file_.refresh([this](const Slot& slot) { take(slot); });
}

// Pre: writing_ and mutex_ are held.
Result<SlotFile::Writing> FileEmbeddingStore::begin_writing() {
  ASSIGN_OR_RETURN(SlotFile::Writing writing, file_.begin_writing());
  if (writing.is_replaced) forget();
  RETURN_IF_ERROR(read_new());
  RETURN_IF_ERROR(file_.cut_torn_tail());
  return writing;
}

Status FileEmbeddingStore::load() {
  const std::scoped_lock lock(writing_, mutex_);
  if (index_) {
    if (const Status read = read_index(); !read) {
      forget();
      log_warning("the index of the embedding store is not used",
                  {{"reason", read.error().message}});
    }
  }
  RETURN_IF_ERROR(read_new());
  if (options_.read_only) return {};
  ASSIGN_OR_RETURN(const SlotFile::Writing writing, begin_writing());
  // What a writer left that was killed before its sync: from here on it is promised.
  RETURN_IF_ERROR(file_.sync());
  if (not_indexed_.size() < kMinIndexed) return {};
  if (const Status written = write_index(); !written) {
    log_warning("the index of the embedding store cannot be written",
                {{"reason", written.error().message}});
  }
  return {};
}

Sha256 FileEmbeddingStore::add_variant(const EmbeddingVariant& variant) {
  const Sha256 id = id_of(variant);
  const std::scoped_lock lock(writing_, mutex_);
  variants_.try_emplace(id, variant);
  return id;
}

bool FileEmbeddingStore::contains(const EmbeddingKey& key) const {
  const std::shared_lock lock(mutex_);
  return slots_.contains(key);
}

Result<std::optional<std::vector<float>>> FileEmbeddingStore::find(const EmbeddingKey& key) {
  std::vector<std::byte> payload(payload_size_of(options_.dimension));
  {
    const std::shared_lock lock(mutex_);
    const auto at = slots_.find(key);
    if (at == slots_.end()) return std::nullopt;
    ASSIGN_OR_RETURN(const bool is_sound, file_.read(at->second, payload));
    if (is_sound && load_key(payload) == key) {
      std::vector<float> vector(options_.dimension);
      load_vector(payload, vector);
      return vector;
    }
  }
  const std::scoped_lock lock(writing_, mutex_);
  // Absent from now on: a later put() writes it again.
  num_found_damaged_ += slots_.erase(key);
  return std::nullopt;
}

Status FileEmbeddingStore::check(const Embedding& embedding) const {
  if (embedding.vector.size() != options_.dimension) {
    return invalid_input(fmt::format("{}: a vector of {} values, but this store holds {}",
                                     file_.path().native(), embedding.vector.size(),
                                     options_.dimension));
  }
  if (!is_finite(embedding.vector)) {
    return invalid_input(fmt::format("the vector of the image {} holds a value that is not finite",
                                     embedding.key.content.to_hex()));
  }
  CHECK(variants_.contains(embedding.key.variant), "a variant is named before its vectors");
  return {};
}

Result<PutReport> FileEmbeddingStore::put(std::span<const Embedding> embeddings) {
  const std::scoped_lock writing(writing_);
  for (const Embedding& embedding : embeddings) RETURN_IF_ERROR(check(embedding));
  std::unique_lock lock(mutex_);
  ASSIGN_OR_RETURN(const SlotFile::Writing held, begin_writing());
  lock.unlock();  // find() need not wait for the disk
  return append(embeddings);
}

// Pre: begin_writing(), and writing_ is held, but not mutex_.
Result<PutReport> FileEmbeddingStore::append(std::span<const Embedding> embeddings) {
  PutReport report;
  std::vector<std::uint32_t> kinds;
  std::vector<std::vector<std::byte>> payloads;
  std::set<Sha256> new_variants;
  std::unordered_map<EmbeddingKey, std::uint64_t, DigestHash> new_slots;  // by place in the batch
  for (const Embedding& embedding : embeddings) {
    if (slots_.contains(embedding.key) || new_slots.contains(embedding.key)) {
      ++report.num_known;
      continue;
    }
    const Sha256& variant = embedding.key.variant;
    if (!stored_variants_.contains(variant) && new_variants.insert(variant).second) {
      kinds.push_back(kVariantSlot);
      payloads.push_back(variant_payload(variants_.at(variant), options_.dimension));
    }
    new_slots.emplace(embedding.key, kinds.size());
    kinds.push_back(kVectorSlot);
    payloads.push_back(vector_payload(embedding));
    ++report.num_written;
  }
  std::vector<NewSlot> slots;
  slots.reserve(kinds.size());
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    slots.push_back({.kind = kinds[i], .payload = payloads[i]});
  }
  std::uint64_t first = 0;
  if (!slots.empty()) {
    ASSIGN_OR_RETURN(first, file_.append(slots));
  }
  // Also without any: another process may have died between its write and its sync.
  RETURN_IF_ERROR(file_.sync());
  const std::scoped_lock lock(mutex_);
  for (const auto& [key, place] : new_slots) {
    take_vector({.slot = first + place, .key = key});
  }
  stored_variants_.merge(new_variants);
  return report;
}

Status FileEmbeddingStore::refresh() {
  const std::scoped_lock lock(writing_, mutex_);
  return read_new();
}

Status FileEmbeddingStore::for_each(
    const std::function<Status(const EmbeddingKey&, std::span<const float>)>& on_vector) {
  std::vector<std::pair<std::uint64_t, EmbeddingKey>> keys;
  {
    const std::shared_lock lock(mutex_);
    keys.reserve(slots_.size());
    for (const auto& [key, slot] : slots_) keys.emplace_back(slot, key);
  }
  std::ranges::sort(keys);
  for (const auto& [slot, key] : keys) {
    ASSIGN_OR_RETURN(const auto vector, find(key));
    if (vector) RETURN_IF_ERROR(on_vector(key, *vector));
  }
  return {};
}

Result<EmbeddingVerification> FileEmbeddingStore::verify() {
  const std::scoped_lock lock(writing_, mutex_);
  EmbeddingVerification found;
  std::unordered_set<EmbeddingKey, DigestHash> seen;
  std::map<Sha256, std::uint64_t> num_of_variant;
  std::vector<float> vector(options_.dimension);
  ASSIGN_OR_RETURN(const SlotFileCounts counts, file_.scan_all([&](const Slot& slot) {
    if (slot.kind != kVectorSlot) return;
    const EmbeddingKey key = load_key(slot.payload);
    if (!seen.insert(key).second) {
      ++found.num_duplicates;
      return;
    }
    load_vector(slot.payload, vector);
    if (!is_finite(vector)) ++found.num_not_finite;
    ++found.num_embeddings;
    ++num_of_variant[key.variant];
  }));
  found.num_damaged = counts.num_damaged;
  for (const auto& [id, count] : num_of_variant) {
    if (!stored_variants_.contains(id)) {
      found.num_without_variant += count;
    } else {
      found.variants.push_back({.variant = variants_.at(id), .num_embeddings = count});
    }
  }
  return found;
}

Result<EmbeddingGcReport> FileEmbeddingStore::gc(
    const std::function<bool(const EmbeddingKey&)>& keep) {
  const std::scoped_lock lock(writing_, mutex_);
  ASSIGN_OR_RETURN(const SlotFile::Writing held, begin_writing());
  EmbeddingGcReport report;
  ASSIGN_OR_RETURN(report.size_before, file_.size());
  std::unordered_set<EmbeddingKey, DigestHash> kept;
  std::set<Sha256> kept_variants;
  ASSIGN_OR_RETURN(const SlotFileCounts counts, file_.rewrite([&](const Slot& slot) {
    const EmbeddingKey key = load_key(slot.payload);
    if (slot.kind == kVariantSlot) return kept_variants.insert(key.variant).second;
    if (slot.kind != kVectorSlot) return true;  // of a later program
    const bool is_kept = !kept.contains(key) && keep(key);
    if (is_kept) kept.insert(key);
    ++(is_kept ? report.num_kept : report.num_dropped);
    return is_kept;
  }));
  report.num_damaged = counts.num_damaged;
  forget();
  RETURN_IF_ERROR(read_new());
  ASSIGN_OR_RETURN(report.size_after, file_.size());
  return report;
}

EmbeddingStoreCounts FileEmbeddingStore::counts() const {
  const std::scoped_lock lock(writing_, mutex_);
  return {.num_embeddings = slots_.size(),
          .num_damaged = file_.counts().num_damaged + num_found_damaged_,
          .num_duplicates = num_duplicates_,
          .torn_tail = file_.counts().torn_tail,
          .num_from_index = num_from_index_};
}

}  // namespace

Result<std::unique_ptr<EmbeddingStore>> EmbeddingStore::open(files::FileSystem& file_system,
                                                             const fs::path& folder,
                                                             RandomSource& random,
                                                             const EmbeddingStoreOptions& options) {
  CHECK(options.dimension >= kMinDimension, "a variant fits the room of a vector");
  const SlotFileFormat format{
      .magic = kVectorsMagic,
      .payload_size = static_cast<std::uint32_t>(payload_size_of(options.dimension)),
      .description = "an embedding store"};
  ASSIGN_OR_RETURN(
      SlotFile file,
      SlotFile::open(file_system, folder / fmt::format("vectors-{}.store", options.dimension),
                     format, random,
                     {.lock_patience = options.lock_patience, .read_only = options.read_only}));
  std::optional<EmbeddingIndex> index;
  if (options.index == EmbeddingStoreOptions::Index::kSqlite) {
    ASSIGN_OR_RETURN(
        index, EmbeddingIndex::open(
                   file_system, folder / fmt::format("vectors-{}.index.db", options.dimension)));
  }
  auto store = std::make_unique<FileEmbeddingStore>(std::move(file), std::move(index), options);
  RETURN_IF_ERROR(store->load());
  return store;
}

}  // namespace assay::embedding_store

#include "embedding/embed_images.h"

#include "core/check.h"
#include "core/thread_pool.h"
#include "crypto/digest.h"
#include "images/probe.h"
#include "images/resize.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::embedding {
namespace {

using archives::EntryVerdict;
using archives::SourceEntry;
using embedding_store::KnownImage;

// Entries that a worker takes at a time: few enough that the last ones end together.
constexpr std::size_t kEntriesAtATime = 16;
// Outcomes that wait for a full batch; what is known already needs no model.
constexpr std::size_t kMaxWaiting = 256;
// A buffer that grew beyond this is given back.
constexpr std::size_t kMaxKeptBuffer = std::size_t{64} << 20;

/// What the workers share.
struct Shared {
  const EmbeddingTools& tools;
  std::span<const std::size_t> entries;
  const EmbedImagesOptions& options;
  const OnEmbeddedBatch& on_batch;
  const std::stop_token& stop;

  std::atomic<std::size_t> next = 0;
  std::atomic<bool> has_failed = false;
  std::mutex mutex = {};  // for all below, and for on_batch
  EmbeddingFigures figures = {};
};

/// An image that is decoded and waits for the model.
struct WaitingImage {
  std::size_t outcome = 0;
  Sha256 content;
};

class Worker {
 public:
  explicit Worker(Shared& shared)
      : shared_(&shared),
        tools_(&shared.tools),
        crop_size_(std::size_t{shared.tools.embedder.crop_side()} *
                   shared.tools.embedder.crop_side() * images::kNumChannels),
        batch_size_(std::max<std::size_t>(1, shared.tools.embedder.batch_size())),
        crops_(crop_size_ * batch_size_),
        vectors_(shared.tools.embedder.dimension() * batch_size_) {}

  Status run() {
    while (!shared_->stop.stop_requested() && !shared_->has_failed) {
      const std::size_t first = shared_->next.fetch_add(kEntriesAtATime);
      if (first >= shared_->entries.size()) break;
      const std::size_t count = std::min(kEntriesAtATime, shared_->entries.size() - first);
      for (const std::size_t index : shared_->entries.subspan(first, count)) {
        RETURN_IF_ERROR(take(index));
        if (waiting_.size() == batch_size_ || outcomes_.size() >= kMaxWaiting) {
          RETURN_IF_ERROR(hand_on());
        }
      }
    }
    return hand_on();
  }

 private:
  // Measures from its making to its end.
  class StageTimer {
   public:
    StageTimer(Worker& worker, EmbeddingStage stage)
        : worker_(&worker), stage_(stage), start_(worker.tools_->clock.monotonic()) {}
    StageTimer(const StageTimer&) = delete;
    StageTimer& operator=(const StageTimer&) = delete;
    ~StageTimer() {
      worker_->figures_.time.at(static_cast<std::size_t>(stage_)) +=
          worker_->tools_->clock.monotonic() - start_;
    }

   private:
    Worker* worker_;
    EmbeddingStage stage_;
    std::chrono::nanoseconds start_;
  };

  Status take(std::size_t index) {
    const SourceEntry& entry = tools_->source.entries()[index];
    if (entry.verdict != EntryVerdict::kOk) return fail(entry, entry.verdict);
    if (const auto known = find_known(entry)) {
      if (!shared_->options.shard.has(known->content)) return leave();
      if (is_embedded(known->content)) return reuse(entry, *known);
    }
    if (entry.size > shared_->options.decode.max_encoded_size) {
      return fail(entry, to_string(images::RefusalKind::kOverLimit),
                  fmt::format("the file has {}, but the most is {}", to_string(entry.size),
                              to_string(shared_->options.decode.max_encoded_size)));
    }
    ASSIGN_OR_RETURN(const EntryVerdict verdict, read(index, entry));
    if (verdict != EntryVerdict::kOk) return fail(entry, verdict);
    const Sha256 content = hash();
    if (!shared_->options.shard.has(content)) return leave();
    return is_embedded(content) ? reuse_unknown(entry, content) : prepare(entry, content);
  }

  std::optional<KnownImage> find_known(const SourceEntry& entry) const {
    // A folder's fingerprint does not tell a file that was changed in place.
    if (!entry.crc32) return std::nullopt;
    return tools_->known.find(place_of(entry));
  }

  bool is_embedded(const Sha256& content) const {
    return tools_->store.contains({.content = content, .variant = tools_->variant}) ||
           std::ranges::any_of(waiting_,
                               [&](const WaitingImage& image) { return image.content == content; });
  }

  Result<EntryVerdict> read(std::size_t index, const SourceEntry& entry) {
    const StageTimer timer(*this, EmbeddingStage::kRead);
    if (encoded_.size() > kMaxKeptBuffer) encoded_ = {};
    encoded_.resize(entry.size.count());
    figures_.bytes_read += entry.size;
    return tools_->source.read(index, encoded_);
  }

  Sha256 hash() {
    const StageTimer timer(*this, EmbeddingStage::kHash);
    return crypto::sha256(encoded_);
  }

  // Decode and resize straight into the batch.
  Status prepare(const SourceEntry& entry, const Sha256& content) {
    images::Readable<images::DecodedImage> decoded = [&] {
      const StageTimer timer(*this, EmbeddingStage::kDecode);
      return decoder_.decode(encoded_, shared_->options.decode);
    }();
    if (!decoded) return fail(entry, to_string(decoded.error().kind), decoded.error().reason);
    const images::ImageSize size = decoded->image.size();
    {
      const StageTimer timer(*this, EmbeddingStage::kResize);
      images::clip_crop(decoded->image, tools_->embedder.crop_side(),
                        std::span(crops_).subspan(waiting_.size() * crop_size_, crop_size_));
    }
    figures_.pixels += size.num_pixels();
    decoder_.reuse(std::move(decoded->image));
    ++figures_.num_embedded;
    waiting_.push_back({.outcome = outcomes_.size(), .content = content});
    const KnownImage image{.content = content, .width = size.width, .height = size.height};
    note_place(entry, image);
    add_outcome(entry, image);
    return {};
  }

  // In the store, but not seen in this archive: the header tells its size.
  Status reuse_unknown(const SourceEntry& entry, const Sha256& content) {
    const auto header = images::probe(encoded_);
    if (!header) return fail(entry, to_string(header.error().kind), header.error().reason);
    images::ImageSize size = header->size;
    const auto turn = static_cast<int>(header->orientation);
    constexpr int kFirstSideways = static_cast<int>(images::Orientation::kTransposed);
    // As the decoder gives it: a TIFF is always turned upright.
    const bool is_turned =
        shared_->options.decode.orientation == images::ExifOrientation::kHonour ||
        header->format == images::ImageFormat::kTiff;
    if (is_turned && turn >= kFirstSideways) std::swap(size.width, size.height);
    const KnownImage image{.content = content, .width = size.width, .height = size.height};
    note_place(entry, image);
    return reuse(entry, image);
  }

  Status reuse(const SourceEntry& entry, const KnownImage& image) {
    ++figures_.num_reused;
    add_outcome(entry, image);
    return {};
  }

  Status leave() {
    ++figures_.num_other_shard;
    return {};
  }

  void add_outcome(const SourceEntry& entry, const KnownImage& image) {
    outcomes_.push_back({.entry = entry.path, .embedded = image, .error = {}, .message = {}});
  }

  void note_place(const SourceEntry& entry, const KnownImage& image) {
    if (!entry.crc32) return;
    places_.push_back({.place = place_of(entry), .image = image});
  }

  // Pre: its CRC is known.
  embedding_store::ImagePlace place_of(const SourceEntry& entry) const {
    return {.archive = tools_->source.fingerprint(),
            .entry = entry.path,
            .crc32 = *entry.crc32,
            .is_turned = shared_->options.decode.orientation == images::ExifOrientation::kHonour};
  }

  Status fail(const SourceEntry& entry, EntryVerdict verdict) {
    return fail(entry, to_string(verdict), std::string(to_text(verdict)));
  }
  Status fail(const SourceEntry& entry, std::string_view error, std::string message) {
    ++figures_.num_failed;
    outcomes_.push_back({.entry = entry.path,
                         .embedded = std::nullopt,
                         .error = std::string(error),
                         .message = std::move(message)});
    return {};
  }

  // Embeddings first, then who has them, then the outcomes: a crash between them costs time alone.
  Status hand_on() {
    RETURN_IF_ERROR(embed());
    RETURN_IF_ERROR(store());
    if (outcomes_.empty() && figures_.num_images() == 0) return {};
    {
      const std::scoped_lock lock(shared_->mutex);
      shared_->figures += figures_;
      RETURN_IF_ERROR(shared_->on_batch({.outcomes = outcomes_, .figures = figures_}));
    }
    figures_ = {};
    outcomes_.clear();
    places_.clear();
    waiting_.clear();
    return {};
  }

  Status embed() {
    if (waiting_.empty()) return {};
    const StageTimer timer(*this, EmbeddingStage::kEmbed);
    return tools_->embedder.embed(
        std::span(crops_).first(waiting_.size() * crop_size_),
        std::span(vectors_).first(waiting_.size() * tools_->embedder.dimension()));
  }

  Status store() {
    const StageTimer timer(*this, EmbeddingStage::kStore);
    if (!waiting_.empty()) {
      const std::size_t dimension = tools_->embedder.dimension();
      std::vector<embedding_store::Embedding> embeddings;
      embeddings.reserve(waiting_.size());
      for (std::size_t i = 0; i < waiting_.size(); ++i) {
        const auto vector = std::span(vectors_).subspan(i * dimension, dimension);
        embeddings.push_back({.key = {.content = waiting_[i].content, .variant = tools_->variant},
                              .vector = {vector.begin(), vector.end()}});
      }
      RETURN_IF_ERROR(tools_->store.put(embeddings));
    }
    return places_.empty() ? Status() : tools_->known.add(places_);
  }

  Shared* shared_;
  const EmbeddingTools* tools_;
  std::size_t crop_size_;
  std::size_t batch_size_;
  images::Decoder decoder_;
  std::vector<std::byte> encoded_;
  std::vector<std::uint8_t> crops_;
  std::vector<float> vectors_;

  // Since the last batch was handed on.
  std::vector<WaitingImage> waiting_;
  std::vector<ImageOutcome> outcomes_;
  std::vector<embedding_store::NewKnownImage> places_;
  EmbeddingFigures figures_;
};

}  // namespace

std::string_view to_string(EmbeddingStage stage) {
  switch (stage) {
    case EmbeddingStage::kRead:
      return "read";
    case EmbeddingStage::kHash:
      return "hash";
    case EmbeddingStage::kDecode:
      return "decode";
    case EmbeddingStage::kResize:
      return "resize";
    case EmbeddingStage::kEmbed:
      return "embed";
    case EmbeddingStage::kStore:
      return "store";
  }
  fail_check("stage", "a stage of the enumeration");
}

bool Shard::has(const Sha256& content) const {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) {
    number = (number << 8) | std::to_integer<std::uint64_t>(content.bytes().at(i));
  }
  return number % count == index;
}

EmbeddingFigures& EmbeddingFigures::operator+=(const EmbeddingFigures& other) {
  num_embedded += other.num_embedded;
  num_reused += other.num_reused;
  num_failed += other.num_failed;
  num_other_shard += other.num_other_shard;
  bytes_read += other.bytes_read;
  pixels += other.pixels;
  for (std::size_t i = 0; i < time.size(); ++i) time.at(i) += other.time.at(i);
  return *this;
}

Result<EmbeddingFigures> embed_images(const EmbeddingTools& tools,
                                      std::span<const std::size_t> entries,
                                      const EmbedImagesOptions& options,
                                      const OnEmbeddedBatch& on_batch,
                                      const std::stop_token& stop) {
  CHECK(options.num_workers > 0, "somebody works");
  CHECK(options.shard.index < options.shard.count, "a shard of those that there are");
  Shared shared{
      .tools = tools, .entries = entries, .options = options, .on_batch = on_batch, .stop = stop};
  // The calling thread is one of the workers.
  ThreadPool pool({.num_threads = std::max<std::size_t>(1, options.num_workers - 1)});
  RETURN_IF_ERROR(parallel_for(pool, options.num_workers, [&](std::size_t) {
    Status status = Worker(shared).run();
    if (!status) shared.has_failed = true;
    return status;
  }));
  if (stop.stop_requested() && shared.next < entries.size()) {
    return cancelled("stopped; the next run goes on from here");
  }
  return shared.figures;
}

}  // namespace assay::embedding

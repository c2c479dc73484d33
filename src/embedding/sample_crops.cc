#include "embedding/sample_crops.h"

#include "crypto/digest.h"
#include "images/resize.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace assay::embedding {
namespace {

/// For each crop that is wanted; a folder of nothing but broken images must not be read whole.
constexpr std::size_t kMaxTriesEach = 8;

struct Candidate {
  const archives::EntrySource* source = nullptr;
  std::size_t entry = 0;
};

std::vector<Candidate> readable_entries(
    std::span<const std::unique_ptr<archives::EntrySource>> sources,
    const CropSampleOptions& options) {
  std::vector<Candidate> candidates;
  for (const auto& source : sources) {
    const auto entries = source->entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].verdict == archives::EntryVerdict::kOk &&
          entries[i].size <= options.decode.max_encoded_size) {
        candidates.push_back({.source = source.get(), .entry = i});
      }
    }
  }
  return candidates;
}

class Sampler {
 public:
  explicit Sampler(const CropSampleOptions& options)
      : options_(&options),
        crop_size_(std::size_t{options.side} * options.side * images::kNumChannels) {}

  void take(const Candidate& candidate) {
    encoded_.resize(candidate.source->entries()[candidate.entry].size.count());
    const auto verdict = candidate.source->read(candidate.entry, encoded_);
    if (!verdict || *verdict != archives::EntryVerdict::kOk) return;
    const Sha256 content = crypto::sha256(encoded_);
    if (std::ranges::find(sample_.images, content) != sample_.images.end()) return;
    auto decoded = decoder_.decode(encoded_, options_->decode);
    if (!decoded) return;
    const std::size_t size = sample_.crops.size();
    sample_.crops.resize(size + crop_size_);
    images::clip_crop(decoded->image, options_->side, std::span(sample_.crops).subspan(size));
    decoder_.reuse(std::move(decoded->image));
    sample_.images.push_back(content);
  }

  std::size_t num_taken() const { return sample_.images.size(); }
  CropSample finish() { return std::move(sample_); }

 private:
  const CropSampleOptions* options_;
  std::size_t crop_size_;
  images::Decoder decoder_;
  std::vector<std::byte> encoded_;
  CropSample sample_;
};

}  // namespace

CropSample sample_crops(std::span<const std::unique_ptr<archives::EntrySource>> sources,
                        const CropSampleOptions& options) {
  const std::vector<Candidate> candidates = readable_entries(sources, options);
  std::vector<bool> is_tried(candidates.size());
  Sampler sampler(options);
  // Round after round, each a place further on: the first alone is enough where all is sound.
  std::size_t num_tries = 0;
  const std::size_t max_tries = std::min(candidates.size(), kMaxTriesEach * options.num_crops);
  for (std::size_t round = 0; num_tries < max_tries; ++round) {
    for (std::size_t i = 0; i < options.num_crops && num_tries < max_tries; ++i) {
      if (sampler.num_taken() == options.num_crops) return sampler.finish();
      const std::size_t place =
          ((i * candidates.size() / options.num_crops) + round) % candidates.size();
      if (is_tried[place]) continue;
      is_tried[place] = true;
      ++num_tries;
      sampler.take(candidates[place]);
    }
  }
  return sampler.finish();
}

}  // namespace assay::embedding

#include "embedding/sample_sizes.h"

#include "images/decode.h"
#include "images/probe.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace assay::embedding {

std::optional<double> mean_pixels(const archives::EntrySource& source, std::size_t num_samples) {
  const auto entries = source.entries();
  const ByteCount max_size = images::DecodeOptions().max_encoded_size;
  num_samples = std::min(num_samples, entries.size());
  std::uint64_t num_pixels = 0;
  std::uint64_t num_found = 0;
  std::vector<std::byte> encoded;
  for (std::size_t i = 0; i < num_samples; ++i) {
    // The middle of each part.
    const std::size_t index = ((2 * i) + 1) * entries.size() / (2 * num_samples);
    const archives::SourceEntry& entry = entries[index];
    if (entry.verdict != archives::EntryVerdict::kOk || entry.size > max_size) continue;
    encoded.resize(entry.size.count());
    const auto verdict = source.read(index, encoded);
    if (!verdict || *verdict != archives::EntryVerdict::kOk) continue;
    const auto header = images::probe(encoded);
    if (!header) continue;
    num_pixels += header->size.num_pixels();
    ++num_found;
  }
  if (num_found == 0) return std::nullopt;
  return static_cast<double>(num_pixels) / static_cast<double>(num_found);
}

}  // namespace assay::embedding

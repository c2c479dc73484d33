/// \file
/// A short number that pictures which look alike nearly share.

#pragma once

#include "images/image.h"

#include <cstdint>

namespace assay::images {

/// 64 bits of a picture's look: they change little when it is scaled, brightened or compressed
/// again. The numbers are kept in files: the definition never changes.
///
/// The mean luma (77 R + 150 G + 29 B) of each of 32 by 32 cells, of every n-th row of it where it
/// is 8 n rows high, goes through a DCT-II; bit i says whether the i-th coefficient behind the
/// mean, in zig-zag order, is above the median of those 64. Of one colour alone it is 0.
///
/// Pre:  `image` is not empty.
/// Cost: one pass over the pixels.
std::uint64_t perceptual_hash(const Image& image);

/// The same of an image that was decoded with DecodeDetail::kBlocks, whose whole size is `whole`:
/// the mean of all rows. 0 to 2 bits from that of the pixels.
std::uint64_t perceptual_hash(const Image& image, ImageSize whole);

/// In how many bits two hashes differ: 0 to 64. Copies of one picture are some 0 to 4 apart,
/// pictures of different things some 32.
int hash_distance(std::uint64_t left, std::uint64_t right);

}  // namespace assay::images

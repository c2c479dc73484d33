// The format (format_description.txt of google/snappy): the size as a varint, then elements. The
// two low bits of an element's first byte are its kind: 0 is a literal, whose length is in the
// other six bits or, from 61 on, in the 1 to 4 bytes that follow; 1, 2 and 3 are copies of what was
// written before, with an offset of 11, 16 or 32 bits.
//
// Addresses of objects compress into very short elements, eight or so an address, and their
// decoding was half of the time of a summary. As long as both ends are far away an element moves 16
// or 64 bytes whatever its length, without a loop; this takes half the time of the decoder in
// Arrow's wheel.

#include "tables/snappy_internal.h"

#include <cstring>

namespace assay::tables {

namespace {

constexpr int kMaxSizeBytes = 5;
constexpr std::size_t kMaxShortLiteral = 60;
// What an element may read and write beyond its end, as long as both ends are further away.
constexpr std::ptrdiff_t kMargin = 80;

struct Preamble {
  std::size_t size = 0;
  std::size_t num_bytes = 0;
};

Result<Preamble> read_preamble(std::span<const std::uint8_t> block) {
  std::uint64_t size = 0;
  for (int i = 0; i < kMaxSizeBytes && static_cast<std::size_t>(i) < block.size(); ++i) {
    const std::uint8_t byte = block[static_cast<std::size_t>(i)];
    size |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if ((byte & 0x80) == 0 && size <= 0xFFFF'FFFF) {
      return Preamble{static_cast<std::size_t>(size), static_cast<std::size_t>(i) + 1};
    }
  }
  return corrupt("a Snappy block without a size");
}

std::uint32_t little_endian(const std::uint8_t* from, std::size_t num_bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < num_bytes; ++i)
    value |= static_cast<std::uint32_t>(from[i]) << (8 * i);
  return value;
}

std::uint32_t two_bytes(const std::uint8_t* from) {
  std::uint16_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return value;
}

void move_16(std::uint8_t* to, const std::uint8_t* from) { std::memcpy(to, from, 16); }

void move_64(std::uint8_t* to, const std::uint8_t* from) {
  for (std::size_t i = 0; i < 64; i += 16) move_16(to + i, from + i);
}

class Decoder {
 public:
  Decoder(std::span<const std::uint8_t> elements, std::span<std::uint8_t> into)
      : in_(elements.data()),
        in_end_(in_ + elements.size()),
        begin_(into.data()),
        out_(begin_),
        out_end_(begin_ + into.size()) {}

  Status run() {
    while (in_ < in_end_) {
      if (!run_far_from_the_ends() || (in_ < in_end_ && !decode_carefully())) {
        return corrupt("a broken Snappy block");
      }
    }
    return out_ == out_end_ ? Status() : corrupt("a Snappy block shorter than it says");
  }

 private:
  // Stops before the first element that it leaves to decode_carefully(). False: the block is
  // broken.
  bool run_far_from_the_ends() {
    const std::uint8_t* in = in_;
    std::uint8_t* out = out_;
    bool is_good = true;
    while (in_end_ - in > kMargin && out_end_ - out > kMargin) {
      const std::uint32_t tag = *in;
      const std::uint32_t kind = tag & 3;
      if (kind == 0) {
        const std::size_t length = (tag >> 2) + 1;
        if (length > kMaxShortLiteral) break;
        length <= 16 ? move_16(out, in + 1) : move_64(out, in + 1);
        in += 1 + length;
        out += length;
        continue;
      }
      if (kind == 3) break;
      const std::size_t length = kind == 2 ? (tag >> 2) + 1 : 4 + ((tag >> 2) & 7);
      const std::size_t offset = kind == 2 ? two_bytes(in + 1) : ((tag >> 5) << 8) | in[1];
      in += kind == 2 ? 3 : 2;
      const auto num_written = static_cast<std::size_t>(out - begin_);
      if (offset == 0 || offset > num_written) {
        is_good = false;
        break;
      }
      const std::uint8_t* from = out - offset;
      if (offset >= 16) {
        length <= 16 ? move_16(out, from) : move_64(out, from);
      } else {
        for (std::size_t i = 0; i < length; ++i) out[i] = from[i];  // may repeat what it writes
      }
      out += length;
    }
    in_ = in;
    out_ = out;
    return is_good;
  }

  // One element of any kind. False: the block is broken.
  bool decode_carefully() {
    const std::uint32_t tag = *in_++;
    const std::uint32_t kind = tag & 3;
    std::size_t length = (tag >> 2) + 1;
    if (kind == 0) {
      if (length > kMaxShortLiteral) {
        const std::size_t num_bytes = length - kMaxShortLiteral;
        if (left_in() < num_bytes) return false;
        length = static_cast<std::size_t>(little_endian(in_, num_bytes)) + 1;
        in_ += num_bytes;
      }
      if (left_in() < length || left_out() < length) return false;
      std::memcpy(out_, in_, length);
      in_ += length;
      out_ += length;
      return true;
    }
    const std::size_t num_bytes = kind == 3 ? 4 : kind;
    if (left_in() < num_bytes) return false;
    std::size_t offset = little_endian(in_, num_bytes);
    in_ += num_bytes;
    if (kind == 1) {
      length = 4 + ((tag >> 2) & 7);
      offset |= (tag >> 5) << 8;
    }
    if (offset == 0 || offset > num_written() || left_out() < length) {
      return false;
    }
    for (std::size_t i = 0; i < length; ++i) out_[i] = *(out_ - offset + i);
    out_ += length;
    return true;
  }

  std::size_t left_in() const { return static_cast<std::size_t>(in_end_ - in_); }
  std::size_t num_written() const { return static_cast<std::size_t>(out_ - begin_); }
  std::size_t left_out() const { return static_cast<std::size_t>(out_end_ - out_); }

  const std::uint8_t* in_;
  const std::uint8_t* in_end_;
  std::uint8_t* begin_;
  std::uint8_t* out_;
  std::uint8_t* out_end_;
};

}  // namespace

Result<std::size_t> snappy_size(std::span<const std::uint8_t> block) {
  ASSIGN_OR_RETURN(const Preamble preamble, read_preamble(block));
  return preamble.size;
}

Status snappy_decompress(std::span<const std::uint8_t> block, std::span<std::uint8_t> into) {
  ASSIGN_OR_RETURN(const Preamble preamble, read_preamble(block));
  if (preamble.size != into.size()) return corrupt("a Snappy block of another size");
  return Decoder(block.subspan(preamble.num_bytes), into).run();
}

}  // namespace assay::tables

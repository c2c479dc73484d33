#include "archives/testing/zip_builder.h"

#include "compress/inflate.h"
#include "compress/stream.h"
#include "core/bytes.h"

namespace assay::archives::testing {
namespace {

// What gzip puts around a deflate stream when no name and no time is written.
constexpr std::size_t kGzipHeaderSize = 10;
constexpr std::size_t kGzipTrailerSize = 8;
constexpr std::uint16_t kFlagSizesFollow = 8;

std::string deflated(std::string_view text) {
  const std::string gzip = compress::compress(compress::Format::kGzip, text).value();
  return gzip.substr(kGzipHeaderSize, gzip.size() - kGzipHeaderSize - kGzipTrailerSize);
}

}  // namespace

std::string little_endian(std::uint64_t number, std::size_t size) {
  std::string bytes;
  for (std::size_t k = 0; k < size; ++k) bytes += static_cast<char>((number >> (8 * k)) & 0xff);
  return bytes;
}

ZipBuilder& ZipBuilder::add(const ZipEntrySpec& spec) {
  const std::string packed = spec.is_deflated ? deflated(spec.content) : spec.content;
  const std::string method = little_endian(spec.method.value_or(spec.is_deflated ? 8 : 0), 2);
  const std::string time = little_endian(0x21'0000, 4);
  const std::string version = little_endian(20, 2);
  const std::string local_name = spec.local_name.value_or(spec.name);
  const std::string sums =
      little_endian(spec.crc32.value_or(compress::crc32(as_bytes(spec.content))), 4) +
      little_endian(spec.compressed_size.value_or(static_cast<std::uint32_t>(packed.size())), 4) +
      little_endian(spec.size.value_or(static_cast<std::uint32_t>(spec.content.size())), 4);
  const bool do_sizes_follow = (spec.flags & kFlagSizesFollow) != 0;
  const std::uint64_t offset = bytes_.size();

  bytes_ += "PK\3\4" + version + little_endian(spec.flags, 2) + method + time +
            (do_sizes_follow ? std::string(12, '\0') : sums) + little_endian(local_name.size(), 2) +
            little_endian(spec.local_extra.size(), 2) + local_name + spec.local_extra + packed;
  if (do_sizes_follow) bytes_ += "PK\7\b" + sums;
  directory_ += "PK\1\2" + little_endian(spec.made_by, 2) + version + little_endian(spec.flags, 2) +
                method + time + sums + little_endian(spec.name.size(), 2) +
                little_endian(spec.extra.size(), 2) + little_endian(0, 2) +
                little_endian(spec.disk, 2) + little_endian(0, 2) +
                little_endian(spec.external_attributes, 4) +
                little_endian(spec.header_offset.value_or(static_cast<std::uint32_t>(offset)), 4) +
                spec.name + spec.extra;
  ++num_entries_;
  return *this;
}

std::string ZipBuilder::finish(const ZipEndSpec& spec) const {
  const std::uint64_t count =
      num_entries_ + static_cast<std::uint64_t>(static_cast<std::int64_t>(spec.count_error));
  const std::uint64_t end = bytes_.size() + directory_.size();
  std::string zip = bytes_ + directory_;
  if (spec.has_zip64) {
    zip += "PK\6\6" + little_endian(44, 8) + little_endian(45, 2) + little_endian(45, 2) +
           little_endian(0, 8) + little_endian(count, 8) + little_endian(count, 8) +
           little_endian(directory_.size(), 8) + little_endian(bytes_.size(), 8);
    zip += "PK\6\7" + little_endian(0, 4) + little_endian(end, 8) + little_endian(1, 4);
  }
  const auto narrow = [&](std::uint64_t number, std::size_t size) {
    return spec.has_zip64 ? std::string(size, '\xff') : little_endian(number, size);
  };
  zip += "PK\5\6" + little_endian(spec.disk, 2) + little_endian(spec.disk, 2) + narrow(count, 2) +
         narrow(count, 2) + narrow(directory_.size(), 4) + narrow(bytes_.size(), 4) +
         little_endian(spec.comment.size(), 2) + spec.comment;
  return zip;
}

}  // namespace assay::archives::testing

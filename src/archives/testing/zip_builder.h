/// \file
/// Builds zips in memory, right ones and wrong ones.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::archives::testing {

/// One entry; what is set overrides what would be right.
struct ZipEntrySpec {
  std::string name = {};
  std::string content = {};
  bool is_deflated = false;
  std::uint16_t flags = 0;
  std::optional<std::uint16_t> method = {};
  std::uint16_t made_by = 3 << 8;  ///< Unix.
  std::uint32_t external_attributes = 0100644U << 16;
  std::string extra = {};        ///< In the directory.
  std::string local_extra = {};  ///< Before the bytes.
  std::optional<std::string> local_name = {};
  std::optional<std::uint32_t> crc32 = {};
  std::optional<std::uint32_t> size = {};
  std::optional<std::uint32_t> compressed_size = {};
  std::optional<std::uint32_t> header_offset = {};
  std::uint16_t disk = 0;
};

struct ZipEndSpec {
  std::string comment = {};
  /// Write the zip64 record and locator, and only that it is there into the old one.
  bool has_zip64 = false;
  std::uint16_t disk = 0;
  int count_error = 0;
};

/// The checksum and sizes of an entry with the flag 8 follow its bytes, and are zero before them.
class ZipBuilder {
 public:
  ZipBuilder& add(const ZipEntrySpec& spec);
  ZipBuilder& add(std::string_view name, std::string_view content) {
    return add({.name = std::string(name), .content = std::string(content)});
  }
  std::string finish(const ZipEndSpec& spec = {}) const;

 private:
  std::string bytes_ = {};
  std::string directory_ = {};
  std::uint64_t num_entries_ = 0;
};

/// The `size` low bytes of a number, the lowest first.
std::string little_endian(std::uint64_t number, std::size_t size);

}  // namespace assay::archives::testing

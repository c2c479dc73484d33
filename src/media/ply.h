/// \file
/// The header of a PLY file: what elements it holds, and where the properties of each stand.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace assay::media {

enum class PlyFormat : std::uint8_t { kAscii, kBinaryLittleEndian, kBinaryBigEndian };

enum class PlyType : std::uint8_t {
  kInt8,
  kUint8,
  kInt16,
  kUint16,
  kInt32,
  kUint32,
  kFloat32,
  kFloat64,
};

/// Bytes of one value in a binary file.
std::size_t size_of(PlyType type);

struct PlyProperty {
  std::string name;
  PlyType type = PlyType::kFloat32;  ///< Of a list: of its items.
  bool is_list = false;
  PlyType count_type = PlyType::kUint8;  ///< Of a list: of the number in front of its items.
  /// Bytes from the start of a row of a binary file, as long as no list stands before it.
  std::size_t offset = 0;
};

struct PlyElement {
  std::string name;
  std::uint64_t count = 0;  ///< As the file claims.
  std::vector<PlyProperty> properties;
  bool has_list = false;
  /// Bytes of a row of a binary file; with lists, when all of them are empty.
  std::size_t row_size = 0;

  /// Null when there is none of this name.
  const PlyProperty* find(std::string_view property) const;
};

struct PlyHeader {
  PlyFormat format = PlyFormat::kBinaryLittleEndian;
  std::vector<PlyElement> elements;
  std::size_t size = 0;  ///< Bytes up to the first row.
};

enum class PlyDefectKind : std::uint8_t {
  kNotPly,       ///< It does not begin as a PLY file does.
  kBadHeader,    ///< The header breaks the format's rules, or our limits.
  kUnsupported,  ///< A PLY file, but of a shape that no Gaussians have.
  kTruncated,    ///< Fewer rows than the header claims.
  kBadValue,     ///< A row of text with a word that is no number, or too few of them.
};
std::string_view to_string(PlyDefectKind kind);

/// Why a file cannot be read as PLY. A verdict on the file, not a failure of ours.
struct PlyDefect {
  PlyDefectKind kind = PlyDefectKind::kNotPly;
  std::string reason;  ///< For a person; never holds more than 40 bytes of the file.
};

/// Headers of splats take 0.4 to 1.5 kB: a longer one is some other file.
inline constexpr std::size_t kMaxPlyHeaderSize = std::size_t{64} << 10;
inline constexpr std::size_t kMaxPlyElements = 16;
/// Splats have up to 62; with features of every kind some hundreds.
inline constexpr std::size_t kMaxPlyProperties = 1024;

/// The bytes up to and with the line `end_header`, when `beginning` holds them all.
std::optional<std::size_t> find_ply_header_end(std::string_view beginning);

/// Read a header: all three formats, any elements and properties in any order, comments, lines that
/// end in LF or CR LF. Counts are taken as claims: nothing is allocated for them.
/// Pre: `header` ends where find_ply_header_end() says.
std::variant<PlyHeader, PlyDefect> parse_ply_header(std::string_view header);

}  // namespace assay::media

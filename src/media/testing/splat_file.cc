#include "media/testing/splat_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>
#include <utility>

namespace assay::media::testing {
namespace {

std::string_view name_of(PlyFormat format) {
  switch (format) {
    case PlyFormat::kAscii:
      return "ascii";
    case PlyFormat::kBinaryLittleEndian:
      return "binary_little_endian";
    case PlyFormat::kBinaryBigEndian:
      return "binary_big_endian";
  }
  return "";
}

std::string_view name_of(PlyType type) {
  switch (type) {
    case PlyType::kInt8:
      return "char";
    case PlyType::kUint8:
      return "uchar";
    case PlyType::kInt16:
      return "short";
    case PlyType::kUint16:
      return "ushort";
    case PlyType::kInt32:
      return "int";
    case PlyType::kUint32:
      return "uint";
    case PlyType::kFloat32:
      return "float";
    case PlyType::kFloat64:
      return "double";
  }
  return "";
}

template <typename Stored>
std::string bytes_of(double value, PlyFormat format) {
  const auto stored = static_cast<Stored>(value);
  std::string bytes(sizeof stored, '\0');
  std::memcpy(bytes.data(), &stored, sizeof stored);
  const bool is_little = format == PlyFormat::kBinaryLittleEndian;
  if (is_little != (std::endian::native == std::endian::little)) std::ranges::reverse(bytes);
  return bytes;
}

std::string bytes_of(double value, PlyType type, PlyFormat format) {
  switch (type) {
    case PlyType::kInt8:
      return bytes_of<std::int8_t>(value, format);
    case PlyType::kUint8:
      return bytes_of<std::uint8_t>(value, format);
    case PlyType::kInt16:
      return bytes_of<std::int16_t>(value, format);
    case PlyType::kUint16:
      return bytes_of<std::uint16_t>(value, format);
    case PlyType::kInt32:
      return bytes_of<std::int32_t>(value, format);
    case PlyType::kUint32:
      return bytes_of<std::uint32_t>(value, format);
    case PlyType::kFloat32:
      return bytes_of<float>(value, format);
    case PlyType::kFloat64:
      return bytes_of<double>(value, format);
  }
  return "";
}

}  // namespace

std::vector<SplatProperty> plain_splat_properties() {
  std::vector<SplatProperty> properties;
  for (const char* name : {"x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2", "opacity",
                           "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"}) {
    properties.push_back({.name = name});
  }
  return properties;
}

std::string SplatFile::bytes() const {
  std::string file = fmt::format("ply\nformat {} 1.0\n{}element vertex {}\n", name_of(format),
                                 elements_before, num_rows);
  for (const auto& property : properties) {
    file += fmt::format("property {} {}\n", name_of(property.type), property.name);
  }
  file += elements_after + "end_header\n" + rows_before;
  for (std::size_t row = 0; row < num_rows; ++row) {
    for (std::size_t i = 0; i < properties.size(); ++i) {
      const auto found = values.find(properties[i].name);
      const double usual = properties[i].name == "rot_0" ? 1.0 : 0.0;
      const double value = found == values.end() ? usual : found->second.at(row);
      if (format == PlyFormat::kAscii) {
        file += fmt::format("{}{}", value, i + 1 < properties.size() ? " " : "\n");
      } else {
        file += bytes_of(value, properties[i].type, format);
      }
    }
  }
  return file + rows_after;
}

std::string random_splat_file(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  SplatFile file;
  file.num_rows = size / (file.properties.size() * sizeof(float));
  for (const auto& property : file.properties) {
    auto& values = file.values[property.name];
    double centre = property.name == "opacity" ? 4.0 : 0.0;
    if (property.name.starts_with("scale_")) centre = -4.5;
    for (std::size_t row = 0; row < file.num_rows; ++row) values.push_back(centre + normal(random));
  }
  return file.bytes();
}

}  // namespace assay::media::testing

#include "media/ply.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace assay::media {
namespace {

std::string header_defect_of(std::string_view header) {
  const auto parsed = parse_ply_header(header);
  const auto* const defect = std::get_if<PlyDefect>(&parsed);
  if (defect == nullptr) return "";
  return std::string(to_string(defect->kind)) + ": " + defect->reason;
}

TEST(PlyHeader, ReadsElementsAndPropertiesByName) {
  const std::string text =
      "ply\r\nformat binary_big_endian 1.0\r\ncomment end_header is not here\r\n"
      "element vertex 12\r\nproperty double z\r\nproperty uchar red\r\nproperty float opacity\r\n"
      "element face 3\r\nproperty list uchar int vertex_indices\r\nproperty short mark\r\n"
      "end_header\r\n";
  ASSERT_EQ(find_ply_header_end(text + "rows"), text.size());
  const auto parsed = parse_ply_header(text);
  const auto* const header = std::get_if<PlyHeader>(&parsed);
  ASSERT_NE(header, nullptr) << header_defect_of(text);
  EXPECT_EQ(header->format, PlyFormat::kBinaryBigEndian);
  EXPECT_EQ(header->size, text.size());
  ASSERT_EQ(header->elements.size(), 2);
  const PlyElement& vertex = header->elements[0];
  EXPECT_EQ(vertex.count, 12);
  EXPECT_EQ(vertex.row_size, 13);
  ASSERT_NE(vertex.find("opacity"), nullptr);
  EXPECT_EQ(vertex.find("opacity")->offset, 9);
  EXPECT_EQ(vertex.find("x"), nullptr);
  EXPECT_FALSE(vertex.has_list);
  EXPECT_TRUE(header->elements[1].has_list);
  EXPECT_EQ(header->elements[1].row_size, 3);
}

TEST(PlyHeader, EndIsALineOfItsOwn) {
  EXPECT_EQ(find_ply_header_end("ply\ncomment end_header\nend_header"), std::nullopt);
  EXPECT_EQ(find_ply_header_end("ply\ncomment end_header\nend_header\n"), 34);
  EXPECT_EQ(find_ply_header_end(""), std::nullopt);
}

TEST(PlyHeader, SaysWhatIsWrong) {
  EXPECT_EQ(header_defect_of("PK\x03\x04"), "not_ply: the first line is not `ply`");
  EXPECT_EQ(header_defect_of("ply\nend_header\n"), "bad_header: no format line");
  const std::string start = "ply\nformat ascii 1.0\n";
  const auto with = [&](std::string_view lines) {
    return header_defect_of(start + std::string(lines) + "end_header\n");
  };
  EXPECT_EQ(with("format ascii 1.0\n"), "bad_header: two format lines");
  EXPECT_EQ(with("elephant\n"), "bad_header: a line that begins with elephant");
  EXPECT_EQ(with("property float x\n"), "bad_header: a property before the first element");
  EXPECT_EQ(with("element vertex -1\n"), "bad_header: the count of an element is no number: -1");
  EXPECT_EQ(with("element vertex 99999999999999999999\n"),
            "bad_header: the count of an element is no number: 99999999999999999999");
  EXPECT_EQ(with("element v 1\nelement v 1\n"), "bad_header: two elements named v");
  EXPECT_EQ(with("element v 1\nproperty float x\nproperty int x\n"),
            "bad_header: two properties named x");
  EXPECT_EQ(with("element v 1\nproperty half x\n"), "bad_header: no such type in the property x");
  EXPECT_EQ(with("element v 1\nproperty list float int x\n"),
            "bad_header: the list x is counted by a fraction");
  EXPECT_EQ(with("element v 1\nproperty float\n"),
            "bad_header: a property line is not `property TYPE NAME` or `property list TYPE TYPE "
            "NAME`");
  EXPECT_EQ(header_defect_of("ply\nformat ascii 2.0\n"),
            "bad_header: the format line is not `format NAME 1.0`");
  EXPECT_EQ(header_defect_of("ply\nformat \x01zip 1.0\n"), "bad_header: no such format: ?zip");
}

TEST(PlyHeader, HasLimits) {
  std::string elements = "ply\nformat ascii 1.0\n";
  for (std::size_t i = 0; i <= kMaxPlyElements; ++i) {
    elements += "element e" + std::to_string(i) + " 1\n";
  }
  EXPECT_EQ(header_defect_of(elements), "bad_header: more than 16 elements");
  std::string properties = "ply\nformat ascii 1.0\nelement vertex 1\n";
  for (std::size_t i = 0; i <= kMaxPlyProperties; ++i) {
    properties += "property float p" + std::to_string(i) + "\n";
  }
  EXPECT_EQ(header_defect_of(properties), "bad_header: more than 1024 properties in one element");
}

}  // namespace
}  // namespace assay::media

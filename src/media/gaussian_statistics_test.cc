#include "media/gaussian_statistics.h"

#include "core/bytes.h"
#include "media/gaussian_sums_internal.h"
#include "media/testing/splat_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

namespace assay::media {
namespace {

using testing::random_splat_file;
using testing::SplatFile;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

GaussianReport scan(const std::string& file) { return scan_gaussians(as_bytes(file)); }

SplatFile three_gaussians() {
  SplatFile file;
  file.num_rows = 3;
  file.values = {{"x", {-1, 0, 2}},        {"y", {0, 0.5, 1}},        {"z", {3, 3, 4}},
                 {"opacity", {-2, 0, 5}},  {"scale_0", {-3, -4, -5}}, {"scale_1", {-3, -4, -5}},
                 {"scale_2", {-3, -4, -5}}};
  return file;
}

void expect_three(const GaussianReport& report) {
  ASSERT_FALSE(report.defect) << report.defect->reason;
  const auto& figures = report.statistics;
  EXPECT_EQ(figures.num_gaussians, 3);
  EXPECT_EQ(figures.num_not_finite, 0);
  EXPECT_EQ(figures.num_degenerate, 0);
  EXPECT_EQ(figures.opacity_form, OpacityForm::kLogit);
  EXPECT_DOUBLE_EQ(figures.raw_opacity.mean, 1.0);
  EXPECT_NEAR(figures.raw_opacity.std, std::sqrt(26.0 / 3), 1e-12);
  EXPECT_EQ(figures.raw_opacity.min, -2);
  EXPECT_EQ(figures.raw_opacity.max, 5);
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  EXPECT_NEAR(figures.opacity.mean, (sigmoid(-2) + 0.5 + sigmoid(5)) / 3, 1e-7);
  EXPECT_NEAR(figures.opacity.min, sigmoid(-2), 1e-7);
  EXPECT_NEAR(figures.opacity.max, sigmoid(5), 1e-7);
  EXPECT_EQ(figures.scale_form, ScaleForm::kLog);
  EXPECT_DOUBLE_EQ(figures.raw_scale_mean, -4);
  EXPECT_NEAR(figures.scale_mean, (std::exp(-3) + std::exp(-4) + std::exp(-5)) / 3, 1e-8);
  ASSERT_TRUE(figures.box);
  EXPECT_EQ(figures.box->min, (std::array<double, 3>{-1, 0, 3}));
  EXPECT_EQ(figures.box->max, (std::array<double, 3>{2, 1, 4}));
  EXPECT_DOUBLE_EQ(figures.box->volume(), 3.0);
}

TEST(GaussianStatistics, AreTheSameInEveryFormat) {
  for (const auto format :
       {PlyFormat::kAscii, PlyFormat::kBinaryLittleEndian, PlyFormat::kBinaryBigEndian}) {
    SplatFile file = three_gaussians();
    file.format = format;
    expect_three(scan(file.bytes()));
    std::ranges::reverse(file.properties);
    expect_three(scan(file.bytes()));
    for (auto& property : file.properties) property.type = PlyType::kFloat64;
    expect_three(scan(file.bytes()));
  }
}

TEST(GaussianStatistics, AreTheSameInPiecesOfAnySize) {
  for (const auto format : {PlyFormat::kAscii, PlyFormat::kBinaryLittleEndian}) {
    SplatFile file = three_gaussians();
    file.format = format;
    file.elements_before = "element camera 2\nproperty double f\n";
    file.rows_before = format == PlyFormat::kAscii ? "1\n\n2\n" : std::string(16, '\x7f');
    file.elements_after = "element face 1\nproperty uchar a\n";
    file.rows_after = format == PlyFormat::kAscii ? "7" : "x";
    const std::string bytes = file.bytes();
    for (std::size_t size = 1; size < bytes.size(); size += size < 80 ? 1 : 97) {
      GaussianScanner scanner;
      for (std::size_t start = 0; start < bytes.size(); start += size) {
        scanner.feed(as_bytes(std::string_view(bytes).substr(start, size)));
      }
      expect_three(scanner.finish());
    }
  }
}

TEST(GaussianStatistics, OfManyRowsEqualAPlainSum) {
  const std::string bytes = random_splat_file(200'000, 7);
  const auto report = scan(bytes);
  ASSERT_FALSE(report.defect);
  const auto& figures = report.statistics;
  EXPECT_EQ(figures.num_gaussians, 200'000 / 68);
  const std::size_t start = bytes.find("end_header\n") + 11;
  double sum = 0;
  double scale_sum = 0;
  for (std::size_t row = 0; row < figures.num_gaussians; ++row) {
    std::array<float, 17> values{};
    std::memcpy(values.data(), bytes.data() + start + row * 68, 68);
    sum += values[9];
    for (std::size_t axis = 10; axis < 13; ++axis) scale_sum += std::exp(values[axis]);
  }
  const auto count = static_cast<double>(figures.num_gaussians);
  EXPECT_NEAR(figures.raw_opacity.mean, sum / count, 1e-9);
  EXPECT_NEAR(figures.raw_opacity.std, 1.0, 0.05);
  EXPECT_NEAR(figures.scale_mean, scale_sum / 3 / count, 1e-8);
}

TEST(GaussianStatistics, TellWhichFormOpacityAndScaleHave) {
  SplatFile file = three_gaussians();
  file.values["opacity"] = {0, 0.25, 1};
  for (const char* name : {"scale_0", "scale_1", "scale_2"}) file.values[name] = {1, 2, 3};
  const auto figures = scan(file.bytes()).statistics;
  EXPECT_EQ(figures.opacity_form, OpacityForm::kUnit);
  EXPECT_DOUBLE_EQ(figures.opacity.mean, 1.25 / 3);
  EXPECT_EQ(figures.opacity.max, 1.0);
  EXPECT_EQ(figures.scale_form, ScaleForm::kLinear);
  EXPECT_DOUBLE_EQ(figures.scale_mean, 2.0);
}

TEST(GaussianStatistics, CountWhatIsNotFiniteOrDegenerateApart) {
  SplatFile file = three_gaussians();
  file.num_rows = 7;
  file.values = {{"x", {0, kNan, 0, 0, 0, 0, 1}},
                 {"y", {0, 0, 0, 0, 0, 0, 1}},
                 {"z", {0, 0, kInfinity, 0, 0, 0, 1}},
                 {"opacity", {1, 1, 1, 1, 1, 1, 3}},
                 {"scale_0", {-4, -4, -4, -30, 25, -4, -4}},
                 {"rot_0", {1, 1, 1, 1, 1, 0, 1}}};
  const auto figures = scan(file.bytes()).statistics;
  EXPECT_EQ(figures.num_gaussians, 7);
  EXPECT_EQ(figures.num_not_finite, 2);
  EXPECT_EQ(figures.num_degenerate, 3);
  EXPECT_DOUBLE_EQ(figures.raw_opacity.mean, 1.4);
  EXPECT_EQ(figures.box->max, (std::array<double, 3>{1, 1, 1}));
}

TEST(GaussianStatistics, LeaveOutWhatTheFileHasNot) {
  SplatFile file;
  file.properties = {{"x"}, {"y"}, {"z"}, {"red", PlyType::kUint8}};
  file.num_rows = 2;
  file.values = {{"x", {1, 2}}};
  const auto report = scan(file.bytes());
  ASSERT_FALSE(report.defect);
  EXPECT_EQ(report.statistics.num_gaussians, 2);
  EXPECT_EQ(report.statistics.opacity_form, OpacityForm::kAbsent);
  EXPECT_EQ(report.statistics.scale_form, ScaleForm::kAbsent);
  EXPECT_TRUE(report.statistics.box);
  file.num_rows = 0;
  file.values = {};
  EXPECT_FALSE(scan(file.bytes()).defect);
  EXPECT_FALSE(scan(file.bytes()).statistics.box);
}

std::string scan_defect_of(const std::string& file) {
  const auto report = scan(file);
  if (!report.defect) return "";
  return std::string(to_string(report.defect->kind)) + ": " + report.defect->reason;
}

TEST(GaussianStatistics, GiveAVerdictOnABrokenFile) {
  EXPECT_EQ(scan_defect_of(""), "not_ply: the first line is not `ply`");
  EXPECT_EQ(scan_defect_of("glTF"), "not_ply: the first line is not `ply`");
  EXPECT_EQ(scan_defect_of("ply\nformat ascii 1.0\n"), "bad_header: it has no end");
  EXPECT_EQ(scan_defect_of("ply\n" + std::string(100'000, '\n')),
            "bad_header: no end within 65536 bytes");
  const std::string binary = "ply\nformat binary_little_endian 1.0\n";
  EXPECT_EQ(scan_defect_of(binary + "end_header\n"), "unsupported: no element named vertex");
  EXPECT_EQ(scan_defect_of(binary + "element vertex 9\nend_header\n"),
            "unsupported: vertices without properties");
  EXPECT_EQ(scan_defect_of(binary + "element vertex 9\nproperty list uchar int a\nend_header\n"),
            "unsupported: vertices with lists");
  EXPECT_EQ(scan_defect_of(binary + "element a 1\nproperty list uchar int b\nelement vertex 9\n"
                                    "property float x\nend_header\n"),
            "unsupported: an element with lists before the vertices");
  EXPECT_EQ(
      scan_defect_of(binary + "element vertex 1\nproperty char x\nelement a 9999999999999999999\n"
                              "property double b\nend_header\n"),
      "bad_header: counts that no file can hold");
  EXPECT_EQ(scan_defect_of(binary + "element vertex 18446744073709551615\nproperty float x\n"
                                    "end_header\n123456789"),
            "truncated: 2 of 18446744073709551615 vertices are there");
  EXPECT_EQ(scan_defect_of(binary + "element vertex 1\nproperty char x\nelement a 1\n"
                                    "property double b\nend_header\n1234567"),
            "truncated: the elements after the vertices are not all there");
  const std::string text =
      "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\n"
      "property float y\nend_header\n";
  EXPECT_EQ(scan_defect_of(text + "1 2\n3"), "bad_value: vertex 2 is not 2 numbers");
  EXPECT_EQ(scan_defect_of(text + "1 2\n3 4 5\n"), "bad_value: vertex 2 is not 2 numbers");
  EXPECT_EQ(scan_defect_of(text + "1 2x\n"), "bad_value: vertex 1 is not 2 numbers");
  EXPECT_EQ(scan_defect_of(text + std::string(300'000, '1')), "bad_value: a line without end");
  EXPECT_EQ(scan_defect_of(text + "1 +2\r\n\n 3\t4e1 \r\n"), "");
}

TEST(GaussianStatistics, TakeNumbersBeyondADouble) {
  const auto report = scan(
      "ply\nformat ascii 1.0\nelement vertex 3\nproperty float opacity\n"
      "end_header\n1e999\n-1e-999\nnan\n");
  EXPECT_FALSE(report.defect);
  EXPECT_EQ(report.statistics.num_not_finite, 2);
  EXPECT_EQ(report.statistics.raw_opacity.max, 0.0);
}

TEST(Exponentials, AreExactToASeventhDigit) {
  GaussianBatch::Column values{};
  GaussianBatch::Column results{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = -87.0F + 175.0F * static_cast<float>(i) / static_cast<float>(values.size());
  }
  exponentials(values, results);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double exact = std::exp(static_cast<double>(values[i]));
    EXPECT_NEAR(static_cast<double>(results[i]) / exact, 1.0, 3e-7) << values[i];
  }
}

}  // namespace
}  // namespace assay::media

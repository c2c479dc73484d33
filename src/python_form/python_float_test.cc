#include "python_form/python_float.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace assay::python_form {
namespace {

TEST(PythonFloat, ReadsWhatFloatReads) {
  constexpr double kInfinite = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<std::string, double>> cases{{"0.5", 0.5},
                                                          {"1", 1.0},
                                                          {"1e-7", 1e-7},
                                                          {" 0.5\n", 0.5},
                                                          {"1_0.5", 10.5},
                                                          {"1e5_0", 1e50},
                                                          {"+.5", 0.5},
                                                          {"5.", 5.0},
                                                          {"-0.0", 0.0},
                                                          {"+Infinity", kInfinite},
                                                          {"-INF", -kInfinite},
                                                          {"1e400", kInfinite},
                                                          {"-1e400", -kInfinite},
                                                          {"1e-400", 0.0},
                                                          {"\xd9\xa0.\xd9\xa5", 0.5}};
  for (const auto& [text, value] : cases) {
    const auto read = parse_python_float(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(*read, value) << text;
  }
  EXPECT_TRUE(std::isnan(parse_python_float("NaN").value()));
  EXPECT_TRUE(std::isnan(parse_python_float("-nan").value()));
}

TEST(PythonFloat, RefusesWhatFloatRefuses) {
  for (const char* text : {"", " ", ".", "0x10", "1__0", "_1", "1_", "1._5", "._5", "nan(1)", "+-1",
                           "--1", "1e", "1,5", "infinit", "1 2", "half"}) {
    const auto read = parse_python_float(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidInput);
  }
}

}  // namespace
}  // namespace assay::python_form

#include "python_form/python_integer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <ranges>
#include <string>
#include <vector>

namespace assay::python_form {
namespace {

std::string canonical(std::string_view text) {
  const auto integer = PythonInteger::parse(text);
  return integer ? integer->to_string() : "bad";
}

PythonInteger integer(const std::string& text) { return PythonInteger::parse(text).value(); }

PythonInteger power_of_two(int exponent) {
  std::string digits = "1";
  for (int i = 0; i < exponent; ++i) {
    int carry = 0;
    for (char& digit : digits | std::views::reverse) {
      const int doubled = (digit - '0') * 2 + carry;
      digit = static_cast<char>('0' + doubled % 10);
      carry = doubled / 10;
    }
    if (carry > 0) digits.insert(digits.begin(), static_cast<char>('0' + carry));
  }
  return integer(digits);
}

TEST(PythonInteger, ReadsWhatIntReads) {
  EXPECT_EQ(canonical(" 60 "), "60");
  EXPECT_EQ(canonical("+40"), "40");
  EXPECT_EQ(canonical("6_0"), "60");
  EXPECT_EQ(canonical("0_40"), "40");
  EXPECT_EQ(canonical("-60"), "-60");
  EXPECT_EQ(canonical("00060"), "60");
  EXPECT_EQ(canonical("-000"), "0");
  EXPECT_EQ(canonical("\t\n\v\f\r5\r\n"), "5");
  EXPECT_EQ(canonical("\xc2\xa0"
                      "5"
                      "\xe3\x80\x80\xe2\x80\xa8\xc2\x85"),
            "5");
  EXPECT_EQ(canonical("\xd9\xa6\xd9\xa0"), "60") << "Arabic-Indic digits";
  EXPECT_EQ(canonical("\xf0\x9d\x9f\x99_\xef\xbc\x92"), "12") << "bold and full-width digits";
}

TEST(PythonInteger, RefusesWhatIntRefuses) {
  for (const std::string text :
       {"", " ", "60.0", "1e2", "6 0", "6__0", "_60", "60_", "+_6", "+-6", "- 6", "+", "0x10",
        "abc", "\0345", "\u200b5", "\ufeff5", "\u180e5", "\xc2\xb2",
        // 256 places after a zero, and so a digit to who forgets the bound.
        "\xe0\xa3\x80"}) {
    EXPECT_EQ(canonical(text), "bad") << text;
  }
  EXPECT_EQ(canonical(std::string_view("5\0", 2)), "bad");
}

TEST(PythonInteger, ShowsTheStartOfABadTextEscaped) {
  const auto bad = PythonInteger::parse("\x1b[31m" + std::string(1000, 'x'));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(bad.error().message.find('\x1b'), std::string::npos);
  EXPECT_LT(bad.error().message.size(), 120U);
}

TEST(PythonInteger, HasAnySize) {
  const std::string huge = "1" + std::string(5'000, '0');
  EXPECT_EQ(canonical("00" + huge), huge);
  EXPECT_EQ(canonical("-" + huge), "-" + huge);
  EXPECT_EQ(canonical("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(canonical("9223372036854775808"), "9223372036854775808");
  EXPECT_EQ(canonical("-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(canonical("-9223372036854775809"), "-9223372036854775809");
}

TEST(PythonInteger, ComparesAcrossSizes) {
  const std::vector<std::string> ascending{"-100000000000000000000",
                                           "-99999999999999999999",
                                           "-9223372036854775808",
                                           "-1",
                                           "0",
                                           "1",
                                           "9223372036854775807",
                                           "9223372036854775808",
                                           "10000000000000000000",
                                           "99999999999999999999"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(integer(ascending[i]) <=> integer(ascending[j]), i <=> j)
          << ascending[i] << " " << ascending[j];
      EXPECT_EQ(integer(ascending[i]) == integer(ascending[j]), i == j);
    }
  }
}

// The expected values are Python's.
TEST(TrueDivide, RoundsToTheNearestDouble) {
  const auto divide = [](const std::string& dividend, const std::string& divisor) {
    return true_divide(integer(dividend), integer(divisor)).value();
  };
  EXPECT_EQ(divide("2", "3"), 2.0 / 3.0);
  EXPECT_EQ(divide("1" + std::string(30, '0'), "3" + std::string(29, '0')), 0x1.aaaaaaaaaaaabp+1);
  EXPECT_EQ(divide("9007199254740993", "1"), 0x1.0p+53) << "a tie goes to even";
  EXPECT_EQ(divide("9007199254740995", "1"), 0x1.0000000000002p+53);
  EXPECT_EQ(divide("9007199254740993", "3"), 0x1.5555555555556p+51);
  EXPECT_EQ(divide("12345678901234567890", "98765432109876543210"), 0x1.ffffffb1b9669p-4);
  EXPECT_EQ(divide("9223372036854775807", "9223372036854775808"), 1.0);
  EXPECT_EQ(divide("-9223372036854775808", "3"), -0x1.5555555555555p+61);
  EXPECT_EQ(divide("-7" + std::string(30, '0'), "2"), -0x1.6168e126c7b4dp+101);
  EXPECT_EQ(divide(std::string(700, '9'), std::string(690, '7')), 0x1.7f2c372492492p+33);
  EXPECT_EQ(divide("0", "1" + std::string(40, '0')), 0.0);
}

TEST(TrueDivide, KeepsTheSignOfZero) {
  EXPECT_TRUE(std::signbit(true_divide(integer("0"), integer("-5")).value()));
  EXPECT_FALSE(std::signbit(true_divide(integer("0"), integer("5")).value()));
}

TEST(TrueDivide, RoundsBelowTheSmallestNormalNumber) {
  const double smallest = std::numeric_limits<double>::denorm_min();
  const auto divide = [](const char* dividend, int exponent) {
    return true_divide(integer(dividend), power_of_two(exponent)).value();
  };
  EXPECT_EQ(divide("1", 1074), smallest);
  EXPECT_EQ(divide("1", 1075), 0.0) << "half goes to even";
  EXPECT_EQ(divide("3", 1075), 2 * smallest);
  EXPECT_EQ(divide("3", 1076), smallest) << "three quarters go up";
  EXPECT_EQ(divide("5", 1076), smallest);
  EXPECT_EQ(divide("1", 1400), 0.0);
}

TEST(TrueDivide, FailsWhereThePythonQuotientOverflows) {
  const auto overflow = true_divide(power_of_two(1024), integer("1"));
  ASSERT_FALSE(overflow);
  EXPECT_EQ(overflow.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(true_divide(power_of_two(1024), power_of_two(1)).value(), 0x1.0p+1023);
}

}  // namespace
}  // namespace assay::python_form

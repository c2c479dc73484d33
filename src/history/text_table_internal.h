/// \file
/// Figures as the text reports show them.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::history {

/// `32.0`: `part` of `whole` in percent; nothing of nothing is 0.
double percent_of(std::uint64_t part, std::uint64_t whole);

/// `354,759`: a whole number with separators, rounded half to even.
std::string grouped_text(double value);

/// Rows with a first column to the left and all others to the right. `rows[0]` is the header.
std::string aligned_table(const std::vector<std::vector<std::string>>& rows);

/// A heading between two lines, and a blank line.
std::string banner(std::string_view title);

/// With so many decimals; `-` for none.
std::string number_or_dash(const std::optional<double>& value, int num_decimals);

}  // namespace assay::history

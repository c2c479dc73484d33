/// \file
/// Numbers as a report shows them, the same on every machine and in every locale.

#pragma once

#include <cstdint>
#include <string>

namespace assay::report {

/// `3,779`.
std::string count_text(std::uint64_t count);
/// `+12`, `-1,204`, `±0`: a change.
std::string change_text(std::int64_t change);
/// A share in [0, 1] as a percentage with one digit: `47.9 %`, with a no-break space. What is
/// neither none nor all never shows as such: `<0.1 %`, `>99.9 %`. An en dash for what is no number.
std::string share_text(double share);
/// Likewise with a plain space: for terminals and logs.
std::string plain_share_text(double share);
/// `0.013`, `3.2e-14`, `<1e-300`. An en dash for what is no number.
std::string p_value_text(double p_value);
/// `0.5012`: a ratio with four digits. An en dash for what is no number.
std::string ratio_text(double ratio);
/// `1 miner`, `2 miners`: a count with its noun.
std::string counted(std::uint64_t count, const char* singular, const char* plural);

}  // namespace assay::report

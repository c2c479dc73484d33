/// \file
/// What a secret must not be.

#pragma once

#include <ostream>

namespace assay::crypto::testing {

template <typename T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

}  // namespace assay::crypto::testing

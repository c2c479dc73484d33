/// \file
/// Damage to a socket of this process that listens.

#pragma once

#include <cstdint>

namespace assay::net::testing {

/// Its descriptor. Pre: this process listens on that port of IPv4.
int listening_descriptor(std::uint16_t port);

/// As a fault of the process would: it listens no more, and its server is not told.
void break_listening_socket(std::uint16_t port);

}  // namespace assay::net::testing

/// \file
/// IP addresses as text.

#pragma once

#include <string_view>

namespace assay::app {

/// Is `ip` one of this machine only?
inline bool is_loopback(std::string_view ip) { return ip == "::1" || ip.starts_with("127."); }

}  // namespace assay::app

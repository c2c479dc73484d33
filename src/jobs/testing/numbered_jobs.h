/// \file
/// Jobs, miners and the time they begin at, for tests: told apart by small numbers.

#pragma once

#include "core/timestamp.h"
#include "jobs/job.h"
#include "keys/ss58.h"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace assay::jobs::testing {

inline const Timestamp kTime{std::chrono::seconds(1'761'523'200)};

inline JobId id_of(std::uint8_t number) { return JobId({std::byte{number}}); }

inline keys::Hotkey hotkey_of(std::uint8_t number) {
  keys::AccountId account{};
  account[5] = std::byte{number};
  return keys::Hotkey(account);
}

}  // namespace assay::jobs::testing

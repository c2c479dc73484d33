/// \file
/// Bounds that several modules share. Each has a name and a reason; a module's own bounds stand in
/// the module.

#pragma once

#include "core/bytes.h"

#include <cstddef>
#include <cstdint>

namespace assay {

/// A settings file is written by hand: a larger one is some other file given by mistake.
inline constexpr ByteCount kMaxConfigFileSize{1U << 20};

/// A key file is some 2.4 kB: a larger one is some other file given by mistake.
inline constexpr ByteCount kMaxCredentialFileSize{64U << 10};

/// Characters in one CSV field. Python's csv module refuses longer ones, so no file that the old
/// scripts could read is lost.
inline constexpr std::size_t kMaxCsvFieldSize = 131'072;

/// Services and our own reports nest less than ten deep; the bound keeps recursion off the stack's
/// end.
inline constexpr std::size_t kMaxJsonDepth = 64;

/// Answers of a service and our own report files: more than this is read by the line, not whole.
inline constexpr ByteCount kMaxJsonSize{64U << 20};

/// Threads of one pool: above this a machine is better served by several processes.
inline constexpr std::size_t kMaxThreads = 256;

}  // namespace assay

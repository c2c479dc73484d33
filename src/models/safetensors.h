/// \file
/// Files of the safetensors format: eight bytes of length, a JSON header, and the tensors.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "files/byte_source.h"
#include "models/checkpoint.h"

#include <memory>
#include <string_view>

namespace assay::models {

/// A header of thousands of tensors is some 400 kB; a longer one is another file, or an attack.
inline constexpr ByteCount kMaxSafetensorsHeader{16U << 20};

/// Read the JSON header of a file whose tensors take `data_size` bytes, from `data_offset` on.
/// The tensors must fill those bytes without gap and overlap. Offsets come back as of the file.
/// Errors: kCorrupt (names the tensor), kInvalidInput (a tensor of a type other than F32, F16 and
///         BF16), kExhausted.
Result<TensorIndex> parse_safetensors_header(std::string_view json, std::uint64_t data_offset,
                                             ByteCount data_size);

/// Open a safetensors file. Errors: as parse_safetensors_header(), and those of the source.
Result<Checkpoint> open_safetensors(std::unique_ptr<files::ByteSource> source);

}  // namespace assay::models

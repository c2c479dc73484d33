/// \file
/// Files that torch.save() writes: a zip of one pickle and a file of numbers for each storage.

#pragma once

#include "core/result.h"
#include "files/byte_source.h"
#include "models/checkpoint.h"

#include <memory>

namespace assay::models {

/// Open a state dict, or a dict that holds one, that torch.save() wrote. Nothing in it is run:
/// models/state_pickle.h. Tensors of whole numbers are left out. The checksum of every storage that
/// another lies in is checked.
/// Cost:   reads those storages once.
/// Errors: kInvalidInput (no torch file; asks for more than tensors of 32-bit floats), kCorrupt,
///         kExhausted (over the limits of zips and pickles), those of the source.
Result<Checkpoint> open_torch_checkpoint(std::unique_ptr<files::ByteSource> source);

}  // namespace assay::models

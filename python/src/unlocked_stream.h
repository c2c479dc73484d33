/// \file
/// Arrow's stream for consumers that hold the interpreter's lock.

#pragma once

#include "record_table/arrow_abi.h"

namespace assay::python {

/// `stream`, which lets other Python threads run while it makes a batch, also when its consumer
/// calls it with the lock held. Lifetime: as that of `stream`, which goes into it.
ArrowArrayStream without_lock(ArrowArrayStream stream);

}  // namespace assay::python

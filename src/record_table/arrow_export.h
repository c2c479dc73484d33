/// \file
/// Columns as Arrow's structures.

#pragma once

#include "record_table/arrow_abi.h"
#include "record_table/column.h"
#include "record_table/record_columns.h"
#include "record_table/record_stream.h"

#include <functional>
#include <span>

namespace assay::record_table {

/// The schema of a table of `columns`, each of which may hold nulls. Times are in UTC.
/// Lifetime: whoever has it calls its release(); so with all that follows.
ArrowSchema export_schema(std::span<const RecordColumn> columns);

/// The rows as a structure array, without a copy.
ArrowArray export_batch(RecordBatch batch);

/// Called once, when a stream has come to its end.
using OnEnd = std::function<void(const StreamCounts&)>;

/// The batches of `stream`, each made when it is asked for. A failure is told by the nearest number
/// of errno, and in words by get_last_error(). Threads: one thread at a time.
ArrowArrayStream export_stream(RecordStream stream, std::span<const RecordColumn> columns,
                               OnEnd on_end);

}  // namespace assay::record_table

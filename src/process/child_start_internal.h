/// \file
/// From fork() to exec(): what runs in the child before it is another program.

#pragma once

#include "core/result.h"
#include "process/child_process.h"

#include <sys/types.h>

#include <string>
#include <vector>

namespace assay::process {

/// Descriptors that become the child's streams 0, 1 and 2. Pre: each is 3 or more.
struct ChildDescriptors {
  int input = -1;
  int output = -1;
  int errors = -1;
};

struct PipeEnds {
  LocalDescriptor read;
  LocalDescriptor write;
};

/// Both ends are 3 or more, also where our own streams are closed, and no program inherits them.
/// Errors: kUnavailable (no descriptor left).
Result<PipeEnds> make_pipe();

/// Start the program, and return once it runs. Errors: as ChildProcess::start().
Result<pid_t> start_program(const ChildOptions& options, const ChildDescriptors& streams);

}  // namespace assay::process

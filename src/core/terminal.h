/// \file
/// What the standard error stream can show.

#pragma once

namespace assay {

/// Whether stderr is a terminal that can move its cursor (TERM is not `dumb`).
bool stderr_is_terminal();

/// A terminal, and the user has not set NO_COLOR (no-color.org).
bool stderr_has_colour();

}  // namespace assay

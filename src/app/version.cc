#include "app/version.h"

#include "app/version_internal.h"

namespace assay::app {

Version version() { return {.number = ASSAY_VERSION, .compiler = ASSAY_COMPILER}; }

}  // namespace assay::app

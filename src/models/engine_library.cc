#include "models/engine_library_internal.h"

#include <fmt/format.h>

#include <dlfcn.h>

// The engine's library costs every start some 5 ms, and most commands run no model. Weak references
// or lazy binding do not help: its classes have tables of functions, which are bound at load. So
// all that names the engine is in a shared object, and one C function in it gives the interface.
// Both sides are made by one build, and the function's name ends in the version, so that files of
// two packages do not meet.

#define ASSAY_QUOTED_INNER(text) #text
#define ASSAY_QUOTED(text) ASSAY_QUOTED_INNER(text)

namespace assay::models {
namespace {

constexpr const char* kFile = "libassay_engine.so";
constexpr const char* kEntry = ASSAY_QUOTED(ASSAY_ENGINE_ENTRY);

Error not_loaded(std::string_view why) {
  return missing(fmt::format(
      "the inference engine cannot be loaded: {}; install the whole package, or build all of it",
      why));
}

std::string_view last_problem() {
  const char* const why = dlerror();
  return why == nullptr ? "no reason is given" : why;
}

}  // namespace

Result<Engine*> open_engine(const std::string& file) {
  // Never closed: the engine's threads and exit handlers stay.
  void* const handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return not_loaded(last_problem());
  const auto entry = reinterpret_cast<Engine* (*)()>(dlsym(handle, kEntry));
  if (entry == nullptr) {
    return not_loaded(fmt::format("{} is of another version: it has no {}", file, kEntry));
  }
  return entry();
}

Result<Engine*> load_engine() {
  static const Result<Engine*> engine = open_engine(kFile);
  return engine;
}

}  // namespace assay::models

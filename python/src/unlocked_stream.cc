#include "unlocked_stream.h"

#include <Python.h>
#include <dlfcn.h>

#include <memory>
#include <optional>

namespace assay::python {
namespace {

using CurrentState = PyThreadState* (*)();

/// The interpreter's own question, without its check that there is an answer. Not in the stable
/// ABI, though every CPython has it under one of these names; without it the lock is kept.
CurrentState find_current_state() {
  for (const char* name : {"PyThreadState_GetUnchecked", "_PyThreadState_UncheckedGet"}) {
    if (void* found = ::dlsym(RTLD_DEFAULT, name)) return reinterpret_cast<CurrentState>(found);
  }
  return nullptr;
}

/// Whether this thread holds the interpreter's lock: until Python 3.11 the current state is that of
/// whichever thread does.
bool holds_lock() {
  static const CurrentState current_state = find_current_state();
  if (current_state == nullptr) return false;
  PyThreadState* const current = current_state();
  return current != nullptr && current == PyGILState_GetThisThreadState();
}

/// Lets go of the lock for its lifetime, if this thread holds it.
class Unlocked {
 public:
  Unlocked() : saved_(holds_lock() ? PyEval_SaveThread() : nullptr) {}
  ~Unlocked() {
    if (saved_ != nullptr) PyEval_RestoreThread(saved_);
  }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* saved_;
};

ArrowArrayStream& inner_of(ArrowArrayStream* stream) {
  return *static_cast<ArrowArrayStream*>(stream->private_data);
}

int get_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  ArrowArrayStream& inner = inner_of(stream);
  return inner.get_schema(&inner, out);
}

int get_next(ArrowArrayStream* stream, ArrowArray* out) {
  const Unlocked unlocked;
  ArrowArrayStream& inner = inner_of(stream);
  return inner.get_next(&inner, out);
}

const char* get_last_error(ArrowArrayStream* stream) {
  ArrowArrayStream& inner = inner_of(stream);
  return inner.get_last_error(&inner);
}

void release(ArrowArrayStream* stream) {
  const std::unique_ptr<ArrowArrayStream> inner(&inner_of(stream));
  inner->release(inner.get());
  stream->release = nullptr;
}

}  // namespace

ArrowArrayStream without_lock(ArrowArrayStream stream) {
  ArrowArrayStream result{};
  result.get_schema = get_schema;
  result.get_next = get_next;
  result.get_last_error = get_last_error;
  result.release = release;
  result.private_data = std::make_unique<ArrowArrayStream>(stream).release();
  return result;
}

}  // namespace assay::python

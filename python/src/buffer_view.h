/// \file
/// The bytes of a Python object, without a copy.

#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <span>

namespace assay::python {

/// Holds the buffer of `bytes`, `bytearray`, a contiguous `memoryview` or array; nothing for None.
/// Throws nanobind::python_error for any other object. Pre: made and destroyed with the GIL held.
class BufferView {
 public:
  explicit BufferView(nanobind::handle object) {
    if (object.is_none()) return;
    if (PyObject_GetBuffer(object.ptr(), &buffer_, PyBUF_SIMPLE) != 0) {
      throw nanobind::python_error();
    }
  }
  ~BufferView() {
    if (buffer_.obj != nullptr) PyBuffer_Release(&buffer_);
  }
  BufferView(const BufferView&) = delete;
  BufferView& operator=(const BufferView&) = delete;

  std::span<const std::byte> bytes() const {
    return {static_cast<const std::byte*>(buffer_.buf), static_cast<std::size_t>(buffer_.len)};
  }

 private:
  Py_buffer buffer_{};
};

}  // namespace assay::python

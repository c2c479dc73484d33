/// \file
/// What a process that serves for weeks asks of the heap.

#pragma once

namespace assay {

/// Give large buffers back to the system at once, and have all threads share two heaps. By default
/// buffers come to lie in the heap like all else, one heap for each thread: what is kept of a
/// request then stands in the gap that its decoded image left, the next image needs a new one, and
/// a server grows by 60 kB a request. A buffer of over 64 KiB costs some microseconds more.
///
/// Pre: early in the process, as heaps that are there remain.
void keep_heap_small();

}  // namespace assay

#include "core/heap.h"

#include <malloc.h>

namespace assay {

void keep_heap_small() {
#ifdef M_MMAP_THRESHOLD  // of glibc; other allocators need no such word
  constexpr int kLargest = 64 << 10;
  constexpr int kHeaps = 2;
  mallopt(M_MMAP_THRESHOLD, kLargest);
  mallopt(M_ARENA_MAX, kHeaps);
#endif
}

}  // namespace assay

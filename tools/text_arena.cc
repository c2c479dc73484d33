#include "tools/text_arena.h"

#include "core/check.h"

#include <algorithm>

namespace assay::tools {

std::span<char> TextArena::make(std::size_t size) {
  if (size > left_) {
    if (used_ == blocks_.size()) {
      blocks_.emplace_back(kBlock);
    }
    CHECK(size <= kBlock, "a text longer than a block");
    next_ = blocks_[used_++].data();
    left_ = kBlock;
  }
  const std::span<char> made(next_, size);
  next_ += size;
  left_ -= size;
  return made;
}

std::string_view TextArena::join(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const auto part : parts) size += part.size();
  const auto text = make(size);
  auto next = text.begin();
  for (const auto part : parts) next = std::ranges::copy(part, next).out;
  return {text.data(), text.size()};
}

}  // namespace assay::tools

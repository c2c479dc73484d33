/// \file
/// Texts that live until they are all dropped at once.

#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace assay::tools {

/// What it gives out holds until clear(), which keeps the memory for the next texts.
class TextArena {
 public:
  /// Pre: `size` is at most a block, 1 MiB.
  std::span<char> make(std::size_t size);
  std::string_view join(std::initializer_list<std::string_view> parts);
  void clear() {
    used_ = 0;
    left_ = 0;
  }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 20;
  std::vector<std::vector<char>> blocks_;
  std::size_t used_ = 0;
  std::size_t left_ = 0;
  char* next_ = nullptr;
};

}  // namespace assay::tools

/// \file
/// The wanted paths as a tree, which learns in what order the members of an object come.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::json {

/// Names are compared by words, which reads so many bytes from where a name begins.
inline constexpr std::size_t kNameReadAhead = 32;

/// A name seen before, as a few words to compare at once.
class KnownName {
 public:
  KnownName(std::string_view name, std::uint32_t child);

  /// Pre: kNameReadAhead bytes are readable at `name`, or its size.
  bool matches(std::string_view name) const {
    if (name.size() != name_.size()) return false;
    if (name.size() > kNameReadAhead) return name == name_;
    for (std::size_t i = 0; i < num_words_; ++i) {
      std::uint64_t word = 0;
      std::memcpy(&word, name.data() + (i * sizeof word), sizeof word);
      if (((word ^ words_[i]) & masks_[i]) != 0) return false;
    }
    return true;
  }
  std::uint32_t child() const { return child_; }

 private:
  static constexpr std::size_t kNumWords = kNameReadAhead / sizeof(std::uint64_t);
  std::array<std::uint64_t, kNumWords> words_{};
  std::array<std::uint64_t, kNumWords> masks_{};
  std::size_t num_words_ = 0;
  std::uint32_t child_ = 0;
  std::string name_;
};

struct PathNode {
  static constexpr std::size_t kNoField = std::numeric_limits<std::size_t>::max();
  struct Child {
    std::string name;
    std::uint32_t node = 0;
  };

  std::size_t field = kNoField;  ///< Where the value itself goes.
  std::vector<Child> children;
  std::vector<std::size_t> fields_below;
  std::vector<KnownName> known_names;  ///< In the order in which they first came.
  std::uint64_t last_line = 0;         ///< The line that had an object here.
};

class PathTree {
 public:
  /// A member that nobody asked for; node 0 is the root, which is no member.
  static constexpr std::uint32_t kNoChild = 0;

  explicit PathTree(std::span<const std::string_view> paths);

  PathNode& root() { return nodes_.front(); }
  PathNode& operator[](std::uint32_t node) { return nodes_[node]; }

  /// The child of `node` for the member `name`. `expected` is the place in the learned order that
  /// comes next, 0 at first. Pre: kNameReadAhead bytes are readable at `name`, or its size.
  static std::uint32_t find(PathNode& node, std::string_view name, std::size_t& expected) {
    if (expected < node.known_names.size() && node.known_names[expected].matches(name)) {
      return node.known_names[expected++].child();
    }
    return find_unexpected(node, name, expected);
  }

 private:
  static std::uint32_t find_unexpected(PathNode& node, std::string_view name,
                                       std::size_t& expected);
  void add(std::string_view path, std::size_t field);

  std::vector<PathNode> nodes_;
};

}  // namespace assay::json

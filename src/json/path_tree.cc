#include "core/check.h"
#include "json/path_tree_internal.h"

#include <algorithm>

namespace assay::json {
namespace {

/// Objects of ever new names must not make every look-up slower.
constexpr std::size_t kMaxKnownNames = 128;

std::uint32_t child_named(const PathNode& node, std::string_view name) {
  const auto found = std::ranges::find(node.children, name, &PathNode::Child::name);
  return found == node.children.end() ? PathTree::kNoChild : found->node;
}

}  // namespace

KnownName::KnownName(std::string_view name, std::uint32_t child) : child_(child), name_(name) {
  if (name.size() > kNameReadAhead) return;
  num_words_ = (name.size() + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
  std::array<char, kNameReadAhead> bytes{};
  std::array<char, kNameReadAhead> mask{};
  std::ranges::copy(name, bytes.begin());
  std::fill_n(mask.begin(), name.size(), static_cast<char>(0xff));
  std::memcpy(words_.data(), bytes.data(), bytes.size());
  std::memcpy(masks_.data(), mask.data(), mask.size());
}

PathTree::PathTree(std::span<const std::string_view> paths) : nodes_(1) {
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!paths[i].empty()) add(paths[i], i);
  }
}

void PathTree::add(std::string_view path, std::size_t field) {
  std::uint32_t at = 0;
  std::size_t begin = 0;
  while (begin <= path.size()) {
    nodes_[at].fields_below.push_back(field);
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const std::string_view name = path.substr(begin, end - begin);
    std::uint32_t child = child_named(nodes_[at], name);
    if (child == kNoChild) {
      child = static_cast<std::uint32_t>(nodes_.size());
      nodes_[at].children.push_back({std::string(name), child});
      nodes_.emplace_back();
    }
    at = child;
    begin = end + 1;
  }
  CHECK(nodes_[at].field == PathNode::kNoField, "one path twice");
  nodes_[at].field = field;
}

std::uint32_t PathTree::find_unexpected(PathNode& node, std::string_view name,
                                        std::size_t& expected) {
  for (std::size_t i = 0; i < node.known_names.size(); ++i) {
    if (!node.known_names[i].matches(name)) continue;
    expected = i + 1;
    return node.known_names[i].child();
  }
  const std::uint32_t child = child_named(node, name);
  if (node.known_names.size() < kMaxKnownNames) {
    node.known_names.emplace_back(name, child);
    expected = node.known_names.size();
  }
  return child;
}

}  // namespace assay::json

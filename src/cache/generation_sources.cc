#include "cache/generation_sources_internal.h"
#include "files/atomic_file.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace assay::cache {
namespace {

GenerationSource source_of(const Item& item) {
  GenerationSource source{.name = item.name, .folder = item.folder};
  if (item.label) source.label = *item.label;
  if (item.facts) source.size = item.facts->size;
  return source;
}

}  // namespace

Status SourcePool::add(Store& store, ItemFolder folder, RandomSource& random) {
  std::map<Label, std::vector<Item>> found;
  RETURN_IF_ERROR(store.index().for_each_in(folder, [&](const Item& item) {
    if (item.label && item.facts && is_eligible(item.state, item.label, item.label)) {
      found[*item.label].push_back(item);
    }
  }));
  for (auto& [label, items] : found) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[random.below(i)]);
    }
    std::ranges::move(items, std::back_inserter(items_[label]));
  }
  return {};
}

std::optional<GenerationSource> SourcePool::next(
    Label label, const Store& store, const ImageGenerator& generator,
    const std::function<void(RefusedSource)>& on_refused) {
  std::deque<Item>& items = items_[label];
  while (!items.empty()) {
    Item item = std::move(items.front());
    items.pop_front();
    const auto text =
        files::read_file(store.tools().file_system, store.sidecar_of(item), kMaxSidecarSize);
    const Sidecar sidecar = text ? read_sidecar(*text) : Sidecar();
    // The index does not know yet what somebody has written in place.
    if (sidecar.state == ItemState::kReady && sidecar.label != label) {
      item.label = sidecar.label;
      items_[*sidecar.label].push_back(std::move(item));
      continue;
    }
    GenerationSource source = source_of(item);
    if (text) source.origin = read_generation(*text);
    std::string objection = "its sidecar cannot be read, or its label and description disagree";
    if (sidecar.state == ItemState::kReady) objection = generator.objection_to(source);
    if (objection.empty()) {
      items.push_back(std::move(item));
      return source;
    }
    on_refused({.name = item.name, .reason = std::move(objection)});
  }
  return std::nullopt;
}

std::optional<GenerationSource> SourcePool::next_example(Label label) {
  std::deque<Item>& items = items_[label];
  if (items.empty()) return std::nullopt;
  items.push_back(std::move(items.front()));
  items.pop_front();
  return source_of(items.back());
}

}  // namespace assay::cache

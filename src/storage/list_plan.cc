#include "storage/list_plan_internal.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace assay::storage {
namespace {

// The names of one bucket, sorted, are a tree of folders laid out flat: a folder is a range, and
// the common start of its first and its last name is common to all. A folder is split into its
// subfolders while those with enough objects of their own hold at least half of what it holds;
// otherwise (`jobs/<id>/image.png`: many folders of one object each) it is listed as a whole.
class Planner {
 public:
  Planner(std::span<const ObjectAddress> addresses, std::size_t min_objects)
      : addresses_(addresses), min_objects_(min_objects) {}

  ListPlan run() {
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < addresses_.size(); ++i) {
      const AddressScheme scheme = addresses_[i].scheme;
      if (scheme == AddressScheme::kGcs || scheme == AddressScheme::kS3) {
        order.push_back(i);
      } else {
        plan_.singles.push_back(i);
      }
    }
    std::ranges::sort(order, [this](std::uint32_t left, std::uint32_t right) {
      const ObjectAddress& a = addresses_[left];
      const ObjectAddress& b = addresses_[right];
      return std::tie(a.scheme, a.bucket, a.name) < std::tie(b.scheme, b.bucket, b.name);
    });
    std::span<const std::uint32_t> rest(order);
    while (!rest.empty()) {
      const ObjectAddress& first = addresses_[rest.front()];
      const std::size_t count = run_length(rest, [&](const ObjectAddress& address) {
        return address.scheme == first.scheme && address.bucket == first.bucket;
      });
      visit(rest.first(count));
      rest = rest.subspan(count);
    }
    return std::move(plan_);
  }

 private:
  template <typename Belongs>
  std::size_t run_length(std::span<const std::uint32_t> range, Belongs belongs) const {
    std::size_t count = 1;
    while (count < range.size() && belongs(addresses_[range[count]])) ++count;
    return count;
  }

  void ask_singly(std::span<const std::uint32_t> range) {
    plan_.singles.insert(plan_.singles.end(), range.begin(), range.end());
  }

  // The longest folder that all names of the range are in.
  std::string_view common_folder(std::span<const std::uint32_t> range) const {
    const std::string_view first = addresses_[range.front()].name;
    const std::string_view last = addresses_[range.back()].name;
    const auto* const end = std::ranges::mismatch(first, last).in1;
    const std::string_view common(first.begin(), end);
    const std::size_t slash = common.rfind('/');
    return slash == std::string_view::npos ? std::string_view{} : common.substr(0, slash + 1);
  }

  // The subfolder below `folder` that `name` is in; the whole name when it is in none.
  static std::string_view subfolder(std::string_view name, std::string_view folder) {
    const std::size_t slash = name.find('/', folder.size());
    return name.substr(0, slash == std::string_view::npos ? slash : slash + 1);
  }

  void visit(std::span<const std::uint32_t> range) {
    if (range.size() < min_objects_) {
      ask_singly(range);
      return;
    }
    const std::string_view folder = common_folder(range);
    std::vector<std::span<const std::uint32_t>> parts;
    std::size_t in_large_parts = 0;
    for (std::span<const std::uint32_t> rest = range; !rest.empty();) {
      const std::string_view part = subfolder(addresses_[rest.front()].name, folder);
      const std::size_t count = run_length(rest, [&](const ObjectAddress& address) {
        return part.ends_with('/') && address.name.starts_with(part);
      });
      if (count >= min_objects_) in_large_parts += count;
      parts.push_back(rest.first(count));
      rest = rest.subspan(count);
    }
    if (parts.size() > 1 && in_large_parts * 2 >= range.size()) {
      for (const auto& part : parts) visit(part);
      return;
    }
    const ObjectAddress& first = addresses_[range.front()];
    plan_.groups.push_back({.scheme = first.scheme,
                            .bucket = first.bucket,
                            .prefix = folder,
                            .wanted = {range.begin(), range.end()}});
  }

  std::span<const ObjectAddress> addresses_;
  std::size_t min_objects_;
  ListPlan plan_;
};

}  // namespace

ListPlan plan_lists(std::span<const ObjectAddress> addresses, std::size_t min_objects) {
  return Planner(addresses, min_objects).run();
}

}  // namespace assay::storage

#include "catalog.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <stdexcept>
#include <tuple>

namespace servers {
namespace {

Object read_line(std::string_view line, const std::string& where) {
  std::array<std::string_view, 6> fields;
  std::size_t count = 0;
  for (; count < fields.size(); ++count) {
    const std::size_t tab = line.find('\t');
    fields[count] = line.substr(0, tab);
    if (tab == std::string_view::npos) break;
    line.remove_prefix(tab + 1);
  }
  if (count < 4)
    throw std::runtime_error(where + ": expected bucket, name, size, MD5 and time between tabs");
  Object object{.bucket = std::string(fields[0]),
                .name = std::string(fields[1]),
                .md5 = fields[3] == "-" ? "" : std::string(fields[3]),
                .created = std::string(fields[4]),
                .fault = std::nullopt};
  const auto [end, error] =
      std::from_chars(fields[2].data(), fields[2].data() + fields[2].size(), object.size);
  if (error != std::errc{}) throw std::runtime_error(where + ": the size is not a number");
  if (!fields[5].empty()) {
    object.fault = parse_fault(fields[5]);
    if (!object.fault) throw std::runtime_error(where + ": unknown fault");
  }
  return object;
}

bool before(const Object& left, const Object& right) {
  return std::tie(left.bucket, left.name) < std::tie(right.bucket, right.name);
}

}  // namespace

Catalog Catalog::read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  Catalog catalog;
  std::string line;
  for (std::size_t number = 1; std::getline(file, line); ++number) {
    if (line.empty()) continue;
    catalog.objects_.push_back(read_line(line, path + " line " + std::to_string(number)));
  }
  std::ranges::sort(catalog.objects_, before);
  for (std::uint32_t i = 0; i < catalog.objects_.size(); ++i) {
    const Object& object = catalog.objects_[i];
    catalog.buckets_[object.bucket].emplace(object.name, i);
  }
  return catalog;
}

const Object* Catalog::find(std::string_view bucket, std::string_view name) const {
  const auto names = buckets_.find(bucket);
  if (names == buckets_.end()) return nullptr;
  const auto found = names->second.find(name);
  return found == names->second.end() ? nullptr : &objects_[found->second];
}

bool Catalog::has_bucket(std::string_view bucket) const { return buckets_.contains(bucket); }

Page Catalog::list(std::string_view bucket, std::string_view prefix, std::size_t start,
                   std::size_t limit) const {
  const Object first{.bucket = std::string(bucket), .name = std::string(prefix)};
  const auto lowest = std::ranges::lower_bound(objects_, first, before);
  std::size_t begin = static_cast<std::size_t>(lowest - objects_.begin());
  begin = std::min(std::max(begin, start), objects_.size());
  std::size_t end = begin;
  const auto belongs = [&](const Object& object) {
    return object.bucket == bucket && object.name.starts_with(prefix);
  };
  while (end < objects_.size() && end - begin < limit && belongs(objects_[end])) ++end;
  Page page{.objects = std::span(objects_).subspan(begin, end - begin), .next = std::nullopt};
  if (end < objects_.size() && belongs(objects_[end])) page.next = end;
  return page;
}

}  // namespace servers

#include "grouping/group_id.h"

#include "core/bytes.h"
#include "core/check.h"
#include "core/hex.h"
#include "crypto/digest.h"
#include "grouping/image_name.h"

#include <fmt/format.h>

#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace assay::grouping {
namespace {

/// 64 bits: two of a million groups meet with a probability of 3e-8.
constexpr std::size_t kNumHashBytes = 8;
/// Longer folder names are cut, since an id is also the name of a file.
constexpr std::size_t kMaxFolderSize = 60;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.';
}

/// Fit for a file name, and one word.
void append_plain(std::string& id, std::string_view text) {
  for (const char c : text) id.push_back(is_plain(c) ? c : '_');
}

std::string stable_id(std::string_view project, std::span<const std::string> paths,
                      std::span<const std::size_t> group, std::size_t num_hash_bytes) {
  std::string hashed(project);
  for (const std::size_t image : group) hashed.append(1, '\0').append(paths[image]);
  const Sha256 hash = crypto::sha256(hashed);
  const ImageName name = parse_image_name(paths[group.front()]);
  std::string id;
  append_plain(id, project);
  if (!name.directory.empty()) {
    id.push_back('_');
    append_plain(id, name.directory.substr(0, kMaxFolderSize));
  }
  id += "_group_";
  if (!name.timestamp.empty()) id.append(name.timestamp).push_back('_');
  id += to_hex(std::span(hash.bytes()).first(num_hash_bytes));
  return id;
}

std::string compat_id(std::string_view project, const ImageName& name) {
  const std::size_t slash = name.directory.rfind('/');
  std::string_view folder =
      slash == std::string_view::npos ? name.directory : name.directory.substr(slash + 1);
  if (folder.empty() || folder == ".") folder = project;
  return fmt::format("{}_group_{}", folder, name.timestamp);
}

}  // namespace

Result<GroupIdForm> parse_group_id_form(std::string_view text) {
  if (text == "stable") return GroupIdForm::kStable;
  if (text == "compat") return GroupIdForm::kCompat;
  return invalid_input(
      fmt::format("'{}' is no form of group ids: expected stable or compat", text));
}

std::vector<std::string> make_group_ids(std::string_view project,
                                        std::span<const std::string> paths,
                                        std::span<const std::vector<std::size_t>> groups,
                                        GroupIdForm form) {
  std::vector<std::string> ids;
  ids.reserve(groups.size());
  std::unordered_set<std::string> taken;
  taken.reserve(groups.size());
  std::unordered_map<std::string, std::size_t> num_of_name;
  for (const std::vector<std::size_t>& group : groups) {
    CHECK(!group.empty(), "a group without images has no id");
    const ImageName name = parse_image_name(paths[group.front()]);
    std::string id;
    if (form == GroupIdForm::kCompat && !name.timestamp.empty()) {
      id = compat_id(project, name);
      const std::size_t count = ++num_of_name[id];
      if (count > 1) id += fmt::format("_{}", count);
    } else {
      id = stable_id(project, paths, group, kNumHashBytes);
    }
    // Not even by accident are two the same.
    if (taken.contains(id)) id = stable_id(project, paths, group, Sha256::kSize);
    taken.insert(id);
    ids.push_back(std::move(id));
  }
  return ids;
}

}  // namespace assay::grouping

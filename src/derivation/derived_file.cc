#include "derivation/derived_file.h"

#include "crypto/digest.h"
#include "record_files/file_lines.h"
#include "records/json_members.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <utility>

// How the file is brought into agreement after a crash. Lines are only written once their events
// are on disk in the journal, so behind the anchor stands a beginning of `lines`, of which a loss
// of power may have left the end short or with blocks of zeros. So: walk over the whole lines, tick
// off those that are ours, and at the first that is no record ask whether all that follows is such
// a remnant of what is still missing. If it is, it is cut and written again. If it is not, another
// program wrote here after the crash, and then nothing is cut: the bad line stays, and readers
// count it.

namespace assay::derivation {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kTailSize = std::uint64_t{64} << 10;

// Lines that must be in the file, ticked off as they are found.
class Wanted {
 public:
  Wanted(const std::vector<std::string>& lines, const DerivedFile::KeyOf& key_of)
      : lines_(&lines), key_of_(&key_of), is_found_(lines.size(), false) {
    for (std::size_t i = 0; i < lines.size(); ++i) open_.emplace(key_of(lines[i]), i);
  }

  bool tick(std::string_view line) {
    if (open_.empty()) return false;
    return tick_key((*key_of_)(line));
  }
  bool tick_key(const std::string& key) {
    const auto found = open_.lower_bound(key);
    if (found == open_.end() || found->first != key) return false;
    is_found_[found->second] = true;
    open_.erase(found);
    return true;
  }
  std::vector<std::string> missing() const {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < lines_->size(); ++i) {
      if (!is_found_[i]) result.push_back((*lines_)[i]);
    }
    return result;
  }
  std::set<std::string> open_keys() const {
    std::set<std::string> keys;
    for (const auto& [key, index] : open_) keys.insert(key);
    return keys;
  }

 private:
  const std::vector<std::string>* lines_;
  const DerivedFile::KeyOf* key_of_;
  std::multimap<std::string, std::size_t> open_;  // equal keys in the order of lines
  std::vector<bool> is_found_;
};

// Whether `rest` is what a crash may leave of the beginning of `missing`.
bool is_remnant(std::string_view rest, const std::vector<std::string>& missing) {
  std::size_t position = 0;
  for (const std::string& line : missing) {
    for (std::size_t i = 0; i <= line.size(); ++i) {
      if (position == rest.size()) return true;
      const char expected = i < line.size() ? line[i] : '\n';
      if (rest[position] != expected && rest[position] != '\0') return false;
      ++position;
    }
  }
  return position == rest.size();
}

bool is_object(std::string_view line) { return records::JsonMembers::parse(line).has_value(); }

}  // namespace

Result<DerivedFile> DerivedFile::open(files::FileSystem& file_system, const fs::path& path,
                                      const DerivedAnchor& anchor,
                                      const std::vector<std::string>& lines, const KeyOf& key_of,
                                      const FindElsewhere& find_elsewhere) {
  ASSIGN_OR_RETURN(auto opened, file_system.open(path, files::OpenMode::kAppend));
  DerivedFile file(file_system, path, std::move(opened));
  RETURN_IF_ERROR(file.note_identity());
  RETURN_IF_ERROR(file.reconcile(anchor, lines, key_of, find_elsewhere));
  return file;
}

Status DerivedFile::note_identity() {
  ASSIGN_OR_RETURN(const auto found, file_system_->info(path_));
  // One that has lost its name already is not in place at the next look.
  identity_ = found ? found->identity : files::FileInfo::Identity{};
  return {};
}

Result<bool> DerivedFile::is_in_place() const {
  if (file_ == nullptr) return true;
  ASSIGN_OR_RETURN(const auto found, file_system_->info(path_));
  return found && found->identity == identity_ && found->size.count() >= size_;
}

Result<bool> DerivedFile::is_as_anchored() const {
  if (file_ == nullptr) return true;
  return matches(anchor_);
}

Result<bool> DerivedFile::matches(const DerivedAnchor& anchor) const {
  if (size_ < anchor.num_bytes) return false;
  if (anchor.num_bytes == 0) return true;
  ASSIGN_OR_RETURN(
      const std::string tail,
      record_files::read_range(*file_, anchor.num_bytes - anchor.tail_bytes, anchor.tail_bytes));
  return crypto::sha256(tail).to_hex() == anchor.tail_sha256_hex;
}

Status DerivedFile::reconcile(const DerivedAnchor& anchor, const std::vector<std::string>& lines,
                              const KeyOf& key_of, const FindElsewhere& find_elsewhere) {
  ASSIGN_OR_RETURN(const ByteCount found_size, file_->size());
  size_ = found_size.count();
  num_lines_ = anchor.num_lines;
  ASSIGN_OR_RETURN(const bool is_anchored, matches(anchor));
  recovery_.was_replaced = !is_anchored;
  Wanted wanted(lines, key_of);
  // How things stood at the first line that is no whole record.
  struct BadLine {
    std::uint64_t offset = 0;
    Wanted wanted;
    std::size_t num_foreign = 0;
  };
  std::optional<BadLine> bad;
  std::uint64_t position = is_anchored ? anchor.num_bytes : 0;
  if (is_anchored || !lines.empty()) {
    RETURN_IF_ERROR(
        record_files::for_each_line(*file_, position, [&](std::string_view line, bool is_ended) {
          const bool is_whole = is_object(line);
          if ((!is_whole || !is_ended) && !bad) {
            bad.emplace(position, wanted, recovery_.foreign_lines.size());
          }
          position += line.size() + (is_ended ? 1 : 0);
          if (is_whole && !wanted.tick(line) && is_anchored) {
            recovery_.foreign_lines.emplace_back(line);
          }
        }));
  }
  if (is_anchored && bad) {
    ASSIGN_OR_RETURN(const std::string rest,
                     record_files::read_range(*file_, bad->offset, size_ - bad->offset));
    if (is_remnant(rest, bad->wanted.missing())) {
      RETURN_IF_ERROR(file_->truncate(ByteCount(bad->offset)));
      recovery_.cut = ByteCount(size_ - bad->offset);
      recovery_.foreign_lines.resize(bad->num_foreign);
      size_ = bad->offset;
      wanted = std::move(bad->wanted);
    }
  }
  // An empty one fits every file.
  if (!is_anchored || anchor.num_bytes == 0) {
    const std::set<std::string> keys = wanted.open_keys();
    if (!keys.empty()) {
      ASSIGN_OR_RETURN(const auto found, find_elsewhere(keys));
      for (const std::string& key : found) wanted.tick_key(key);
    }
  }
  RETURN_IF_ERROR(end_last_line());
  num_lines_ += lines.size();
  const auto missing = wanted.missing();
  recovery_.num_completed = missing.size();
  num_lines_ -= missing.size();
  RETURN_IF_ERROR(append(missing));
  ASSIGN_OR_RETURN(anchor_, anchor_here());
  return {};
}

// A last line without its LF would swallow the next one.
Status DerivedFile::end_last_line() {
  if (size_ == 0) return {};
  ASSIGN_OR_RETURN(const std::string last, record_files::read_range(*file_, size_ - 1, 1));
  if (last.ends_with('\n')) return {};
  RETURN_IF_ERROR(file_->append(as_bytes("\n")));
  ++size_;
  return {};
}

Status DerivedFile::append(const std::vector<std::string>& lines) {
  if (is_broken_) {
    return unavailable(fmt::format(
        "{}: an earlier write failed and could not be taken back; close and open the recorder "
        "again, nothing is lost",
        path_.native()));
  }
  RETURN_IF_ERROR(open_again());
  std::string text;
  for (const std::string& line : lines) {
    text += line;
    text += '\n';
  }
  if (text.empty()) return {};
  auto written = file_->append(as_bytes(text));
  if (!written) {
    if (!file_->truncate(ByteCount(size_))) is_broken_ = true;
    return written;
  }
  size_ += text.size();
  num_lines_ += lines.size();
  return {};
}

Status DerivedFile::open_again() {
  if (file_ != nullptr) return {};
  ASSIGN_OR_RETURN(auto opened, file_system_->open(path_, files::OpenMode::kAppend));
  ASSIGN_OR_RETURN(const ByteCount size, opened->size());
  file_ = std::move(opened);
  size_ = size.count();
  RETURN_IF_ERROR(note_identity());
  RETURN_IF_ERROR(end_last_line());
  ASSIGN_OR_RETURN(anchor_, anchor_here());
  return {};
}

Result<DerivedAnchor> DerivedFile::sync() {
  RETURN_IF_ERROR(open_again());
  if (auto synced = file_->sync(); !synced) {
    // What is on disk is known only after opening it again.
    is_broken_ = true;
    return std::move(synced.error());
  }
  ASSIGN_OR_RETURN(anchor_, anchor_here());
  return anchor_;
}

Result<DerivedAnchor> DerivedFile::anchor_here() const {
  DerivedAnchor anchor{.num_bytes = size_,
                       .num_lines = num_lines_,
                       .tail_bytes = std::min(size_, kTailSize),
                       .tail_sha256_hex = {}};
  ASSIGN_OR_RETURN(const std::string tail,
                   record_files::read_range(*file_, size_ - anchor.tail_bytes, anchor.tail_bytes));
  anchor.tail_sha256_hex = crypto::sha256(tail).to_hex();
  return anchor;
}

}  // namespace assay::derivation

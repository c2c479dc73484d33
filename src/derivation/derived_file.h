/// \file
/// A file of lines that is derived from the journal: only appended to, and after a crash completed
/// to exactly what the events say, whoever else may have appended meanwhile.

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "files/file_system.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace assay::derivation {

/// How far a file was on disk at the checkpoint, and how to recognise it.
struct DerivedAnchor {
  std::uint64_t num_bytes = 0;
  std::uint64_t num_lines = 0;   ///< Of those this program wrote.
  std::uint64_t tail_bytes = 0;  ///< The last so many of the bytes,
  std::string tail_sha256_hex;   ///< and their digest.
};

/// What recovery found in a file.
struct DerivedRecovery {
  std::uint64_t num_completed = 0;  ///< Lines that the journal had and the file lacked.
  ByteCount cut;                    ///< A half of our own last lines.
  /// Whole lines behind the anchor that are not ours: another program wrote them. They stay.
  std::vector<std::string> foreign_lines;
  /// The file is not the one of the anchor: rotated, replaced or cut by another program.
  bool was_replaced = false;
};

/// Threads: one thread at a time.
/// Errors: kDenied, kNoSpace, kUnavailable; each names the file.
class DerivedFile {
 public:
  /// What makes two lines the same: an id, or the line itself.
  using KeyOf = std::function<std::string(std::string_view line)>;
  /// Which of these keys stand in another file: asked only when the file was replaced, or was empty
  /// at the checkpoint.
  using FindElsewhere =
      std::function<Result<std::set<std::string>>(const std::set<std::string>& keys)>;

  /// Open or make the file, bring what is behind `anchor` into agreement with `lines` (what the
  /// events behind the checkpoint give, in order), and append those that are missing. Nothing of
  /// another program is removed or changed; a half line of our own at the end is cut.
  static Result<DerivedFile> open(files::FileSystem& file_system, const std::filesystem::path& path,
                                  const DerivedAnchor& anchor,
                                  const std::vector<std::string>& lines, const KeyOf& key_of,
                                  const FindElsewhere& find_elsewhere);

  /// Let go of the file, which another is about to replace: what has its name at the next call is
  /// the one from then on.
  void release() { file_.reset(); }

  const DerivedRecovery& recovery() const { return recovery_; }

  /// Whether the path still leads to the file that is open, and that is no shorter than it was: a
  /// program that knows nothing of this one may have moved, replaced or cut it. True after
  /// release().
  Result<bool> is_in_place() const;
  /// Whether it also still holds what it ended with at open(), release() or sync(): one that writes
  /// all of it anew in its place may leave it longer.
  Result<bool> is_as_anchored() const;

  /// Append lines, each with an LF. After a failure the file is as before the call, or, when even
  /// that failed, as the next open() will mend.
  Status append(const std::vector<std::string>& lines);
  /// Return once all is on disk, and say how far the file is.
  Result<DerivedAnchor> sync();

 private:
  DerivedFile(files::FileSystem& file_system, std::filesystem::path path,
              std::unique_ptr<files::File> file)
      : file_system_(&file_system), path_(std::move(path)), file_(std::move(file)) {}

  Status note_identity();
  Status reconcile(const DerivedAnchor& anchor, const std::vector<std::string>& lines,
                   const KeyOf& key_of, const FindElsewhere& find_elsewhere);
  Result<bool> matches(const DerivedAnchor& anchor) const;
  Result<DerivedAnchor> anchor_here() const;
  Status end_last_line();
  Status open_again();

  files::FileSystem* file_system_;
  std::filesystem::path path_;
  std::unique_ptr<files::File> file_;  // null after release()
  files::FileInfo::Identity identity_{};
  DerivedAnchor anchor_;  // of what is there by our own knowledge
  std::uint64_t size_ = 0;
  std::uint64_t num_lines_ = 0;
  bool is_broken_ = false;  // a failed write could not be taken back
  DerivedRecovery recovery_;
};

}  // namespace assay::derivation

#include "archives/entry.h"

#include "core/check.h"

#include <array>

namespace assay::archives {
namespace {

struct Words {
  EntryVerdict verdict;
  std::string_view name;
  std::string_view text;
};

constexpr std::array<Words, kNumEntryVerdicts> kWords{{
    {EntryVerdict::kOk, "ok", "can be read"},
    {EntryVerdict::kFolder, "folder", "is a folder"},
    {EntryVerdict::kLink, "link", "is a symbolic link, which is not followed"},
    {EntryVerdict::kDevice, "device", "is a pipe, a socket or a device"},
    {EntryVerdict::kBadName, "bad_name", "has an empty path, or a zero byte in it"},
    {EntryVerdict::kAbsolutePath, "absolute_path", "has an absolute path"},
    {EntryVerdict::kPathTraversal, "path_traversal", "leads out of the archive"},
    {EntryVerdict::kDuplicate, "duplicate", "is there again later, and the last one counts"},
    {EntryVerdict::kEncrypted, "encrypted", "is encrypted"},
    {EntryVerdict::kUnsupportedMethod, "unsupported_method",
     "is compressed in another way than deflate; pack it again with zip"},
    {EntryVerdict::kOtherVolume, "other_volume", "lies in another part of a split archive"},
    {EntryVerdict::kBrokenRecord, "broken_record", "has a record that contradicts itself"},
    {EntryVerdict::kOutOfBounds, "out_of_bounds", "lies outside the archive"},
    {EntryVerdict::kOverlap, "overlap", "shares bytes with another entry"},
    {EntryVerdict::kTooLarge, "too_large", "is larger than the limit for one entry"},
    {EntryVerdict::kBomb, "bomb", "unfolds to more than any image does"},
    {EntryVerdict::kOverTotal, "over_total", "is beyond the limit for one archive"},
    {EntryVerdict::kUnreadable, "unreadable", "is gone, or may not be read"},
    {EntryVerdict::kChanged, "changed", "has another size than when it was listed"},
    {EntryVerdict::kHeaderMismatch, "header_mismatch",
     "has a header that says something else than the directory"},
    {EntryVerdict::kBrokenData, "broken_data", "holds damaged data"},
    {EntryVerdict::kWrongChecksum, "wrong_checksum", "has a wrong checksum"},
}};

const Words& words_of(EntryVerdict verdict) {
  const Words& words = kWords.at(static_cast<std::size_t>(verdict));
  CHECK(words.verdict == verdict, "the words stand in the order of the verdicts");
  return words;
}

}  // namespace

std::string_view to_string(EntryVerdict verdict) { return words_of(verdict).name; }
std::string_view to_text(EntryVerdict verdict) { return words_of(verdict).text; }

}  // namespace assay::archives

#include "history/import_internal.h"
#include "media/ply_store.h"

#include <fmt/format.h>

namespace assay::history {

WaitingPlyImport::WaitingPlyImport(const ImportSource& source, const ImportOptions& options,
                                   NamedFileImport& named_files, ImportReport& report)
    : tells_others_(source.is_folder),
      options_(options),
      named_files_(named_files),
      report_(report) {
  for (const std::string& path : source.waiting_ply) waiting_.try_emplace(path);
}

void WaitingPlyImport::note_record(const record_files::ScannedLine& record) {
  constexpr std::string_view kHashPrefix = "sha256:";
  const auto& ply = record.blobs.at(static_cast<std::size_t>(record_files::BlobKind::kPly));
  if (waiting_.empty() || !ply.path.empty() || !ply.hash.starts_with(kHashPrefix)) return;
  const auto hash = Sha256::parse(std::string_view(ply.hash).substr(kHashPrefix.size()));
  if (!hash) return;
  const auto found = waiting_.find(media::waiting_path(record.id, *hash).native());
  if (found == waiting_.end()) return;
  found->second = {.hash = ply.hash, .id = record.id};
  paths_.insert_or_assign(record.id, found->first);
}

void WaitingPlyImport::note_settled(const std::string& id) {
  if (const auto found = paths_.find(id); found != paths_.end()) waiting_.erase(found->second);
}

void WaitingPlyImport::note_open(std::string_view id) {
  const std::string start = fmt::format("{}/{}_", kWaitingPlyFolder, media::file_stem_of(id));
  for (auto at = waiting_.lower_bound(start); at != waiting_.end() && at->first.starts_with(start);
       ++at) {
    at->second.is_open = true;
  }
}

Status WaitingPlyImport::take() {
  for (const auto& [path, waiting] : waiting_) {
    if (!waiting.id.empty()) {
      // One that is gone was settled meanwhile: the next import brings its feedback.
      RETURN_IF_ERROR(
          named_files_.take(path, waiting.hash, waiting.id, NamedFileImport::Naming::kPresent));
    } else if (tells_others_) {
      add_not_taken(report_, options_,
                    {.kind = NotTakenKind::kWaitingFile,
                     .path = path,
                     .detail = waiting.is_open ? "its generation is open there"
                                               : "no record that was taken has its hash"});
    }
  }
  return {};
}

}  // namespace assay::history

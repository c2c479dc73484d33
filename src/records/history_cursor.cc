#include "records/history_cursor.h"

#include "records/block_read_internal.h"
#include "records/history_files_internal.h"
#include "records/id_set_internal.h"
#include "records/late_feedback_internal.h"
#include "records/line_blocks_internal.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace assay::records {

struct HistoryCursor::State {
  State(files::FileSystem& given_file_system, std::vector<HistoryFile> given_files,
        LateFeedback given_feedback, ReadOptions given_options)
      : file_system(&given_file_system),
        files(std::move(given_files)),
        feedback(std::move(given_feedback)),
        options(std::move(given_options)),
        reader(options, feedback, ids, forward, 0) {}

  files::FileSystem* file_system;
  std::vector<HistoryFile> files;
  std::size_t next_file = 0;
  std::optional<LineBlocks> current;
  LineBlock block;
  LateFeedback feedback;
  ReadOptions options;
  IdSet ids;
  const OnRecord* on_record = nullptr;  // of the call that runs
  std::uint64_t num_handed_over = 0;
  OnRecord forward = [this](const RecordView& record, unsigned worker, std::uint64_t) {
    return (*on_record)(record, worker, num_handed_over++);
  };
  BlockRead reader;
};

HistoryCursor::HistoryCursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
HistoryCursor::HistoryCursor(HistoryCursor&&) noexcept = default;
HistoryCursor& HistoryCursor::operator=(HistoryCursor&&) noexcept = default;
HistoryCursor::~HistoryCursor() = default;

Result<HistoryCursor> HistoryCursor::open(files::FileSystem& file_system,
                                          const std::filesystem::path& folder,
                                          ReadOptions options) {
  ASSIGN_OR_RETURN(auto files, files_to_read(file_system, folder, options.since));
  ASSIGN_OR_RETURN(LateFeedback feedback, LateFeedback::read(file_system, folder));
  return HistoryCursor(std::make_unique<State>(file_system, std::move(files), std::move(feedback),
                                               std::move(options)));
}

Result<bool> HistoryCursor::next(const OnRecord& on_record) {
  State& state = *state_;
  while (true) {
    if (!state.current) {
      if (state.next_file == state.files.size()) return false;
      const HistoryFile& file = state.files[state.next_file++];
      ASSIGN_OR_RETURN(auto stream, open_history_stream(*state.file_system, file));
      state.current.emplace(std::move(stream));
    }
    ASSIGN_OR_RETURN(const bool has_block, state.current->next(state.block));
    if (!has_block) {
      state.current.reset();
      continue;
    }
    state.on_record = &on_record;
    RETURN_IF_ERROR(state.reader.read(state.block, state.block.offset));
    return true;
  }
}

LineCounts HistoryCursor::counts() const { return state_->reader.counts(); }

}  // namespace assay::records

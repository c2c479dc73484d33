#include "files/atomic_file.h"
#include "history/export_sink_internal.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assay::history {
namespace {

class JsonLines final : public ExportSink {
 public:
  JsonLines(ExportContext& context, std::filesystem::path output, unsigned num_workers)
      : context_(&context), output_(std::move(output)), workers_(num_workers) {}

  Status add(const records::RecordView& record, unsigned worker) override {
    Worker& mine = workers_[worker];
    RETURN_IF_ERROR(mine.text.append_line(mine.lines, record));
    mine.lines += '\n';
    mine.ends.push_back(mine.lines.size());
    return {};
  }

  Status write_block(unsigned worker, std::span<const std::uint8_t> is_kept) override {
    Worker& mine = workers_[worker];
    keep(mine, is_kept);
    if (mine.lines.empty()) return {};
    if (!file_) {
      ASSIGN_OR_RETURN(auto made, files::AtomicFile::create(context_->file_system, output_));
      file_.emplace(std::move(made));
    }
    RETURN_IF_ERROR(file_->write(mine.lines));
    mine.lines.clear();
    return {};
  }

  Status finish() override { return file_ ? file_->commit() : Status(); }

 private:
  struct alignas(64) Worker {
    ExportText text;
    // Of its block:
    std::string lines;
    std::vector<std::size_t> ends;  // of each line
  };

  // Move the lines that stay together.
  static void keep(Worker& mine, std::span<const std::uint8_t> is_kept) {
    std::size_t from = 0;
    std::size_t to = 0;
    for (std::size_t i = 0; i < mine.ends.size(); ++i) {
      const std::size_t size = mine.ends[i] - from;
      if (is_kept[i] != 0) {
        if (to != from) std::copy_n(mine.lines.data() + from, size, mine.lines.data() + to);
        to += size;
      }
      from = mine.ends[i];
    }
    mine.lines.resize(to);
    mine.ends.clear();
  }

  ExportContext* context_;
  std::filesystem::path output_;
  std::vector<Worker> workers_;
  std::optional<files::AtomicFile> file_;
};

}  // namespace

std::unique_ptr<ExportSink> make_json_lines(ExportContext& context,
                                            const std::filesystem::path& output,
                                            unsigned num_workers) {
  return std::make_unique<JsonLines>(context, output, num_workers);
}

}  // namespace assay::history

#include "files/atomic_file.h"
#include "history/export_sink_internal.h"

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

  Status add(const ExportRecord& record, unsigned worker) override {
    Worker& mine = workers_[worker];
    RETURN_IF_ERROR(mine.text.append_line(mine.lines, record));
    mine.lines += '\n';
    return {};
  }

  Status write_block(unsigned worker) override {
    std::string& lines = workers_[worker].lines;
    if (lines.empty()) return {};
    if (!file_) {
      ASSIGN_OR_RETURN(auto made, files::AtomicFile::create(context_->file_system, output_));
      file_.emplace(std::move(made));
    }
    RETURN_IF_ERROR(file_->write(lines));
    lines.clear();
    return {};
  }

  Status finish() override { return file_ ? file_->commit() : Status(); }

 private:
  struct alignas(64) Worker {
    ExportText text;
    std::string lines;  // of its block
  };

  ExportContext* context_;
  std::filesystem::path output_;
  std::vector<Worker> workers_;
  std::optional<files::AtomicFile> file_;
};

}  // namespace

std::unique_ptr<ExportSink> open_json_lines(ExportContext& context,
                                            const std::filesystem::path& output,
                                            unsigned num_workers) {
  return std::make_unique<JsonLines>(context, output, num_workers);
}

}  // namespace assay::history

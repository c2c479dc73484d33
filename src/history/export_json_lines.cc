#include "files/atomic_file.h"
#include "history/export_sink_internal.h"

#include <string>
#include <utility>

namespace assay::history {
namespace {

class JsonLines final : public ExportSink {
 public:
  JsonLines(ExportContext& context, files::AtomicFile file)
      : context_(&context), file_(std::move(file)) {}

  Status add(const ExportRecord& record) override {
    line_.clear();
    RETURN_IF_ERROR(context_->text.append_line(line_, record));
    line_ += '\n';
    return file_.write(line_);
  }

  Status finish() override { return file_.commit(); }

 private:
  ExportContext* context_;
  files::AtomicFile file_;
  std::string line_;
};

}  // namespace

Result<std::unique_ptr<ExportSink>> open_json_lines(ExportContext& context,
                                                    const std::filesystem::path& output) {
  ASSIGN_OR_RETURN(auto file, files::AtomicFile::create(context.file_system, output));
  return std::make_unique<JsonLines>(context, std::move(file));
}

}  // namespace assay::history

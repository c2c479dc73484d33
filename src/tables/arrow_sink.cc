#include "tables/arrow_error_internal.h"
#include "tables/arrow_sink_internal.h"

#include <arrow/result.h>

#include <cstdint>
#include <string_view>

namespace assay::tables {

namespace {

class AtomicFileSink final : public arrow::io::OutputStream {
 public:
  explicit AtomicFileSink(files::AtomicFile& file) : file_(file) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  using arrow::io::OutputStream::Write;
  arrow::Status Write(const void* data, std::int64_t num_bytes) override {
    const auto size = static_cast<std::size_t>(num_bytes);
    auto written = file_.write(std::string_view(static_cast<const char*>(data), size));
    if (!written) return to_arrow_status(std::move(written.error()));
    position_ += num_bytes;
    return arrow::Status::OK();
  }

 private:
  files::AtomicFile& file_;
  std::int64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<arrow::io::OutputStream> atomic_file_sink(files::AtomicFile& file) {
  return std::make_shared<AtomicFileSink>(file);
}

}  // namespace assay::tables

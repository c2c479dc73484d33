#include "cache/import.h"

#include "files/atomic_file.h"

#include <algorithm>
#include <future>
#include <utility>
#include <vector>

namespace assay::cache {
namespace {

Arrival read(const ImportFile& file, const Store& store, const ImportOptions& options) {
  Arrival arrival{.origin = file.path.native(),
                  .draft = {.label = file.label,
                            .description = file.description,
                            .source = options.source,
                            .original_name = file.path.filename().native()}};
  const ExamineLimits& limits = store.options().limits;
  auto bytes = files::read_file(store.tools().file_system, file.path, limits.max_size_bytes);
  if (!bytes) {
    arrival.outcome = bytes.error().code == ErrorCode::kExhausted ? ImportOutcome::kOverLimit
                                                                  : ImportOutcome::kUnreadable;
    arrival.reason = std::move(bytes.error().message);
    return arrival;
  }
  arrival.bytes = std::move(*bytes);
  return arrival;
}

/// Errors: kCancelled, as LabelJudge.
Result<std::vector<Arrival>> read_all(std::span<const ImportFile> batch, const Store& store,
                                      const ImportOptions& options, const std::stop_token& stop) {
  std::vector<Arrival> arrivals(batch.size());
  RETURN_IF_ERROR(parallel_for(
      store.tools().pool, batch.size(),
      [&](std::size_t i) -> Status {
        arrivals[i] = read(batch[i], store, options);
        return look_at(arrivals[i], store.options().limits, options.label_check);
      },
      stop));
  return arrivals;
}

}  // namespace

Result<ImportReport> import_files(Store& store, std::span<const ImportFile> files,
                                  const ImportOptions& options, const OnImportProgress& on_progress,
                                  const std::stop_token& stop) {
  Intake intake(store, options);
  // The disk writes a batch while the next is decoded.
  std::future<Status> writing;
  std::size_t num_written = 0;
  std::size_t num_in_writing = 0;
  const auto finish_writing = [&] -> Status {
    if (!writing.valid()) return {};
    RETURN_IF_ERROR(writing.get());
    num_written += std::exchange(num_in_writing, 0);
    if (on_progress) on_progress(num_written);
    return {};
  };
  for (std::size_t start = 0; start < files.size();) {
    const std::size_t count = std::min(options.batch_size, files.size() - start);
    auto arrivals = read_all(files.subspan(start, count), store, options, stop);
    RETURN_IF_ERROR(finish_writing());
    if (!arrivals) return std::move(arrivals.error());
    num_in_writing = count;
    writing =
        std::async(std::launch::async, [&intake, &stop, batch = std::move(*arrivals)] mutable {
          return intake.take_in(batch, stop);
        });
    start += count;
  }
  RETURN_IF_ERROR(finish_writing());
  return std::move(intake.report());
}

}  // namespace assay::cache

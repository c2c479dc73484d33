#include "history_binding.h"

#include "core/timestamp.h"
#include "derivation/journal_replay.h"
#include "failure.h"
#include "files/file_system.h"
#include "record_table/arrow_export.h"
#include "record_table/record_columns.h"
#include "record_table/record_stream.h"
#include "unlocked_stream.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assay::python {
namespace {

namespace nb = nanobind;
using record_table::RecordStream;
using record_table::StreamCounts;
using record_table::StreamOptions;

/// What the last reading that came to its end has counted. Threads: safe from any thread.
class LastCounts {
 public:
  void set(const StreamCounts& counts) {
    const std::scoped_lock guard(mutex_);
    counts_ = counts;
  }
  std::optional<StreamCounts> get() const {
    const std::scoped_lock guard(mutex_);
    return counts_;
  }

 private:
  mutable std::mutex mutex_;  // guards counts_
  std::optional<StreamCounts> counts_;
};

/// What is to be read. Each export reads the folder anew.
class History {
 public:
  History(std::filesystem::path folder, StreamOptions options)
      : folder_(std::move(folder)), options_(std::move(options)) {}

  Result<ArrowArrayStream> stream() const {
    ASSIGN_OR_RETURN(auto stream,
                     RecordStream::open(files::posix_file_system(), folder_, options_));
    // The stream may outlive this.
    return record_table::export_stream(
        std::move(stream), options_.columns,
        [last = last_counts_](const StreamCounts& counts) { last->set(counts); });
  }
  const StreamOptions& options() const { return options_; }
  std::optional<StreamCounts> last_counts() const { return last_counts_->get(); }

 private:
  std::filesystem::path folder_;
  StreamOptions options_;
  std::shared_ptr<LastCounts> last_counts_ = std::make_shared<LastCounts>();
};

History* open_history(std::filesystem::path folder,
                      const std::optional<std::vector<std::string>>& columns,
                      std::optional<std::int64_t> since_microseconds) {
  StreamOptions options{.columns = value_of(record_table::choose_columns(columns))};
  if (since_microseconds) {
    options.since = Timestamp(std::chrono::microseconds(*since_microseconds));
  }
  auto history = std::make_unique<History>(std::move(folder), std::move(options));
  // A folder that cannot be read is told of here, not by whoever asks for the rows.
  ArrowArrayStream trial = value_of(history->stream());
  trial.release(&trial);
  return history.release();
}

/// What cannot be told, such as of a journal of a later version, is no reason not to read the
/// files.
std::uint64_t count_waiting_events(const std::filesystem::path& folder) {
  return derivation::count_waiting_events(files::posix_file_system(), folder).value_or(0);
}

/// The structure in a capsule, which releases it unless a consumer took it.
template <typename Structure>
nb::capsule capsule_of(Structure structure, const char* name) {
  return nb::capsule(new Structure(structure), name, [](void* held) noexcept {
    const std::unique_ptr<Structure> owned(static_cast<Structure*>(held));
    if (owned->release != nullptr) owned->release(owned.get());
  });
}

nb::capsule stream_of(const History& history) {
  ArrowArrayStream stream = [&history] {
    const nb::gil_scoped_release release;
    return value_of(history.stream());
  }();
  return capsule_of(without_lock(stream), "arrow_array_stream");
}

nb::capsule schema_of(const History& history) {
  return capsule_of(record_table::export_schema(history.options().columns), "arrow_schema");
}

nb::list column_names(const History& history) {
  nb::list names;
  for (const auto& column : history.options().columns) {
    names.append(nb::str(column.name.data(), column.name.size()));
  }
  return names;
}

nb::object counts(const History& history) {
  const auto found = history.last_counts();
  if (!found) return nb::none();
  const record_reading::LineCounts& lines = found->lines;
  nb::dict shown;
  shown["records"] = lines.num_records;
  shown["lost"] = lines.num_lost();
  shown["bad_json"] = lines.num_bad_json;
  shown["bad_utf8"] = lines.num_bad_utf8;
  shown["no_object"] = lines.num_no_object;
  shown["too_long"] = lines.num_too_long;
  shown["outside"] = lines.num_outside;
  shown["duplicate"] = lines.num_duplicate;
  shown["late_feedback"] = lines.num_late_feedback;
  shown["wrong_type"] = found->num_wrong_type;
  shown["nan"] = lines.num_nan;
  shown["big_integer"] = lines.num_big_integer;
  shown["lone_surrogate"] = lines.num_lone_surrogate;
  shown["bad_timestamp"] = lines.num_bad_timestamp;
  shown["no_offset"] = lines.num_no_offset;
  shown["missing_section"] = lines.num_missing_section;
  return shown;
}

}  // namespace

void add_history(nb::module_& module) {
  using nb::literals::operator""_a;
  using Unlocked = nb::call_guard<nb::gil_scoped_release>;
  module.def("open_history", open_history, "folder"_a, "columns"_a.none(),
             "since_microseconds"_a.none(), nb::rv_policy::take_ownership, Unlocked());
  module.def("count_waiting_events", count_waiting_events, "folder"_a, Unlocked());
  nb::class_<History>(module, "History")
      .def("stream", stream_of)
      .def("schema", schema_of)
      .def("column_names", column_names)
      .def("counts", counts);
}

}  // namespace assay::python

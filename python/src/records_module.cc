// The module assay._records: what C++ offers to the Python files beside it, which are the interface
// that people use.

#include "buffer_view.h"
#include "core/error.h"
#include "core/result.h"
#include "failure.h"
#include "history_binding.h"
#include "recorder/recorder.h"
#include "recorder_handle.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace assay::python {
namespace {

namespace nb = nanobind;
using recorder::Receipt;
using recorder::Recorder;
using std::string_view;

// The classes are Python's own: assay.errors.failure(code, message) makes the one of a code.
void translate(const std::exception_ptr& thrown, void* /*payload*/) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Failure& failure) {
    nb::object raised =
        nb::module_::import_("assay.errors")
            .attr("failure")(std::string(to_string(failure.error().code)), failure.error().message);
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(raised.ptr())), raised.ptr());
  }
}

using PythonReceipt = std::tuple<std::string, std::uint64_t, std::string>;

PythonReceipt receipt_of(Result<Receipt> result) {
  Receipt receipt = value_of(std::move(result));
  return {std::move(receipt.generation_id), receipt.sequence,
          std::string(to_string(receipt.verdict))};
}

template <typename T>
T from(const nb::dict& options, const char* name) {
  return nb::cast<T>(options[name]);
}

// The Python side has put in every member, each of its type.
recorder::RecorderOptions options_of(const nb::dict& given) {
  using std::chrono::milliseconds;
  recorder::RecorderOptions options;
  options.miner_uid = from<std::optional<std::int64_t>>(given, "miner_uid");
  options.miner_version = from<std::string>(given, "miner_version");
  options.network = from<std::string>(given, "network");
  options.stores_images = from<bool>(given, "store_images");
  options.stores_ply_files = from<bool>(given, "store_ply_files");
  options.journal.durability =
      value_of(files::parse_durability(from<std::string>(given, "durability")));
  options.journal.sync_interval = milliseconds(from<std::int64_t>(given, "sync_interval_ms"));
  options.journal.max_queued = ByteCount(from<std::uint64_t>(given, "max_queued_bytes"));
  options.journal.when_full =
      value_of(files::parse_when_full(from<std::string>(given, "when_full")));
  options.ply_min_score = from<double>(given, "ply_min_score");
  const auto timeout = from<std::optional<std::int64_t>>(given, "feedback_timeout_ms");
  options.feedback_timeout = timeout ? std::optional(milliseconds(*timeout)) : std::nullopt;
  options.min_free_share = from<double>(given, "min_free_share");
  options.rotates_monthly = from<bool>(given, "rotate_monthly");
  options.max_ply_files = ByteCount(from<std::uint64_t>(given, "max_ply_files_bytes"));
  return options;
}

std::unique_ptr<RecorderHandle> open(const std::filesystem::path& folder, const nb::dict& given) {
  const recorder::RecorderOptions options = options_of(given);
  const nb::gil_scoped_release release;
  return value_of(RecorderHandle::open(folder, options));
}

PythonReceipt start(RecorderHandle& handle, std::string generation_id, std::string task_type,
                    std::string prompt, std::optional<std::int64_t> validator_uid,
                    std::string validator_hotkey, std::string miner_config, string_view key) {
  const recorder::NewGeneration generation{.generation_id = std::move(generation_id),
                                           .task_type = std::move(task_type),
                                           .prompt = std::move(prompt),
                                           .validator_uid = validator_uid,
                                           .validator_hotkey = std::move(validator_hotkey),
                                           .miner_config = std::move(miner_config)};
  return receipt_of(
      handle.use([&](Recorder& recorder) { return recorder.start(generation, key); }));
}

PythonReceipt log_prompt(RecorderHandle& handle, string_view generation_id,
                         std::optional<std::string> enhanced, std::optional<std::string> negative,
                         string_view key) {
  const records::EnhancedPrompt prompt{.enhanced_prompt = std::move(enhanced),
                                       .negative_prompt = std::move(negative)};
  return receipt_of(handle.use(
      [&](Recorder& recorder) { return recorder.log_prompt(generation_id, prompt, key); }));
}

PythonReceipt log_timing(RecorderHandle& handle, string_view generation_id, string_view timing,
                         string_view key) {
  return receipt_of(handle.use(
      [&](Recorder& recorder) { return recorder.log_timing(generation_id, timing, key); }));
}

PythonReceipt log_output(RecorderHandle& handle, string_view generation_id, std::string output,
                         nb::handle ply, std::filesystem::path ply_file, string_view key) {
  const BufferView view(ply);
  const nb::gil_scoped_release release;
  const recorder::NewOutput given{
      .output = std::move(output), .ply = view.bytes(), .ply_file = std::move(ply_file)};
  return receipt_of(handle.use(
      [&](Recorder& recorder) { return recorder.log_output(generation_id, given, key); }));
}

PythonReceipt log_submission(RecorderHandle& handle, string_view generation_id,
                             const std::optional<std::string>& rejection_reason, string_view key) {
  return receipt_of(handle.use([&](Recorder& recorder) {
    return recorder.log_submission(generation_id, rejection_reason, key);
  }));
}

PythonReceipt log_feedback(RecorderHandle& handle, string_view generation_id, double score,
                           std::optional<std::int64_t> validator_uid,
                           std::optional<std::string> validator_hotkey, string_view key) {
  const records::FeedbackReceived feedback{.validator_uid = validator_uid,
                                           .validator_hotkey = std::move(validator_hotkey),
                                           .score = score};
  return receipt_of(handle.use(
      [&](Recorder& recorder) { return recorder.log_feedback(generation_id, feedback, key); }));
}

PythonReceipt log_failure(RecorderHandle& handle, string_view generation_id, std::string error_type,
                          std::string error_message, std::optional<std::string> stack_trace,
                          string_view key) {
  const records::Failed failure{.error_type = std::move(error_type),
                                .error_message = std::move(error_message),
                                .stack_trace = std::move(stack_trace)};
  return receipt_of(handle.use(
      [&](Recorder& recorder) { return recorder.log_failure(generation_id, failure, key); }));
}

PythonReceipt finish(RecorderHandle& handle, string_view generation_id, string_view key) {
  return receipt_of(
      handle.use([&](Recorder& recorder) { return recorder.finish(generation_id, key); }));
}

PythonReceipt log_config_change(RecorderHandle& handle, string_view changes, string_view reason,
                                string_view key) {
  return receipt_of(handle.use(
      [&](Recorder& recorder) { return recorder.log_config_change(changes, reason, key); }));
}

void flush(RecorderHandle& handle) {
  value_of(handle.use([](Recorder& recorder) { return recorder.flush(); }));
}

void checkpoint(RecorderHandle& handle) {
  value_of(handle.use([](Recorder& recorder) { return recorder.checkpoint(); }));
}

std::string recovery(RecorderHandle& handle) {
  return value_of(handle.use(
      [](Recorder& recorder) -> Result<std::string> { return recorder.recovery().to_text(); }));
}

nb::dict status(RecorderHandle& handle) {
  const recorder::RecorderStatus found = [&handle] {
    const nb::gil_scoped_release release;
    return value_of(handle.use(
        [](Recorder& recorder) -> Result<recorder::RecorderStatus> { return recorder.status(); }));
  }();
  nb::dict shown;
  shown["is_handed_over"] = found.is_handed_over;
  // The process that has the folder knows all else.
  if (found.is_handed_over) return shown;
  nb::dict verdicts;
  for (std::size_t i = 0; i < records::kNumVerdicts; ++i) {
    const std::string name(to_string(static_cast<records::Verdict>(i)));
    verdicts[name.c_str()] = found.num_by_verdict.at(i);
  }
  shown["accepted"] = found.journal.num_accepted;
  shown["durable"] = found.journal.num_durable;
  shown["refused"] = found.journal.num_refused;
  shown["syncs"] = found.journal.num_syncs;
  shown["verdicts"] = verdicts;
  shown["finished"] = found.num_finished;
  shown["open"] = found.num_open;
  shown["images_bytes"] = found.images.count();
  shown["ply_files_bytes"] = found.ply_files.count();
  shown["ply_files_lost"] = found.num_ply_lost;
  shown["behind_bytes"] = found.behind.count();
  shown["is_disk_low"] = found.is_disk_low;
  shown["is_ply_large"] = found.is_ply_large;
  shown["is_refusing"] = found.is_refusing;
  shown["is_journal_damaged"] = found.is_journal_damaged;
  shown["is_queue_full"] = found.is_queue_full;
  shown["corrupt_lines"] = found.num_corrupt_lines;
  shown["trouble"] = found.trouble;
  return shown;
}

void close(RecorderHandle& handle) { value_of(handle.close()); }

void add_to(nb::module_& module) {
  using nb::literals::operator""_a;
  using Unlocked = nb::call_guard<nb::gil_scoped_release>;
  // A logger that lives to the end of the interpreter is no leak of anybody's.
  nb::set_leak_warnings(false);
  nb::register_exception_translator(translate);
  module.def("open", open, "folder"_a, "options"_a);
  nb::class_<RecorderHandle>(module, "Recorder")
      .def("start", start, "generation_id"_a, "task_type"_a, "prompt"_a, "validator_uid"_a.none(),
           "validator_hotkey"_a, "miner_config"_a, "key"_a, Unlocked())
      .def("log_prompt", log_prompt, "generation_id"_a, "enhanced_prompt"_a.none(),
           "negative_prompt"_a.none(), "key"_a, Unlocked())
      .def("log_timing", log_timing, "generation_id"_a, "timing"_a, "key"_a, Unlocked())
      .def("log_output", log_output, "generation_id"_a, "output"_a, "ply"_a.none(), "ply_file"_a,
           "key"_a)
      .def("log_submission", log_submission, "generation_id"_a, "rejection_reason"_a.none(),
           "key"_a, Unlocked())
      .def("log_feedback", log_feedback, "generation_id"_a, "score"_a, "validator_uid"_a.none(),
           "validator_hotkey"_a.none(), "key"_a, Unlocked())
      .def("log_failure", log_failure, "generation_id"_a, "error_type"_a, "error_message"_a,
           "stack_trace"_a.none(), "key"_a, Unlocked())
      .def("finish", finish, "generation_id"_a, "key"_a, Unlocked())
      .def("log_config_change", log_config_change, "changes"_a, "reason"_a, "key"_a, Unlocked())
      .def("flush", flush, Unlocked())
      .def("checkpoint", checkpoint, Unlocked())
      .def("recovery", recovery, Unlocked())
      .def("status", status)
      .def("close", close, Unlocked());
  add_history(module);
}

}  // namespace
}  // namespace assay::python

NB_MODULE(_records, module) { assay::python::add_to(module); }

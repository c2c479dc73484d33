/// \file
/// How fast a history is read: simdjson's On-Demand parser taking every value of every line, the
/// scan of chosen fields, and the whole reader.
///
///   bench_history_scan FOLDER file|simdjson|scan|read [THREADS]
///
/// "file" only reads the current file from the system, as the reader has to before all else. The
/// next two work on the current file in memory.
/// Prints seconds of the clock and of the processor (the best of five), GB/s of the first, what was
/// found, and the peak of memory.

#include "core/check.h"
#include "files/file_system.h"
#include "json/line_scan.h"
#include "record_reading/history_reader.h"
#include "records/record_fields.h"

#include <fmt/format.h>

#include <simdjson.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace ondemand = simdjson::ondemand;

struct Found {
  std::uint64_t num_records = 0;
  std::uint64_t num_refused = 0;
  double sum = 0.0;  // so that no value is left unread
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  CHECK(stream.good(), "the folder holds no generation_history.jsonl");
  std::string text(std::filesystem::file_size(path), ' ');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.append(simdjson::SIMDJSON_PADDING, '\0');
  return text;
}

template <typename OnLine>
void for_each_line(const std::string& padded, const OnLine& on_line) {
  std::string_view rest(padded);
  rest.remove_suffix(simdjson::SIMDJSON_PADDING);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    on_line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

double take_value(ondemand::value value) {
  double sum = 0.0;
  switch (value.type()) {
    case ondemand::json_type::object:
      for (auto field : value.get_object()) {
        sum += static_cast<double>(field.unescaped_key().value().size());
        sum += take_value(field.value());
      }
      return sum;
    case ondemand::json_type::array:
      for (auto item : value.get_array()) sum += take_value(item.value());
      return sum;
    case ondemand::json_type::number:
      return value.get_double();
    case ondemand::json_type::string:
      return static_cast<double>(value.get_string().value().size());
    case ondemand::json_type::boolean:
      return value.get_bool() ? 1.0 : 0.0;
    case ondemand::json_type::null:
      return value.is_null() ? 1.0 : 0.0;
  }
  return sum;
}

Found parse_with_simdjson(const std::string& text) {
  Found found;
  ondemand::parser parser;
  for_each_line(text, [&](std::string_view line) {
    try {
      const simdjson::padded_string_view padded(line, line.size() + simdjson::SIMDJSON_PADDING);
      ondemand::document document = parser.iterate(padded);
      for (auto field : document.get_object()) found.sum += take_value(field.value());
      ++found.num_records;
    } catch (const simdjson::simdjson_error&) {
      ++found.num_refused;
    }
  });
  return found;
}

Found scan_lines(const std::string& text) {
  Found found;
  assay::json::LineScan scan(assay::records::kRecordFieldPaths);
  for_each_line(text, [&](std::string_view line) {
    if (scan.scan(line) > assay::json::LineVerdict::kReadWithSurrogate) {
      ++found.num_refused;
      return;
    }
    ++found.num_records;
    for (const assay::json::Field& field : scan.fields()) {
      found.sum += field.number + static_cast<double>(field.text.size());
    }
  });
  return found;
}

Found read_records(const std::filesystem::path& folder, unsigned num_threads) {
  struct alignas(64) Sum {
    double value = 0.0;
  };
  std::vector<Sum> sums(num_threads);
  const auto counts = assay::record_reading::read_history(
      assay::files::posix_file_system(), folder, {.num_threads = num_threads},
      [&](const assay::records::RecordView& record, unsigned worker,
          std::uint64_t /*ordinal*/) -> assay::Status {
        for (const assay::json::Field& field : record.fields) {
          sums[worker].value += field.number + static_cast<double>(field.text.size());
        }
        return {};
      },
      {});
  CHECK(counts.has_value(), "the history was written for this");
  Found found{.num_records = counts->num_records, .num_refused = counts->num_lost(), .sum = 0.0};
  for (const Sum& sum : sums) found.sum += sum.value;
  return found;
}

Found read_blocks(const std::filesystem::path& path) {
  constexpr std::size_t kBlockSize = std::size_t{1} << 20;
  const auto file = assay::files::posix_file_system().open(path, assay::files::OpenMode::kRead);
  CHECK(file.has_value(), "the history was written for this");
  std::vector<std::byte> block(kBlockSize);
  Found found;
  std::uint64_t offset = 0;
  while (true) {
    const auto size = (*file)->read_at(offset, block);
    CHECK(size.has_value(), "the history was written for this");
    offset += *size;
    found.sum += static_cast<double>(block.front());
    if (*size < block.size()) return found;
  }
}

/// Of all threads.
double processor_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void measure(const std::string& name, std::uintmax_t num_bytes,
             const std::function<Found()>& work) {
  constexpr int kNumRuns = 5;
  double best_seconds = 1e9;
  double best_processor_seconds = 1e9;
  Found found;
  for (int i = 0; i < kNumRuns; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const double processor_begin = processor_seconds();
    found = work();
    best_processor_seconds =
        std::min(best_processor_seconds, processor_seconds() - processor_begin);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    best_seconds = std::min(best_seconds, seconds.count());
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("{}: {:.4f} s, processor {:.4f} s, {:.2f} GB/s, {} records, {} refused, peak {} MB\n",
             name, best_seconds, best_processor_seconds,
             static_cast<double>(num_bytes) / best_seconds / 1e9, found.num_records,
             found.num_refused, usage.ru_maxrss / 1024);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  CHECK(arguments.size() >= 2, "bench_history_scan FOLDER file|simdjson|scan|read [THREADS]");
  const std::filesystem::path folder = arguments[0];
  const std::filesystem::path file = folder / "generation_history.jsonl";
  const std::uintmax_t num_bytes = std::filesystem::file_size(file);
  const std::string& name = arguments[1];
  if (name == "read") {
    const unsigned num_threads =
        arguments.size() > 2 ? static_cast<unsigned>(std::stoul(arguments[2])) : 1;
    measure(fmt::format("read, {} threads", num_threads), num_bytes,
            [&] { return read_records(folder, num_threads); });
    return 0;
  }
  if (name == "file") {
    measure(name, num_bytes, [&] { return read_blocks(file); });
    return 0;
  }
  const std::string text = read_file(file);
  measure(name, num_bytes,
          [&] { return name == "scan" ? scan_lines(text) : parse_with_simdjson(text); });
  return 0;
}

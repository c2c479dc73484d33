#include "cache/export.h"

#include "archives/tar_writer.h"
#include "cache/intake.h"
#include "files/atomic_file.h"
#include "json/value.h"
#include "report/visible_text.h"
#include "tables/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;

/// Where the images go. Errors of all: as export_images().
class Sink {
 public:
  virtual ~Sink() = default;
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  virtual Status add(const Item& item, std::string_view image, std::string_view sidecar) = 0;
  virtual Status finish() = 0;
};

struct ExportedName {
  std::string stem;
  std::string extension;
};

/// Unique among the folders of items; of letters that every file system takes where it is not UTF-8
/// or would hide what it says, since a table of labels has to hold it.
ExportedName exported_name(const Item& item) {
  const fs::path name = item.name;
  const bool is_clear = report::visible_text(item.name) == item.name;
  return {.stem = fmt::format("{}-{}", static_cast<int>(item.folder),
                              is_clear ? name.stem().native() : plain_stem(item.name)),
          .extension = name.extension().native()};
}

/// Hands out each name once.
class UniqueNames {
 public:
  /// `wanted`, or with digits of the image's digest behind it where another has that.
  std::string take(std::string wanted, const Item& item) {
    const std::string digits =
        item.facts ? item.facts->content.to_hex().substr(0, 16) : fmt::to_string(item.id);
    while (!taken_.insert(wanted).second) wanted += "__" + digits;
    return wanted;
  }

 private:
  std::unordered_set<std::string> taken_;
};

/// With the label none there is none, as import wants it.
std::string exported_description(const Item& item, std::string_view sidecar) {
  if (item.label != Label::kRoadwork) return {};
  const auto value = json::parse_python(sidecar, kMaxSidecarSize);
  const json::Value* const member = value ? value->find("scene_description") : nullptr;
  const std::string* const text = member == nullptr ? nullptr : member->text();
  return text == nullptr ? std::string() : *text;
}

class FolderSink final : public Sink {
 public:
  FolderSink(files::FileSystem& file_system, fs::path folder)
      : file_system_(file_system), folder_(std::move(folder)) {
    constexpr std::array<std::string_view, 5> kHeader = {"file", "label", "description", "source",
                                                         "sha256"};
    tables::append_csv_row(table_, kHeader);
  }

  Status add(const Item& item, std::string_view image, std::string_view sidecar) override {
    const auto [stem, extension] = exported_name(item);
    // No two have one stem: a sidecar beside them would be that of both.
    const std::string name = "images/" + names_.take(stem, item) + extension;
    const std::string description = exported_description(item, sidecar);
    const std::string digest = item.facts ? item.facts->content.to_hex() : std::string();
    const std::string source = report::visible_text(item.source);
    const std::array<std::string_view, 5> row = {name, to_string(item.label.value_or(Label::kNone)),
                                                 description, source, digest};
    tables::append_csv_row(table_, row);
    written_.push_back(folder_ / name);
    return files::write_file(file_system_, written_.back(), image);
  }

  Status finish() override {
    RETURN_IF_ERROR(files::write_file(file_system_, folder_ / "labels.csv", table_));
    written_.clear();
    return {};
  }

  // What was not finished goes, so that the same command finds the folder empty.
  ~FolderSink() override {
    for (const fs::path& path : written_) static_cast<void>(file_system_.remove(path));
  }

 private:
  files::FileSystem& file_system_;
  fs::path folder_;
  std::string table_;
  UniqueNames names_;
  std::vector<fs::path> written_;
};

class TarSink final : public Sink {
 public:
  explicit TarSink(archives::TarWriter writer) : writer_(std::move(writer)) {}

  // A key ends at its first dot.
  Status add(const Item& item, std::string_view image, std::string_view sidecar) override {
    auto [key, extension] = exported_name(item);
    std::ranges::replace(key, '.', '_');
    key = keys_.take(std::move(key), item);
    RETURN_IF_ERROR(writer_.add(key + extension, image));
    return writer_.add(key + ".json", sidecar);
  }

  Status finish() override { return writer_.finish(); }

 private:
  archives::TarWriter writer_;
  UniqueNames keys_;
};

Result<std::unique_ptr<Sink>> open_sink(files::FileSystem& file_system,
                                        const ExportOptions& options) {
  if (options.form == ExportForm::kWebDataset) {
    ASSIGN_OR_RETURN(archives::TarWriter writer,
                     archives::TarWriter::create(file_system, options.target));
    return std::make_unique<TarSink>(std::move(writer));
  }
  ASSIGN_OR_RETURN(const auto info, file_system.info(options.target));
  if (info) {
    ASSIGN_OR_RETURN(auto names, file_system.list(options.target));
    // Of one that was not finished.
    if (names == std::vector<std::string>{"images"}) {
      ASSIGN_OR_RETURN(names, file_system.list(options.target / "images"));
    }
    if (!names.empty()) {
      return invalid_input(fmt::format(
          "{} is not empty; give a new folder, or remove what is there", options.target.native()));
    }
  }
  return std::make_unique<FolderSink>(file_system, options.target);
}

}  // namespace

Result<ExportReport> export_images(Store& store, const ExportOptions& options,
                                   const OnExportProgress& on_progress,
                                   const std::stop_token& stop) {
  files::FileSystem& file_system = store.tools().file_system;
  ExportReport report;
  std::vector<Item> items;
  RETURN_IF_ERROR(store.index().for_each([&](const Item& item) {
    if (options.cache && kind_of(item.folder) != *options.cache) return;
    const bool has_label = item.label && item.state != ItemState::kBroken;
    report.num_unlabelled += has_label ? 0 : 1;
    if (has_label && (!options.label || item.label == options.label)) items.push_back(item);
  }));
  ASSIGN_OR_RETURN(const std::unique_ptr<Sink> sink, open_sink(file_system, options));
  std::uint64_t num_done = 0;
  for (const Item& item : items) {
    if (stop.stop_requested()) return cancelled("export stopped; nothing was published");
    const auto image =
        files::read_file(file_system, store.path_of(item), store.options().limits.max_size_bytes);
    const auto sidecar = files::read_file(file_system, store.sidecar_of(item), kMaxSidecarSize);
    if (image && sidecar) {
      RETURN_IF_ERROR(sink->add(item, *image, *sidecar));
      ++report.num_images;
      report.bytes += ByteCount(image->size());
    } else {
      ++report.num_lost;
    }
    if (on_progress) on_progress(++num_done);
  }
  RETURN_IF_ERROR(sink->finish());
  return report;
}

}  // namespace assay::cache

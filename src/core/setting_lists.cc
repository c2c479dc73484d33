#include "core/setting_lists.h"

#include <fmt/format.h>

#include <array>

namespace assay {
namespace {

constexpr auto kListSettings = std::to_array<Setting>({
    {.key = "cache.source[].cache",
     .default_text = "real",
     .help = "which cache it fills",
     .choices = "real|t2i|i2i"},
    {.key = "cache.source[].cap",
     .kind = SettingKind::kInteger,
     .default_text = "0",
     .help = "images of it that the cache holds at most; 0: no bound",
     .minimum = 0,
     .maximum = 1e12},
    {.key = "cache.source[].dataset",
     .default_text = "",
     .help = "data set of the hub, with @REVISION if wanted"},
    {.key = "cache.source[].description_column",
     .default_text = "scene_description",
     .help = "column with the words of roadwork images"},
    {.key = "cache.source[].files",
     .default_text = "*.parquet",
     .help = "which tables of the data set"},
    {.key = "cache.source[].folder",
     .default_text = "",
     .help = "folder of images, or their s3:// or gs:// prefix"},
    {.key = "cache.source[].image_column",
     .default_text = "",
     .help = "column of the images; found by its type when empty"},
    {.key = "cache.source[].label",
     .default_text = "",
     .help = "label of all its images",
     .choices = "roadwork|none"},
    {.key = "cache.source[].label_column", .default_text = "label", .help = "column of the labels"},
    {.key = "cache.source[].labels",
     .default_text = "",
     .help = "CSV with the labels of the images of a folder"},
    {.key = "cache.source[].name",
     .default_text = "",
     .help = "what its images say of where they come from"},
    {.key = "cache.source[].tables",
     .default_text = "",
     .help = "Parquet file, folder, pattern, or s3:// or gs:// address"},
    {.key = "cache.source[].weight",
     .kind = SettingKind::kNumber,
     .default_text = "1",
     .help = "its share of the stock, beside those of the others",
     .minimum = 0.001,
     .maximum = 1e6},
});

}  // namespace

std::span<const Setting> list_settings() { return kListSettings; }

std::string list_key(std::string_view list, std::size_t number, std::string_view name) {
  return fmt::format("{}[{}].{}", list, number, name);
}

std::string list_setting_key(std::string_view key) {
  const std::size_t open = key.find('[');
  const std::size_t close = key.find(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::string(key);
  }
  return fmt::format("{}[]{}", key.substr(0, open), key.substr(close + 1));
}

std::string list_count_key(std::string_view key) {
  const std::size_t open = key.find('[');
  return open == std::string_view::npos ? "" : fmt::format("{}[]", key.substr(0, open));
}

std::size_t count_tables(const Config& config, std::string_view list) {
  return static_cast<std::size_t>(config.get_integer(fmt::format("{}[]", list)));
}

}  // namespace assay

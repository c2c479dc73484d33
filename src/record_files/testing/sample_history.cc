#include "record_files/testing/sample_history.h"

#include "core/check.h"
#include "record_files/data_folder.h"
#include "record_files/line_reader.h"

#include <fmt/format.h>

namespace assay::record_files::testing {

namespace fs = std::filesystem;

std::string record_line(std::string_view id, std::string_view timestamp, std::string_view members) {
  return fmt::format(
      R"({{"metadata": {{"generation_id": "{}", "timestamp": "{}", "miner_uid": 226}}{}}})", id,
      timestamp, members);
}

void put_file(files::FileSystem& file_system, const fs::path& path, std::string_view content) {
  CHECK(file_system.create_folders(path.parent_path()), "a test folder cannot be made");
  auto file = file_system.open(path, files::OpenMode::kAppend);
  CHECK(file && (*file)->truncate(ByteCount(0)) && (*file)->append(as_bytes(content)) &&
            (*file)->sync() && file_system.sync_folder(path.parent_path()),
        "a test file cannot be written");
}

std::string file_content(files::FileSystem& file_system, const fs::path& path) {
  std::string content;
  const auto read = read_lines(file_system, path,
                               [&](std::string_view line) -> Status {
                                 content += line;
                                 content += '\n';
                                 return {};
                               },
                               {});
  return read ? content : "error: " + read.error().message;
}

std::map<std::string, int> all_lines(files::FileSystem& file_system, const fs::path& folder) {
  std::map<std::string, int> lines;
  const auto months = find_month_files(file_system, folder);
  CHECK(months, "the test folder cannot be listed");
  std::vector<fs::path> paths;
  for (const auto& [month, found] : *months) paths.insert(paths.end(), found.begin(), found.end());
  if (file_system.info(folder / kCurrentFile).value()) paths.emplace_back(kCurrentFile);
  for (const fs::path& path : paths) {
    const auto read = read_lines(file_system, folder / path,
                                 [&](std::string_view line) -> Status {
                                   ++lines[std::string(line)];
                                   return {};
                                 },
                                 {});
    if (!read) ++lines["error: " + read.error().message];
  }
  return lines;
}

std::set<std::string> line_set(files::FileSystem& file_system, const fs::path& folder) {
  std::set<std::string> lines;
  for (const auto& [line, count] : all_lines(file_system, folder)) lines.insert(line);
  return lines;
}

}  // namespace assay::record_files::testing

/// \file
/// Files of a simulated disk, for tests.

#pragma once

#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string_view>

namespace assay::predict::testing {

/// Write at the end of a file, which is made if it is absent, as are its folders.
inline void put(files::testing::SimulatedFileSystem& file_system, const std::filesystem::path& path,
                std::string_view text = "x") {
  ASSERT_TRUE(file_system.create_folders(path.parent_path()));
  auto file = file_system.open(path, files::OpenMode::kAppend);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append(as_bytes(text)));
}

}  // namespace assay::predict::testing

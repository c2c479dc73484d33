/// \file
/// The addresses of the history. Documented in docs/openapi.yaml.

#pragma once

#include "files/file_system.h"
#include "net/http_server.h"
#include "recorder/recorder.h"

#include <filesystem>
#include <vector>

namespace assay::serve {

struct HistoryRoutesOptions {
  /// The largest PLY file that is taken.
  ByteCount max_ply{std::uint64_t{512} << 20};
};

/// Routes whose handlers call `recorder`, which has `folder` open. Both outlive them.
std::vector<net::HttpRoute> history_routes(recorder::Recorder& recorder,
                                           files::FileSystem& file_system,
                                           const std::filesystem::path& folder,
                                           const HistoryRoutesOptions& options = {});

}  // namespace assay::serve

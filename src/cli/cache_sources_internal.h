/// \file
/// The sources of `cache update` that assay.toml lists, and how object stores are reached.

#pragma once

#include "cli/command_internal.h"
#include "storage/credentials.h"
#include "tables/dataset.h"
#include "updater/update_sources.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace assay::cli {

/// Lifetime: outlives what reads through it.
struct RemoteAccess {
  storage::Credentials credentials;
  std::unique_ptr<tables::RemoteSources> sources = {};
};
std::unique_ptr<RemoteAccess> open_remote_access();

/// Those of `[[cache.source]]`, in their order; what they do not say is as in `common`. None: there
/// are none in assay.toml.
/// Errors: kInvalidInput (one without a place, or with two; two of one name; an address that is
///         none), each names the source by its number.
Result<std::vector<updater::SourceSetup>> configured_sources(const Config& config,
                                                             const updater::UpdateOptions& common);

/// The names that `[[cache.source]]` gives to them, even where one is not sound.
std::set<std::string> named_sources(const Config& config);

}  // namespace assay::cli

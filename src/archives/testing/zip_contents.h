/// \file
/// What is in a zip, as text that a test can compare.

#pragma once

#include "archives/entry.h"
#include "archives/testing/zip_builder.h"
#include "archives/zip_reader.h"
#include "core/result.h"

#include <string>
#include <utility>
#include <vector>

namespace assay::archives::testing {

Result<ZipReader> open_bytes(std::string bytes, const EntryLimits& limits = {});

/// The content, or the verdict in angle brackets.
std::string content_of(const ZipReader& zip, const ZipEntry& entry);

using Contents = std::vector<std::pair<std::string, std::string>>;
Contents contents_of(const std::string& bytes, const EntryLimits& limits = {});

/// Of a zip with this entry alone.
std::string outcome_of(const ZipEntrySpec& spec, const EntryLimits& limits = {});

/// Long enough that packing it is worth while.
std::string long_text();

}  // namespace assay::archives::testing

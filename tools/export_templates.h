/// \file
/// The kinds of jobs an export is made of.

#pragma once

#include "core/random.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::tools {

/// What a job has as image_uri: one of the special texts, or one of these.
enum class UriKind : std::int8_t { kNull = -1, kObject = -2, kEarlierObject = -3 };

/// What matters about a job; the rest of its row is drawn at random.
struct JobTemplate {
  std::optional<std::string> hotkey;
  std::optional<std::string> status;
  bool has_response = false;
  bool has_callback = false;
  std::optional<bool> has_image;
  int uri = static_cast<int>(UriKind::kNull);  ///< A UriKind, or a place in special_uris().
  bool has_callback_uri = false;
};

/// Addresses that are blank, not objects, or objects with awkward names.
std::span<const std::string_view> special_uris();

/// The 7,884 jobs whose totals are known.
std::vector<JobTemplate> job_templates(RandomSource& random);

/// A made-up hotkey.
std::string random_hotkey(RandomSource& random);

}  // namespace assay::tools

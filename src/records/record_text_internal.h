/// \file
/// The text of a record while its generation goes on, and of a change of settings.

#pragma once

#include "records/event.h"
#include "records/json_members.h"
#include "records/known_generation.h"

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace assay::records {

/// Sections of a record.
inline constexpr std::array<std::string_view, 2> kTimingPath = {"generation", "timing"};
inline constexpr std::array<std::string_view, 2> kOutputPath = {"generation", "output"};
inline constexpr std::array<std::string_view, 2> kSubmissionPath = {"generation", "submission"};
inline constexpr std::array<std::string_view, 1> kGenerationPath = {"generation"};
inline constexpr std::array<std::string_view, 1> kFailurePath = {"failure_analysis"};

/// The record of a generation that has begun.
std::string first_record(const Event& event, const Started& body, const KnownGeneration& known);

/// `record` with members merged into one of its sections; `object` is their JSON text.
std::string with_members(const std::string& record, std::span<const std::string_view> path,
                         const JsonMembers& members);
std::string with_members(const std::string& record, std::span<const std::string_view> path,
                         const std::string& object);

/// `record`, which is not written yet, with the feedback. Who the validator is counts where the
/// start did not say it.
std::string with_feedback(const std::string& record, const KnownGeneration& known);

/// The line of a change of settings.
std::string config_line(const Event& event, const ConfigChanged& body);

}  // namespace assay::records

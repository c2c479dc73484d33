/// \file
/// The miner_hotkey column as text, whatever type it has.

#pragma once

#include "core/result.h"
#include "tables/leaf.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace assay::audit {

/// Refuse a hotkey column whose type has no sensible text.
/// Errors: kInvalidInput.
Status check_hotkey_type(const tables::LeafInfo& info);

/// The hotkey that a value of a text or binary column stands for; kUnknownHotkey when it is empty.
/// Text that is not UTF-8 gives nothing: the input is broken. `scratch` may hold the answer.
std::optional<std::string_view> hotkey_of(tables::LeafKind kind, std::string_view value,
                                          std::string& scratch);

/// The hotkey in a row: kUnknownHotkey when it is null, empty or 0.
/// Errors: kInvalidInput (not UTF-8; does not name file and row).
Result<std::string_view> hotkey_in(const tables::LeafColumn& column, const tables::LeafInfo& info,
                                   std::size_t row, std::string& scratch);

}  // namespace assay::audit

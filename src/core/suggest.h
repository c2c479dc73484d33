/// \file
/// "Did you mean": the known word nearest to a mistyped one.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace assay {

/// Find the candidate that the fewest edits (insert, delete, replace, swap of neighbours) turn
/// `word` into; nothing when every one is over a third of the word's length away.
/// Order: the earlier candidate wins a tie. Lifetime: the result views one of `candidates`.
std::optional<std::string_view> nearest_match(std::string_view word,
                                              std::span<const std::string_view> candidates);

/// `; did you mean 'x'?`, or nothing: to be put at the end of a message.
std::string suggestion(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace assay

/// \file
/// A text as the words that CLIP's tokenizer looks at one by one.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay::tokenizer {

/// Composed (NFC), in lower case, and cut: `'s 't 're 've 'm 'll 'd`, runs of letters, single
/// digits, and runs of what is none of these and no blank; blanks are dropped. Bytes that are not
/// UTF-8 count as U+FFFD.
std::vector<std::string> prompt_words(std::string_view text);

}  // namespace assay::tokenizer

/// \file
/// Text to the tokens that CLIP's text tower reads, by the vocabulary in the user's files.

#pragma once

#include "core/result.h"
#include "files/file_system.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace assay::tokenizer {

class ByteVocabulary;

/// The tokens every text is framed with, by their numbers.
struct SpecialTokens {
  std::int32_t start = 0;
  std::int32_t end = 0;
  /// Fills a short text up. SDXL's second tokenizer has another one than its first.
  std::int32_t padding = 0;
};

/// A text as a tower takes it.
struct EncodedText {
  /// Start, the text's tokens, end, and padding up to the length that was asked for.
  std::vector<std::int32_t> ids;
  /// 1 up to and with the end token, 0 for padding; as long as `ids`.
  std::vector<std::int32_t> attention_mask;
  std::size_t num_tokens = 0;  ///< Start and end included, padding not.
  bool is_cut = false;         ///< The text had more tokens than fit.
};

/// CLIP's byte-level pairs: lower case, blanks made one, words and digits and signs apart.
/// Threads: const calls are safe from any thread. Copies share the vocabulary.
class ClipTokenizer {
 public:
  /// open_clip_tokenizer() makes them. Pre: the special tokens are of the vocabulary, and
  /// `context_length` is at least 2.
  ClipTokenizer(std::shared_ptr<const ByteVocabulary> vocabulary, const SpecialTokens& special,
                std::size_t context_length);

  /// The length of a text: 77, unless the files say otherwise.
  std::size_t context_length() const { return context_length_; }
  const SpecialTokens& special() const { return special_; }
  /// One more than the highest number of a token.
  std::size_t vocabulary_size() const;

  /// `length` tokens. Bytes that are not UTF-8 count as U+FFFD. Pre: `length` is at least 2.
  EncodedText encode(std::string_view text, std::size_t length) const;
  EncodedText encode(std::string_view text) const { return encode(text, context_length_); }

 private:
  std::shared_ptr<const ByteVocabulary> vocabulary_;  // immutable, shared by copies
  SpecialTokens special_;
  std::size_t context_length_;
};

/// Open a tokenizer: a folder or file as Hugging Face lays it out (vocab.json and merges.txt, or
/// tokenizer.json; tokenizer_config.json and special_tokens_map.json beside it are read when they
/// are there), or open_clip's bpe_simple_vocab_16e6.txt, plain or as .gz.
/// Errors: kNotFound, kInvalidInput (not a tokenizer of CLIP's kind), kCorrupt, kExhausted (over a
///         limit), kDenied, kUnavailable; each names the file.
Result<ClipTokenizer> open_clip_tokenizer(files::FileSystem& file_system,
                                          const std::filesystem::path& path);

/// The files that open_clip_tokenizer() would read, were it given this path; none when it is a
/// folder without a tokenizer. Errors: kNotFound, and as FileSystem.
Result<std::vector<std::filesystem::path>> tokenizer_file_paths(files::FileSystem& file_system,
                                                                const std::filesystem::path& path);

}  // namespace assay::tokenizer

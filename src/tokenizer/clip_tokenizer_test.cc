#include "tokenizer/clip_tokenizer.h"

#include "files/atomic_file.h"
#include "json/value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

namespace assay::tokenizer {
namespace {

std::filesystem::path data_folder() { return std::filesystem::path(ASSAY_TEST_DATA) / "tokenizer"; }

ClipTokenizer open(const std::filesystem::path& path) {
  auto opened = open_clip_tokenizer(files::posix_file_system(), path);
  EXPECT_TRUE(opened) << opened.error().message;
  return *std::move(opened);
}

json::Value::List list_of(const json::Value* value) {
  const json::Value::List* list = value == nullptr ? nullptr : value->list();
  return list == nullptr ? json::Value::List() : *list;
}

// What the tokenizers package made of the same texts with the same vocabulary.
void expect_reference(const ClipTokenizer& tokenizer) {
  const auto text = files::read_file(files::posix_file_system(), data_folder() / "cases.json",
                                     ByteCount(1U << 20U));
  const json::Value cases = json::parse(text.value()).value();
  ASSERT_GT(list_of(&cases).size(), 20U);
  for (const json::Value& expected : list_of(&cases)) {
    std::vector<std::int32_t> ids;
    for (const json::Value& id : list_of(expected.find("ids"))) {
      ids.push_back(static_cast<std::int32_t>(id.integer().value_or(-1)));
    }
    const std::string prompt = expected.require_text("text").value();
    const EncodedText encoded = tokenizer.encode(prompt);
    const std::vector<std::int32_t> real(
        encoded.ids.begin(), encoded.ids.begin() + static_cast<std::ptrdiff_t>(encoded.num_tokens));
    EXPECT_EQ(real, ids) << prompt;
  }
}

TEST(ClipTokenizer, MakesTheReferencesTokensFromEachFormOfItsFiles) {
  expect_reference(open(data_folder() / "folder"));
  expect_reference(open(data_folder() / "folder" / "vocab.json"));
  expect_reference(open(data_folder() / "tokenizer.json"));
  expect_reference(open(data_folder() / "bpe_simple_vocab_16e6.txt.gz"));
}

TEST(ClipTokenizer, FillsUpWithTheTokenThatTheFilesName) {
  // special_tokens_map.json says "!", which is 0, and tokenizer_config.json the end.
  const EncodedText folder = open(data_folder() / "folder").encode("road");
  ASSERT_EQ(folder.ids.size(), 77U);
  EXPECT_EQ(folder.num_tokens, 3U);
  EXPECT_EQ(folder.ids.at(3), 0);
  EXPECT_EQ(folder.ids.at(76), 0);

  // This one names no padding.
  const ClipTokenizer whole = open(data_folder() / "tokenizer.json");
  const EncodedText padded = whole.encode("road");
  EXPECT_EQ(padded.ids.at(76), whole.special().end);
  EXPECT_EQ(std::accumulate(padded.attention_mask.begin(), padded.attention_mask.end(), 0), 3);
  EXPECT_EQ(padded.attention_mask.at(2), 1);
  EXPECT_EQ(padded.attention_mask.at(3), 0);
}

TEST(ClipTokenizer, CutsALongTextAndKeepsItsEnd) {
  const ClipTokenizer tokenizer = open(data_folder() / "folder");
  const EncodedText cut = tokenizer.encode("road works road works", 4);
  EXPECT_TRUE(cut.is_cut);
  EXPECT_EQ(cut.ids, (std::vector<std::int32_t>{tokenizer.special().start, 518, 534,
                                                tokenizer.special().end}));
  const EncodedText fits = tokenizer.encode("road works", 4);
  EXPECT_FALSE(fits.is_cut);
  EXPECT_EQ(fits.ids, cut.ids);
  EXPECT_EQ(tokenizer.encode("road", 2).num_tokens, 2U);
}

TEST(ClipTokenizer, TakesBrokenUtf8AsReplacementCharacters) {
  const ClipTokenizer tokenizer = open(data_folder() / "folder");
  EXPECT_EQ(tokenizer.encode("a \xC3 b").ids, tokenizer.encode("a \xEF\xBF\xBD b").ids);
  EXPECT_EQ(tokenizer.encode("\xFF").ids, tokenizer.encode("\xEF\xBF\xBD").ids);
}

TEST(ClipTokenizer, TakesASpecialTokenInATextAsText) {
  const ClipTokenizer tokenizer = open(data_folder() / "folder");
  const EncodedText encoded = tokenizer.encode("<|endoftext|> road");
  EXPECT_EQ(std::ranges::count(encoded.ids, tokenizer.special().end), 1);
  EXPECT_EQ(encoded.ids.at(encoded.num_tokens - 1), tokenizer.special().end);
}

TEST(ClipTokenizer, ReadsOfALongTextOnlyWhatFits) {
  const ClipTokenizer tokenizer = open(data_folder() / "folder");
  std::string book;
  for (int i = 0; i < 20'000; ++i) book += "road works ";
  const EncodedText encoded = tokenizer.encode(book);
  EXPECT_TRUE(encoded.is_cut);
  EXPECT_EQ(encoded.ids.back(), tokenizer.special().end);
  // One word without an end is joined in n log n.
  EXPECT_TRUE(tokenizer.encode(std::string(100'000, 'w')).is_cut);
}

}  // namespace
}  // namespace assay::tokenizer

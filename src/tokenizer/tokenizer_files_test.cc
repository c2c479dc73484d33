#include "compress/stream.h"
#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"
#include "tokenizer/clip_tokenizer.h"
#include "tokenizer/tokenizer_text_internal.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::tokenizer {
namespace {

std::string message_of(const auto& result) { return result ? "no error" : result.error().message; }

bool says(const auto& result, std::string_view part) {
  return !result && result.error().message.contains(part);
}

constexpr std::string_view kTiny =
    R"({"a":0,"b":1,"a</w>":2,"b</w>":3,"ab</w>":4,"<|startoftext|>":5,"<|endoftext|>":6})";

class TokenizerFiles : public ::testing::Test {
 protected:
  void write(std::string_view name, std::string_view text) {
    ASSERT_TRUE(files::write_file(files_, folder_.path() / name, text));
  }
  Result<ClipTokenizer> open() { return open_clip_tokenizer(files_, folder_.path()); }

  files::FileSystem& files_ = files::posix_file_system();
  files::testing::TemporaryFolder folder_;
};

TEST_F(TokenizerFiles, GiveAByteThatIsNoTokenTheUnknownOne) {
  write("vocab.json", kTiny);
  write("merges.txt", "#version: 0.2\na b</w>\n");
  const auto tokenizer = open();
  ASSERT_TRUE(tokenizer) << message_of(tokenizer);
  EXPECT_EQ(tokenizer->encode("ab c", 5).ids, (std::vector<std::int32_t>{5, 4, 6, 6, 6}));
  EXPECT_EQ(tokenizer->encode("ab c", 5).num_tokens, 4U);
  EXPECT_EQ(tokenizer->vocabulary_size(), 7U);
}

TEST_F(TokenizerFiles, MaySayAnotherLengthButNotNone) {
  write("vocab.json", kTiny);
  write("merges.txt", "a b</w>\r\n");
  write("tokenizer_config.json", R"({"model_max_length": 16, "pad_token": null})");
  EXPECT_EQ(open()->context_length(), 16U);
  write("tokenizer_config.json", R"({"model_max_length": 1000000000000000019884624838656})");
  EXPECT_EQ(open()->context_length(), 77U);
}

TEST_F(TokenizerFiles, AreNamedInTheErrorOfWhatIsBrokenInThem) {
  EXPECT_TRUE(says(open(), "no tokenizer: expected vocab.json and merges.txt"))
      << message_of(open());
  EXPECT_TRUE(tokenizer_file_paths(files_, folder_.path())->empty());
  write("vocab.json", kTiny);
  write("merges.txt", "a b</w>\na  b\n");
  EXPECT_EQ(tokenizer_file_paths(files_, folder_.path())->size(), 2U);
  EXPECT_TRUE(says(open(), "merges.txt: line 2: expected two tokens")) << message_of(open());
  write("merges.txt", "a c\n");
  EXPECT_TRUE(says(open(), R"(merge 1: "c" is no token)")) << message_of(open());
  write("merges.txt", "");
  write("tokenizer_config.json", R"({"pad_token": "PAD"})");
  EXPECT_TRUE(says(open(), R"(the padding token "PAD" is not in the vocabulary)"))
      << message_of(open());
  write("tokenizer_config.json", R"({"pad_token": 3})");
  EXPECT_TRUE(says(open(), "tokenizer_config.json: 'pad_token' must be a text"))
      << message_of(open());
  write("vocab.json", R"({"a": -1})");
  EXPECT_TRUE(says(open(), R"(vocab.json: the number of token "a" must be)")) << message_of(open());
  EXPECT_EQ(open_clip_tokenizer(files_, folder_.path() / "none").error().code,
            ErrorCode::kNotFound);
}

TEST(TokenizerText, RefusesTokenizersOfOtherModels) {
  const auto unigram = parse_tokenizer_json(R"({"model":{"type":"Unigram","vocab":[]}})");
  EXPECT_TRUE(says(unigram, R"(of type "Unigram"; CLIP's is BPE)")) << message_of(unigram);
  EXPECT_TRUE(says(parse_tokenizer_json("{}"), "it has no 'model'"));
  // GPT-2 marks where words begin.
  const auto gpt = make_tokenizer({.ids = {{"a", 0}, {"\xC4\xA0", 1}}, .merges = {}, .names = {}});
  EXPECT_TRUE(says(gpt, "no token ends in '</w>'")) << message_of(gpt);
  EXPECT_EQ(gpt.error().code, ErrorCode::kInvalidInput);
}

TEST(TokenizerText, ReadsMergesInBothFormsAndRefusesOthers) {
  const auto json_with = [](std::string_view merges) {
    return parse_tokenizer_json(R"({"model":{"vocab":{"a":0,"b":1},"merges":[)" +
                                std::string(merges) + "]}}");
  };
  EXPECT_EQ(json_with(R"("a b",["a","b"])")->merges.size(), 2U);
  EXPECT_TRUE(says(json_with(R"("a b","ab")"), "merge 2 must be two tokens"));
  EXPECT_TRUE(says(json_with(R"(["a"])"), "merge 1 must be two tokens"));
  EXPECT_TRUE(says(json_with("3"), "merge 1 must be two tokens"));
}

TEST(TokenizerText, RefusesASimpleVocabularyOfNothing) {
  EXPECT_EQ(parse_simple_vocabulary("").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(parse_simple_vocabulary("#version\n\n").error().code, ErrorCode::kCorrupt);
  EXPECT_TRUE(says(parse_simple_vocabulary("x\na b c\n"), "line 2: expected two tokens"));
}

TEST_F(TokenizerFiles, AreRefusedWhenTheyUnfoldToTooMuch) {
  const std::string zeros(std::size_t{40} << 20U, 'a');
  const auto packed = compress::compress(compress::Format::kGzip, zeros);
  write("bpe_simple_vocab_16e6.txt.gz", *packed);
  EXPECT_EQ(open().error().code, ErrorCode::kExhausted) << message_of(open());
  write("bpe_simple_vocab_16e6.txt.gz", packed->substr(0, 1000));
  EXPECT_EQ(open().error().code, ErrorCode::kCorrupt) << message_of(open());
}

}  // namespace
}  // namespace assay::tokenizer

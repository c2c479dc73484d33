#include "models/model_folder.h"

#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"
#include "models/testing/clip_weights.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

namespace assay::models {
namespace {

const std::filesystem::path kModelSources = std::filesystem::path(ASSAY_TEST_DATA) / "models";
constexpr Timestamp kNow(std::chrono::seconds(1'761'523'200));

class ModelFolder : public ::testing::Test {
 protected:
  Result<ModelManifest> import(ModelKind kind, const std::filesystem::path& source,
                               const ImportOptions& options = {}) {
    return import_model(file_system_, kind, source, root(), options, kNow, {});
  }
  std::filesystem::path root() const { return folder_.path() / "data"; }
  std::filesystem::path stored(std::string_view name) const { return models_folder(root()) / name; }
  void write(const std::filesystem::path& path, std::string_view content) {
    ASSERT_TRUE(files::write_file(file_system_, path, content));
  }

  files::FileSystem& file_system_ = files::posix_file_system();
  files::testing::TemporaryFolder folder_;
};

TEST_F(ModelFolder, AnImportedModelIsFoundWithItsChoices) {
  const ModelChoices choices{
      .embedding = EmbeddingForm::kL2, .activation = Activation::kQuickGelu, .divisor = 10'000};
  const auto manifest =
      import(ModelKind::kCrop, kModelSources / "crop_plain.pt", {.choices = choices});
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->shape, "514-512-256-128-4");
  const auto found = find_model(file_system_, root(), ModelKind::kCrop);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->path, stored("crop_plain.pt"));
  EXPECT_EQ(found->choices.embedding, EmbeddingForm::kL2);
  EXPECT_EQ(found->choices.activation, Activation::kQuickGelu);
  EXPECT_EQ(found->choices.divisor, 10'000);
  ASSERT_TRUE(found->manifest);
  EXPECT_EQ(to_json(*found->manifest), to_json(*manifest));
}

TEST_F(ModelFolder, RankersAreFoundByNameWithoutImport) {
  const auto bytes =
      files::read_file(file_system_, kModelSources / "ranker_plain.pt", ByteCount(1U << 22U))
          .value();
  EXPECT_EQ(find_model(file_system_, root(), ModelKind::kRanker).error().code, ErrorCode::kMissing);
  write(stored("ranker_v3_w10.pt"), bytes);
  EXPECT_EQ(find_model(file_system_, root(), ModelKind::kRanker)->path, stored("ranker_v3_w10.pt"));
  write(stored("ranker_v4.pt"), bytes);
  const auto found = find_model(file_system_, root(), ModelKind::kRanker);
  EXPECT_EQ(found->path, stored("ranker_v4.pt"));
  EXPECT_FALSE(found->manifest);
  EXPECT_EQ(found->choices.embedding, EmbeddingForm::kRaw);
}

TEST_F(ModelFolder, ClipIsFoundByItsUsualNameWithoutImport) {
  EXPECT_EQ(find_model(file_system_, root(), ModelKind::kClip).error().code, ErrorCode::kMissing);
  write(stored("ViT-B-32.safetensors"), testing::make_clip_weights(testing::kTinyClip, 7));
  const auto found = find_model(file_system_, root(), ModelKind::kClip);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->path, stored("ViT-B-32.safetensors"));
  EXPECT_FALSE(found->manifest);
}

TEST_F(ModelFolder, SeveralOfAKindMustBeNamed) {
  ASSERT_TRUE(import(ModelKind::kRanker, kModelSources / "ranker_plain.pt"));
  ASSERT_TRUE(import(ModelKind::kRanker, kModelSources / "ranker_checkpoint.pt"));
  const auto found = find_model(file_system_, root(), ModelKind::kRanker);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(found.error().message.find("ranker_checkpoint.pt, ranker_plain.pt"), std::string::npos);
}

TEST_F(ModelFolder, AFolderOfHuggingFaceGivesTheModelItsName) {
  const std::filesystem::path source = folder_.path() / "clip-tiny";
  write(source / "config.json", "{}");
  write(source / "model.safetensors", testing::make_hugging_face_weights(testing::kTinyClip, 7));
  const auto manifest = import(ModelKind::kClip, source);
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->file, "clip-tiny.safetensors");
  EXPECT_TRUE(find_model(file_system_, root(), ModelKind::kClip));
}

TEST_F(ModelFolder, TheTokenizerOfATextTowerComesAlong) {
  const std::filesystem::path source = folder_.path() / "clip-both";
  auto tensors = testing::make_clip_tensors(testing::kTinyClip, 7);
  tensors.merge(testing::make_text_tensors({}, 7));
  write(source / "model.safetensors",
        testing::make_safetensors(testing::rename_for_hugging_face(tensors)));
  const auto without = import(ModelKind::kClip, source);
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(without->tokenizer, "");
  EXPECT_EQ(find_tokenizer(file_system_, stored(without->file)).value(), std::nullopt);

  const std::filesystem::path vocabulary = kModelSources.parent_path() / "tokenizer" / "folder";
  const auto given = import(ModelKind::kClip, source, {.tokenizer = vocabulary});
  ASSERT_TRUE(given) << given.error().message;
  EXPECT_EQ(given->tokenizer, vocabulary.native());
  EXPECT_EQ(parse_manifest(to_json(*given))->tokenizer, given->tokenizer);
  EXPECT_EQ(find_tokenizer(file_system_, stored(given->file)).value(),
            stored("clip-both.safetensors.tokenizer"));

  for (const auto& file : std::filesystem::directory_iterator(vocabulary)) {
    std::filesystem::copy(file, source);
  }
  EXPECT_EQ(import(ModelKind::kClip, source)->tokenizer, source.native());
}

TEST_F(ModelFolder, ATokenizerThatIsNotTheTowersIsRefused) {
  const std::filesystem::path source = folder_.path() / "small.safetensors";
  const std::filesystem::path vocabulary = kModelSources.parent_path() / "tokenizer" / "folder";
  auto tensors = testing::make_clip_tensors(testing::kTinyClip, 7);
  write(source, testing::make_safetensors(tensors));
  EXPECT_EQ(import(ModelKind::kClip, source, {.tokenizer = vocabulary}).error().code,
            ErrorCode::kMissing);
  tensors.merge(testing::make_text_tensors({.vocabulary_size = 684}, 7));
  write(source, testing::make_safetensors(tensors));
  const auto refused = import(ModelKind::kClip, source, {.tokenizer = vocabulary});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.contains("a tokenizer of 685 tokens"))
      << refused.error().message;
  EXPECT_EQ(list_models(file_system_, root())->size(), 0U);
}

TEST_F(ModelFolder, NothingIsCopiedThatIsNotSuchAModel) {
  EXPECT_FALSE(import(ModelKind::kRanker, kModelSources / "crop_plain.pt"));
  EXPECT_FALSE(import(ModelKind::kRanker, kModelSources / "ranker_whole_module.pt"));
  EXPECT_FALSE(import(ModelKind::kClip, kModelSources / "ranker_plain.pt"));
  EXPECT_FALSE(import(ModelKind::kClip, kModelSources));
  EXPECT_EQ(import(ModelKind::kClip, kModelSources / "nothing").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(list_models(file_system_, root())->size(), 0U);
}

TEST_F(ModelFolder, AnotherModelOfTheSameNameStaysUnlessReplaced) {
  const std::filesystem::path source = folder_.path() / "tiny.safetensors";
  write(source, testing::make_clip_weights(testing::kTinyClip, 7));
  ASSERT_TRUE(import(ModelKind::kClip, source));
  const auto again =
      import(ModelKind::kClip, source, {.choices = {.activation = Activation::kQuickGelu}});
  ASSERT_TRUE(again) << "the same bytes only get a new manifest";
  EXPECT_EQ(find_model(file_system_, root(), ModelKind::kClip)->choices.activation,
            Activation::kQuickGelu);
  write(source, testing::make_clip_weights(testing::kTinyClip, 8));
  EXPECT_EQ(import(ModelKind::kClip, source).error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(verify_model(file_system_, list_models(file_system_, root())->front(), {}));
  ASSERT_TRUE(import(ModelKind::kClip, source, {.replace = ReplaceModel::kAllow}));
  EXPECT_TRUE(verify_model(file_system_, list_models(file_system_, root())->front(), {}));
}

TEST_F(ModelFolder, VerifySeesBytesThatChanged) {
  ASSERT_TRUE(import(ModelKind::kRanker, kModelSources / "ranker_plain.pt"));
  auto bytes =
      files::read_file(file_system_, stored("ranker_plain.pt"), ByteCount(1U << 22U)).value();
  bytes[300'000] = static_cast<char>(bytes[300'000] + 1);
  write(stored("ranker_plain.pt"), bytes);
  write(stored("by_hand.pt"), bytes);
  const auto models = list_models(file_system_, root());
  ASSERT_EQ(models->size(), 2U);
  EXPECT_EQ(verify_model(file_system_, models->at(0), {}).error().code, ErrorCode::kCorrupt);
  EXPECT_NE(verify_model(file_system_, models->at(1), {}).error().message.find("SHA-256"),
            std::string::npos);
}

TEST(ModelManifest, IsRefusedWhereAMemberIsWrong) {
  ModelManifest manifest{.kind = ModelKind::kCrop,
                         .file = "a.pt",
                         .shape = "514-4",
                         .size = ByteCount(5),
                         .digest = Sha256(Sha256::Bytes{}),
                         .source = "/x",
                         .imported = kNow,
                         .choices = {}};
  const std::string json = to_json(manifest);
  ASSERT_TRUE(parse_manifest(json));
  for (const std::string_view member : {"\"version\": 1", "\"crop\"", "\"a.pt\"", "\"raw\"",
                                        "\"gelu\"", "2048", "00000000", ": 5"}) {
    std::string broken = json;
    broken.replace(broken.find(member), member.size(), member == ": 5" ? ": -5" : "[]");
    EXPECT_FALSE(parse_manifest(broken)) << broken;
  }
}

}  // namespace
}  // namespace assay::models

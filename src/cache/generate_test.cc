#include "cache/generate.h"

#include "cache/rescan.h"
#include "cache/scene_generator.h"
#include "cache/testing/cache_fixture.h"
#include "files/atomic_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace assay::cache {
namespace {

namespace fs = std::filesystem;
using testing::CacheFixture;

constexpr images::ImageSize kSmall{.width = 128, .height = 72};

GenerateOptions small(GenerateGoal goal, std::uint64_t number,
                      CacheKind cache = CacheKind::kTextToImage) {
  return {.cache = cache,
          .goal = goal,
          .number = number,
          .size = kSmall,
          .seed = 7,
          .min_free_bytes = {}};
}

std::vector<Item> items_in(Store& store, CacheKind kind) {
  std::vector<Item> items;
  EXPECT_TRUE(
      store.index().for_each_in(folder_of(kind), [&](const Item& item) { items.push_back(item); }));
  return items;
}

GenerateReport made(Store& store, const ImageGenerator& generator, const GenerateOptions& options) {
  auto report = generate(store, generator, options);
  EXPECT_TRUE(report) << report.error().message;
  return report ? *report : GenerateReport();
}

std::string sidecar_of(CacheFixture& fixture, Store& store, const Item& item) {
  return files::read_file(fixture.file_system, store.sidecar_of(item), kMaxSidecarSize)
      .value_or("none");
}

/// Gives gray, with a little noise on it.
class BlankGenerator final : public ImageGenerator {
 public:
  GeneratorCapabilities capabilities() const override {
    return {.name = "blank", .model_name = "blank", .makes_from_text = true};
  }
  std::string objection_to(const GenerationSource&) const override { return "never"; }
  Result<std::string> prompt_for(const GenerationRequest&, const std::stop_token&) const override {
    return "words";
  }
  Result<GeneratedImage> generate(const GenerationRequest& request, std::string_view,
                                  const OnGenerationProgress&,
                                  const std::stop_token&) const override {
    images::Image image = images::Image::with_size(request.size);
    SeededRandom random(request.seed);
    for (std::uint8_t& sample : image.pixels()) {
      sample = static_cast<std::uint8_t>(100 + random.below(4));
    }
    return GeneratedImage{.image = std::move(image)};
  }
};

/// Always the same scene, each time in other bytes.
class RepeatingGenerator final : public ImageGenerator {
 public:
  GeneratorCapabilities capabilities() const override {
    return {.name = "repeat", .model_name = "repeat", .makes_from_text = true};
  }
  std::string objection_to(const GenerationSource&) const override { return "never"; }
  Result<std::string> prompt_for(const GenerationRequest&, const std::stop_token&) const override {
    return "words";
  }
  Result<GeneratedImage> generate(const GenerationRequest& request, std::string_view,
                                  const OnGenerationProgress&,
                                  const std::stop_token&) const override {
    images::Image image =
        images::draw_scene(images::plan_scene(1, images::SceneLabel::kNone), request.size);
    image.pixels()[0] = static_cast<std::uint8_t>(request.seed);
    return GeneratedImage{.image = std::move(image)};
  }
};

/// Loads for long: only once it is needed.
class HeavyGenerator final : public ImageGenerator {
 public:
  Status prepare(const std::stop_token&) const override {
    ++num_prepared;
    return {};
  }
  GeneratorCapabilities capabilities() const override {
    GeneratorCapabilities known = scenes_.capabilities();
    if (num_prepared > 0) known.variant = "loaded";
    return known;
  }
  std::string objection_to(const GenerationSource& source) const override {
    return scenes_.objection_to(source);
  }
  Result<std::string> prompt_for(const GenerationRequest& request,
                                 const std::stop_token& stop) const override {
    return scenes_.prompt_for(request, stop);
  }
  Result<GeneratedImage> generate(const GenerationRequest& request, std::string_view prompt,
                                  const OnGenerationProgress& on_progress,
                                  const std::stop_token& stop) const override {
    return scenes_.generate(request, prompt, on_progress, stop);
  }

  mutable std::atomic<int> num_prepared = 0;

 private:
  SceneGenerator scenes_;
};

TEST(Generate, LoadsAGeneratorOnlyWhenSomethingIsMissing) {
  CacheFixture fixture;
  const auto store = fixture.open();
  ASSERT_EQ(made(*store, SceneGenerator(), small(GenerateGoal::kStock, 1)).num_missing, 0U);
  const HeavyGenerator heavy;
  EXPECT_EQ(made(*store, heavy, small(GenerateGoal::kStock, 1)).num_wanted, 0U);
  EXPECT_EQ(heavy.num_prepared, 0);
  EXPECT_EQ(made(*store, heavy, small(GenerateGoal::kStock, 2)).num_missing, 0U);
  EXPECT_EQ(heavy.num_prepared, 1);
  EXPECT_TRUE(std::ranges::any_of(items_in(*store, CacheKind::kTextToImage), [](const Item& item) {
    return item.name.starts_with("scene-loaded-");
  })) << "names say what is known once it is loaded";
}

TEST(Generate, LeavesOutWhatLooksLikeAnother) {
  CacheFixture fixture;
  const auto store = fixture.open();
  const GenerateReport report = made(*store, RepeatingGenerator(), small(GenerateGoal::kStock, 1));
  EXPECT_EQ(report.count(GenerateOutcome::kAdded), 1U);
  EXPECT_GT(report.count(GenerateOutcome::kNearDuplicate), 5U);
  EXPECT_EQ(report.num_missing, 1U);
}

TEST(Generate, FillsEachLabelToItsTargetAndThenMakesNothing) {
  CacheFixture fixture;
  const auto store = fixture.open();
  const GenerateReport report = made(*store, SceneGenerator(), small(GenerateGoal::kStock, 3));
  EXPECT_EQ(report.count(GenerateOutcome::kAdded), 6U);
  EXPECT_EQ(report.num_missing, 0U);
  std::map<Label, int> counts;
  for (const Item& item : items_in(*store, CacheKind::kTextToImage)) ++counts[*item.label];
  EXPECT_EQ(counts[Label::kRoadwork], 3);
  EXPECT_EQ(counts[Label::kNone], 3);
  const GenerateReport again = made(*store, SceneGenerator(), small(GenerateGoal::kStock, 3));
  EXPECT_EQ(again.num_wanted, 0U);
  // Nothing that another scan would change.
  const auto scanned = rescan(*store, ScanDepth::kFiles);
  ASSERT_TRUE(scanned);
  EXPECT_EQ(scanned->num_new + scanned->num_changed + scanned->num_gone, 0U);
}

TEST(Generate, GoesOnWhereTheSameSeedStopped) {
  CacheFixture fixture;
  const auto store = fixture.open();
  made(*store, SceneGenerator(), small(GenerateGoal::kCount, 3));
  const GenerateReport report = made(*store, SceneGenerator(), small(GenerateGoal::kCount, 5));
  EXPECT_EQ(report.count(GenerateOutcome::kAlreadyThere), 3U);
  EXPECT_EQ(report.count(GenerateOutcome::kAdded), 2U);
}

TEST(Generate, WritesSidecarsThatOthersReadAndThatGiveTheImageAgain) {
  CacheFixture fixture;
  const auto store = fixture.open();
  made(*store, SceneGenerator(), small(GenerateGoal::kCount, 2));
  for (const Item& item : items_in(*store, CacheKind::kTextToImage)) {
    const std::string text = sidecar_of(fixture, *store, item);
    const Sidecar sidecar = read_sidecar(text);
    EXPECT_EQ(sidecar.state, ItemState::kReady);
    EXPECT_EQ(sidecar.source, "assay-scene");
    for (const char* name : {"prompt", "prompt_long", "time", "model_name", "gen_time",
                             "mask_center", "label", "scene_description"}) {
      EXPECT_NE(text.find("\"" + std::string(name) + "\":"), std::string::npos) << name;
    }
    const auto origin = read_generation(text);
    ASSERT_TRUE(origin);
    EXPECT_EQ(origin->model_name, "assay-scene");
    const GenerationRequest request{.label = *item.label, .seed = origin->seed, .size = kSmall};
    EXPECT_EQ(SceneGenerator().prompt_for(request, {}).value(), origin->prompt);
  }
}

TEST(Generate, ChangesScenesAndRefusesPhotos) {
  CacheFixture fixture;
  fixture.drop("Roadwork/image/photo.jpg", testing::jpeg_picture(1));
  fixture.drop("Roadwork/image/photo.json", R"({"label": 0, "scene_description": ""})");
  const auto store = fixture.open();
  ASSERT_TRUE(rescan(*store, ScanDepth::kFiles));
  GenerateOptions works = small(GenerateGoal::kCount, 2);
  works.labels = {Label::kRoadwork};
  made(*store, SceneGenerator(), works);
  const GenerateReport report =
      made(*store, SceneGenerator(), small(GenerateGoal::kStock, 3, CacheKind::kImageToImage));
  EXPECT_EQ(report.count(GenerateOutcome::kAdded), 3U);
  EXPECT_EQ(report.num_missing, 3U);
  EXPECT_EQ(report.without_source, std::vector<Label>{Label::kNone});
  ASSERT_EQ(report.refused.size(), 1U);
  EXPECT_EQ(report.refused[0].name, "photo.jpg");
  EXPECT_NE(report.refused[0].reason.find("no drawing of assay-scene"), std::string::npos);
  for (const Item& item : items_in(*store, CacheKind::kImageToImage)) {
    const auto origin = read_generation(sidecar_of(fixture, *store, item));
    ASSERT_TRUE(origin);
    EXPECT_TRUE(origin->source_seed);
    EXPECT_NE(origin->source_item, "");
    EXPECT_EQ(item.facts->size, kSmall);
    const GenerationSource source{
        .name = item.name, .label = *item.label, .size = kSmall, .origin = origin};
    EXPECT_NE(SceneGenerator().objection_to(source), "") << "changed once is enough";
  }
}

TEST(SceneGenerator, RefusesASceneWhoseLabelAPersonChanged) {
  const SceneGenerator generator;
  const GenerationRequest drawn{.label = Label::kNone, .seed = 5};
  GenerationSource source{.name = "scene.png", .label = Label::kNone, .size = kSmall};
  source.origin = GenerationOrigin{.generator = "scene",
                                   .version = 1,
                                   .prompt = generator.prompt_for(drawn, {}).value(),
                                   .seed = 5};
  EXPECT_EQ(generator.objection_to(source), "");
  source.label = Label::kRoadwork;
  EXPECT_NE(generator.objection_to(source), "");
  source.label = Label::kNone;
  source.origin->version = 2;
  EXPECT_NE(generator.objection_to(source), "");
}

TEST(Generate, RefusesBlankImagesAndGivesUp) {
  CacheFixture fixture;
  const auto store = fixture.open();
  const GenerateReport report = made(*store, BlankGenerator(), small(GenerateGoal::kStock, 2));
  EXPECT_EQ(report.count(GenerateOutcome::kAdded), 0U);
  EXPECT_EQ(report.count(GenerateOutcome::kBlank), 32U);
  EXPECT_EQ(report.num_missing, 4U);
  EXPECT_TRUE(items_in(*store, CacheKind::kTextToImage).empty());
}

TEST(Generate, StopsAndKeepsWhatIsDone) {
  CacheFixture fixture;
  const auto store = fixture.open();
  std::stop_source stop;
  GenerateOptions options = small(GenerateGoal::kStock, 50);
  options.batch_size = 2;
  const auto report = generate(
      *store, SceneGenerator(), options,
      [&](std::uint64_t done, std::uint64_t) {
        if (done >= 4) stop.request_stop();
      },
      stop.get_token());
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(items_in(*store, CacheKind::kTextToImage).size(), 4U);
}

TEST(Generate, LeavesRoomOnTheDisk) {
  CacheFixture fixture;
  const auto store = fixture.open();
  GenerateOptions options = small(GenerateGoal::kStock, 1);
  options.min_free_bytes = ByteCount(1'000'000'000'000'000);
  const auto report = generate(*store, SceneGenerator(), options);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(items_in(*store, CacheKind::kTextToImage).empty());
}

/// Fails every time, or every second time.
class FailingGenerator final : public ImageGenerator {
 public:
  FailingGenerator(Error error, std::uint64_t period) : error_(std::move(error)), period_(period) {}

  GeneratorCapabilities capabilities() const override {
    return {.name = "failing",
            .model_name = "tester/model",
            .makes_from_text = true,
            .makes_from_image = true,
            .reads_images = true,
            .wants_examples = true,
            .settings = {.steps = 4, .guidance = 7.5, .strength = 0.5, .scheduler = "euler"},
            .variant = "abcd1234"};
  }
  std::string objection_to(const GenerationSource&) const override { return ""; }
  Result<std::string> prompt_for(const GenerationRequest& request,
                                 const std::stop_token&) const override {
    return request.example ? fmt::format("like {} of {} bytes", request.example->name,
                                         request.example->encoded.size())
                           : "words";
  }
  Result<GeneratedImage> generate(const GenerationRequest& request, std::string_view,
                                  const OnGenerationProgress&,
                                  const std::stop_token&) const override {
    if (++num_calls_ % period_ == 0) return Error(error_);
    if (request.source) num_source_bytes_ += request.source->encoded.size();
    return GeneratedImage{
        .image = images::draw_scene(images::plan_scene(request.seed, images::SceneLabel::kNone),
                                    request.size),
        .seed = request.seed % 1000};
  }
  std::uint64_t num_source_bytes() const { return num_source_bytes_; }

 private:
  Error error_;
  std::uint64_t period_;
  mutable std::atomic<std::uint64_t> num_calls_ = 0;
  mutable std::atomic<std::uint64_t> num_source_bytes_ = 0;
};

TEST(Generate, APhotoThatGoesOrIsLabelledAnewMeanwhileIsUsedNoMore) {
  CacheFixture fixture;
  for (const std::string stem : {"gone", "other", "same"}) {
    fixture.drop("Roadwork/image/" + stem + ".jpg", testing::jpeg_picture(stem.size(), 320, 240));
    fixture.drop("Roadwork/image/" + stem + ".json", R"({"label": 0, "scene_description": ""})");
  }
  const auto store = fixture.open();
  ASSERT_TRUE(rescan(*store, ScanDepth::kFiles));
  const FailingGenerator generator(corrupt("half a picture"), 1'000'000);
  GenerateOptions options = small(GenerateGoal::kCount, 40, CacheKind::kImageToImage);
  options.labels = {Label::kNone};
  std::size_t num_before = 0;
  const auto report = generate(*store, generator, options, [&](std::uint64_t, std::uint64_t) {
    if (num_before > 0) return;
    num_before = items_in(*store, CacheKind::kImageToImage).size();
    fs::remove(store->layout().root() / "Roadwork/image/gone.jpg");
    fixture.drop("Roadwork/image/other.json", R"({"label": 1, "scene_description": "cones"})");
  });
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_missing, 0U);
  ASSERT_LT(num_before, 40U);
  std::map<std::string, std::size_t> uses;
  for (const Item& item : items_in(*store, CacheKind::kImageToImage)) {
    ++uses[read_generation(sidecar_of(fixture, *store, item))->source_item];
  }
  EXPECT_LE(uses["gone.jpg"] + uses["other.jpg"], num_before);
  EXPECT_GE(uses["same.jpg"], 40 - num_before);
}

TEST(Generate, CountsImagesThatFailAndMakesOthers) {
  CacheFixture fixture;
  const auto store = fixture.open();
  const FailingGenerator generator(corrupt("half a picture"), 2);
  const GenerateReport report = made(*store, generator, small(GenerateGoal::kStock, 3));
  EXPECT_EQ(report.count(GenerateOutcome::kAdded), 6U);
  EXPECT_GE(report.count(GenerateOutcome::kFailed), 5U);
  EXPECT_EQ(report.num_missing, 0U);
  ASSERT_FALSE(report.failed.empty());
  EXPECT_EQ(report.failed[0].reason, "half a picture");
}

TEST(Generate, GivesUpWhenImageAfterImageFails) {
  CacheFixture fixture;
  const auto store = fixture.open();
  const FailingGenerator generator(invalid_input("no such size"), 1);
  const auto report = generate(*store, generator, small(GenerateGoal::kStock, 50));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(report.error().message,
            "8 images in a row could not be made, the last one: no such size");
}

TEST(Generate, EndsAtOnceWhenTheServiceIsGone) {
  CacheFixture fixture;
  const auto store = fixture.open();
  const FailingGenerator generator(denied("who are you?"), 1);
  const auto report = generate(*store, generator, small(GenerateGoal::kStock, 50));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().message, "who are you?");
}

TEST(Generate, KeepsWhatWasMadeBeforeTheServiceFailed) {
  CacheFixture fixture;
  const auto store = fixture.open();
  const FailingGenerator generator(unavailable("too many requests"), 4);
  const auto report = generate(*store, generator, small(GenerateGoal::kStock, 50));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().message, "too many requests");
  EXPECT_GE(items_in(*store, CacheKind::kTextToImage).size(), 3U);
  const auto scanned = rescan(*store, ScanDepth::kFiles);
  ASSERT_TRUE(scanned);
  EXPECT_EQ(scanned->num_new + scanned->num_changed + scanned->num_gone, 0U);
}

TEST(Generate, WritesHowAModelWasAskedAndWhatItSaw) {
  CacheFixture fixture;
  const std::string photo = testing::jpeg_picture(1, 128, 72);
  fixture.drop("Roadwork/image/photo.jpg", photo);
  fixture.drop("Roadwork/image/photo.json", R"({"label": 0, "scene_description": ""})");
  const auto store = fixture.open();
  ASSERT_TRUE(rescan(*store, ScanDepth::kFiles));
  const FailingGenerator generator(corrupt("x"), 1000);
  GenerateOptions options = small(GenerateGoal::kCount, 1);
  options.labels = {Label::kNone};
  made(*store, generator, options);
  const auto from_text = items_in(*store, CacheKind::kTextToImage);
  ASSERT_EQ(from_text.size(), 1U);
  EXPECT_TRUE(from_text[0].name.starts_with("failing-abcd1234-none-")) << from_text[0].name;
  auto origin = read_generation(sidecar_of(fixture, *store, from_text[0]));
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->prompt, fmt::format("like photo.jpg of {} bytes", photo.size()));
  GenerationSettings expected = generator.capabilities().settings;
  expected.strength.reset();
  EXPECT_EQ(origin->settings, expected) << "no strength without a source";
  EXPECT_LT(origin->seed, 1000U) << "the one that the model used";

  ASSERT_TRUE(rescan(*store, ScanDepth::kFiles));
  options.cache = CacheKind::kImageToImage;
  options.number = 2;
  options.seed = 8;
  made(*store, generator, options);
  EXPECT_GT(generator.num_source_bytes(), photo.size());
  std::vector<std::string> sources;
  for (const Item& item : items_in(*store, CacheKind::kImageToImage)) {
    origin = read_generation(sidecar_of(fixture, *store, item));
    ASSERT_TRUE(origin);
    EXPECT_EQ(origin->settings.strength, 0.5);
    sources.push_back(origin->source_item);
    EXPECT_EQ(origin->source_seed.has_value(), origin->source_item != "photo.jpg");
  }
  EXPECT_NE(std::ranges::find(sources, "photo.jpg"), sources.end());
  EXPECT_NE(std::ranges::find(sources, from_text[0].name), sources.end());
}

TEST(ScenePrompt, NamesWhatIsDrawnAndNothingElse) {
  const auto has = [](const std::string& text, std::initializer_list<const char*> words) {
    return std::ranges::any_of(words, [&](const char* word) { return text.contains(word); });
  };
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const images::Scene scene = images::plan_scene(seed, images::SceneLabel::kRoadwork);
    const std::string works = scene_prompt(scene, seed);
    EXPECT_EQ(has(works, {"cones"}), scene.works.has_cones) << works;
    EXPECT_EQ(has(works, {"digger", "excavator"}), scene.works.has_digger) << works;
    EXPECT_EQ(has(works, {"workers"}), scene.works.has_workers) << works;
    EXPECT_EQ(has(works, {"sign"}), scene.works.has_sign) << works;
    EXPECT_EQ(has(works, {"at night", "in the dark"}), scene.light == images::SceneLight::kNight)
        << works;
    const std::string none =
        scene_prompt(images::plan_scene(seed, images::SceneLabel::kNone), seed);
    EXPECT_FALSE(has(none, {"cones", "drums", "digger", "workers", "sign", "roadwork"})) << none;
    EXPECT_TRUE(has(none, {"Draw", "draw"})) << none;
  }
}

}  // namespace
}  // namespace assay::cache

#include "miner/prompt_scene.h"

#include <gtest/gtest.h>

namespace assay::miner {
namespace {

using images::SceneLabel;

TEST(PromptScene, HasWorksWhenThePromptDoes) {
  for (const char* prompt :
       {"Drawing of a highway with 3 lanes, roadwork on the left: an open trench.",
        "Road works ahead", "a work zone at night"}) {
    EXPECT_EQ(scene_of_prompt(prompt, 1).label, SceneLabel::kRoadwork) << prompt;
  }
  for (const char* prompt : {"Drawing of a city street, free of works.", "a cat",
                             "a motorway, the road is clear", "a road without roadwork"}) {
    EXPECT_EQ(scene_of_prompt(prompt, 1).label, SceneLabel::kNone) << prompt;
  }
}

TEST(PromptScene, IsWhereAndWhenThePromptSays) {
  const auto scene = scene_of_prompt("A Country Road at dusk in falling snow", 9);
  EXPECT_EQ(scene.place, images::ScenePlace::kCountry);
  EXPECT_EQ(scene.light, images::SceneLight::kDusk);
  EXPECT_EQ(scene.weather, images::SceneWeather::kSnow);
}

TEST(PromptScene, FollowsItsSeed) {
  EXPECT_EQ(scene_of_prompt("a road", 4).num_vehicles,
            images::plan_scene(4, SceneLabel::kNone).num_vehicles);
}

}  // namespace
}  // namespace assay::miner

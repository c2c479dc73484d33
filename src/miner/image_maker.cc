#include "miner/image_maker.h"

#include "miner/prompt_scene.h"

namespace assay::miner {

Result<images::Image> SceneMaker::make(const ImageOrder& order, const std::stop_token& /*stop*/) {
  return images::draw_scene(scene_of_prompt(order.prompt, order.seed), order.size);
}

}  // namespace assay::miner

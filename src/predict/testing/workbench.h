/// \file
/// What a run of projects needs, with fake models, in a folder of its own.

#pragma once

#include "core/random.h"
#include "core/sha256.h"
#include "core/testing/fake_clock.h"
#include "files/file_system.h"
#include "files/testing/temporary_folder.h"
#include "models/mlp_head.h"
#include "predict/embedding_store.h"
#include "predict/known_images.h"
#include "predict/project_run.h"
#include "predict/testing/fake_models.h"

#include <filesystem>
#include <memory>

namespace assay::predict::testing {

class Workbench {
 public:
  Workbench();

  std::filesystem::path root() const { return folder_.path(); }
  FakeEmbedder& embedder() { return embedder_; }
  /// Of the open store.
  ProjectTools tools();
  /// Go on with the store in `folder`, which is made if it is absent.
  void open_store(const std::filesystem::path& folder);

 private:
  files::testing::TemporaryFolder folder_;
  SeededRandom random_{5};
  assay::testing::FakeClock clock_;
  FakeEmbedder embedder_;
  models::MlpHead ranker_ = red_ranker();
  models::MlpHead crop_ = middle_crop();
  std::unique_ptr<EmbeddingStore> store_;
  std::unique_ptr<KnownImages> known_;
  Sha256 variant_{Sha256::Bytes{}};
};

}  // namespace assay::predict::testing

/// \file
/// What a run of projects needs, with fake models, in a folder of its own.

#pragma once

#include "core/random.h"
#include "core/sha256.h"
#include "core/testing/fake_clock.h"
#include "embedding/testing/fake_models.h"
#include "embedding_store/embedding_store.h"
#include "embedding_store/known_images.h"
#include "files/file_system.h"
#include "files/testing/temporary_folder.h"
#include "models/mlp_head.h"
#include "predict/project_run.h"

#include <filesystem>
#include <memory>

namespace assay::predict::testing {

class Workbench {
 public:
  Workbench();

  std::filesystem::path root() const { return folder_.path(); }
  embedding::testing::FakeEmbedder& embedder() { return embedder_; }
  /// Of the open store.
  ProjectTools tools();
  /// Go on with the store in `folder`, which is made if it is absent.
  void open_store(const std::filesystem::path& folder);

 private:
  files::testing::TemporaryFolder folder_;
  SeededRandom random_{5};
  assay::testing::FakeClock clock_;
  embedding::testing::FakeEmbedder embedder_;
  models::MlpHead ranker_ = embedding::testing::red_ranker();
  models::MlpHead crop_ = embedding::testing::middle_crop();
  std::unique_ptr<embedding_store::EmbeddingStore> store_;
  std::unique_ptr<embedding_store::KnownImages> known_;
  Sha256 variant_{Sha256::Bytes{}};
};

}  // namespace assay::predict::testing

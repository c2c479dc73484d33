#include "predict/testing/workbench.h"

namespace assay::predict::testing {

Workbench::Workbench() { open_store(root() / "store"); }

void Workbench::open_store(const std::filesystem::path& folder) {
  files::FileSystem& file_system = files::posix_file_system();
  store_ = embedding_store::EmbeddingStore::open(file_system, folder, random_).value();
  known_ = embedding_store::KnownImages::open(file_system, folder, random_).value();
  variant_ = store_->add_variant(
      {.model = Sha256({}), .activation = "gelu", .preprocessing = "test", .precision = "fp32"});
}

ProjectTools Workbench::tools() {
  return {.file_system = files::posix_file_system(),
          .clock = clock_,
          .store = *store_,
          .known = *known_,
          .embedder = embedder_,
          .heads = {.ranker = ranker_, .crop = crop_},
          .variant = variant_};
}

}  // namespace assay::predict::testing

#include "embedding_store/old_cache.h"

#include "core/random.h"
#include "crypto/digest.h"
#include "embedding_store/npy.h"
#include "embedding_store/testing/numbered_keys.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

namespace assay::embedding_store {
namespace {

using files::testing::SimulatedFileSystem;
using testing::variant;

const OldCachePlace kPlace = {.base = "/project"};

std::vector<float> vector_of(float first) {
  std::vector<float> vector(512, 0.5F);
  vector[0] = first;
  return vector;
}

class OldCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = EmbeddingStore::open(file_system_, "/store", random_);
    ASSERT_TRUE(store);
    store_ = std::move(*store);
    variant_ = store_->add_variant(variant());
  }

  void put(const std::filesystem::path& path, std::string_view text) {
    ASSERT_TRUE(file_system_.create_folders(path.parent_path()));
    auto file = file_system_.open(path, files::OpenMode::kAppend);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->append(as_bytes(text)));
  }

  OldCacheImport import() {
    auto report = import_old_cache(file_system_, *store_, variant(), {}, kPlace, {});
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : OldCacheImport();
  }

  EmbeddingKey key_of(std::string_view content) const {
    return {.content = crypto::sha256(content), .variant = *variant_};
  }

  SimulatedFileSystem file_system_;
  SeededRandom random_{3};
  std::unique_ptr<EmbeddingStore> store_;
  std::optional<Sha256> variant_;
};

TEST_F(OldCacheTest, ReadsBothForms) {
  put("/project/a.png", "image a");
  put("/elsewhere/b.png", "image b");
  put("/project/c.png", "image c");
  put("/project/data/ai_data/embeddings/00000000000000aa.npy", npy_of(vector_of(1)));
  put("/project/data/ai_data/embeddings/00000000000000bb.npy", npy_of(vector_of(2)));
  put("/project/data/ai_data/cache/embeddings/00000000000000cc.npy", npy_of(vector_of(3)));
  put("/project/data/ai_data/cache/processed_images.jsonl",
      R"({"image_path": "a.png", "embedding_file": "data/ai_data/embeddings/00000000000000aa.npy", "hash": "00000000000000aa"})"
      "\n"
      R"({"image_path": "/elsewhere/b.png", "embedding_file": "data/ai_data/embeddings/00000000000000bb.npy", "hash": "00000000000000bb"})"
      "\n"
      R"({"image_path": "c.png", "embedding_file": "cc.npy", "hash": "00000000000000cc"})"
      "\n");
  const OldCacheImport report = import();
  EXPECT_EQ(report.num_imported, 3U);
  EXPECT_TRUE(report.examples.empty());
  EXPECT_EQ(**store_->find(key_of("image a")), vector_of(1));
  EXPECT_EQ(**store_->find(key_of("image b")), vector_of(2));
  EXPECT_EQ(**store_->find(key_of("image c")), vector_of(3));
  EXPECT_EQ(import().num_known, 3U);
}

TEST_F(OldCacheTest, EachLineThatCannotBeTrustedIsCounted) {
  const auto line = [](std::string_view image, std::string_view npy) {
    return R"({"image_path": ")" + std::string(image) +
           R"(", "embedding_file": "data/ai_data/embeddings/)" + std::string(npy) +
           R"(.npy", "hash": ")" + std::string(npy) + "\"}\n";
  };
  for (const std::string name : {"stale", "bad", "short", "unit", "nan", "twice"}) {
    if (name != "stale") put("/project/" + name + ".png", "image " + name);
  }
  const std::string folder = "/project/data/ai_data/embeddings/";
  put(folder + "stale.npy", npy_of(vector_of(1)));
  put("/project/stale.png", "image stale");
  put(folder + "noimage.npy", npy_of(vector_of(1)));
  put(folder + "bad.npy", "no numpy file");
  put(folder + "short.npy", npy_of(std::vector<float>(511, 1.0F)));
  put(folder + "unit.npy", npy_of(std::vector<float>(512, 1.0F / std::sqrt(512.0F))));
  put(folder + "nan.npy", npy_of(vector_of(std::nanf(""))));
  put(folder + "twice.npy", npy_of(vector_of(7)));
  put("/project/data/ai_data/cache/processed_images.jsonl",
      "{\"filename\": \"x\"}\nhalf\n\n" + line("twice.png", "gone") + line("stale.png", "stale") +
          line("noimage.png", "noimage") + line("bad.png", "bad") + line("short.png", "short") +
          line("unit.png", "unit") + line("nan.png", "nan") + line("twice.png", "twice") +
          line("bad.png", "gone"));
  const OldCacheImport report = import();
  EXPECT_EQ(report.num_lines, 11U);
  EXPECT_EQ(report.num_unreadable, 2U);
  EXPECT_EQ(report.num_superseded, 2U);
  EXPECT_EQ(report.num_no_vector, 1U);
  EXPECT_EQ(report.num_no_image, 1U);
  EXPECT_EQ(report.num_bad_vectors, 2U);
  EXPECT_EQ(report.num_normalised, 1U);
  EXPECT_EQ(report.num_stale, 1U);
  EXPECT_EQ(report.num_imported, 1U);
  EXPECT_TRUE(store_->contains(key_of("image twice")));
  EXPECT_FALSE(store_->contains(key_of("image unit")));
}

TEST(OldCache, AnImageYoungerThanItsVectorIsNotTrusted) {
  const files::testing::TemporaryFolder folder;
  files::FileSystem& file_system = files::posix_file_system();
  SeededRandom random(4);
  const auto store = EmbeddingStore::open(file_system, folder.path() / "store", random);
  ASSERT_TRUE(store) << store.error().message;
  const auto vectors = folder.path() / "data/ai_data/embeddings";
  for (const std::string name : {"old", "new"}) {
    ASSERT_TRUE(files::write_file(file_system, folder.path() / (name + ".png"), name));
    ASSERT_TRUE(files::write_file(file_system, vectors / (name + ".npy"), npy_of(vector_of(1))));
    const auto hours = std::chrono::hours(name == "old" ? -1 : 1);
    std::filesystem::last_write_time(
        folder.path() / (name + ".png"),
        std::filesystem::last_write_time(vectors / (name + ".npy")) + hours);
  }
  ASSERT_TRUE(files::write_file(
      file_system, folder.path() / "data/ai_data/cache/processed_images.jsonl",
      R"({"image_path": "old.png", "embedding_file": "data/ai_data/embeddings/old.npy"})"
      "\n"
      R"({"image_path": "new.png", "embedding_file": "data/ai_data/embeddings/new.npy"})"
      "\n"));
  const auto report =
      import_old_cache(file_system, **store, variant(), {}, {.base = folder.path()}, {});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_imported, 1U);
  EXPECT_EQ(report->num_stale, 1U);
}

TEST_F(OldCacheTest, WhatIsExportedIsImportedAgain) {
  std::vector<ExportedImage> images;
  std::vector<Embedding> embeddings;
  for (int i = 0; i < 3; ++i) {
    const std::string name = "faces/" + std::to_string(i) + ".png";
    put("/project/" + name, name);
    images.push_back({.image_path = name, .key = key_of(name)});
    if (i < 2)
      embeddings.push_back({.key = key_of(name), .vector = vector_of(static_cast<float>(i))});
  }
  ASSERT_TRUE(store_->put(embeddings));
  for (const OldCacheForm form : {OldCacheForm::kLoggedPath, OldCacheForm::kAbsolutePath}) {
    const auto report = export_old_cache(file_system_, *store_, variant(), images, form, kPlace);
    ASSERT_TRUE(report) << report.error().message;
    const bool is_first = form == OldCacheForm::kLoggedPath;
    EXPECT_EQ(report->num_written, is_first ? 2U : 0U);
    EXPECT_EQ(report->num_listed_before, is_first ? 0U : 2U);
    EXPECT_EQ(report->num_absent, 1U);
  }
  const std::string hash = crypto::sha256("faces/0.png").to_hex().substr(0, 16);
  EXPECT_EQ(file_system_.content("/project/data/ai_data/embeddings/" + hash + ".npy"),
            npy_of(vector_of(0)));
  EXPECT_TRUE(file_system_.content("/project/data/ai_data/cache/processed_images.jsonl")
                  ->starts_with(R"({"image_path": "faces/0.png", "embedding_file": )"
                                R"("data/ai_data/embeddings/)" +
                                hash + R"(.npy", "hash": ")" + hash +
                                R"(", "variant": {"activation":)"));
  // A file that was lost comes again; the list may tell of it for long.
  ASSERT_TRUE(file_system_.remove("/project/data/ai_data/embeddings/" + hash + ".npy"));
  const auto again =
      export_old_cache(file_system_, *store_, variant(), images, OldCacheForm::kLoggedPath, kPlace);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->num_written, 1U);
  EXPECT_EQ(again->num_listed_before, 1U);
  EXPECT_EQ(file_system_.content("/project/data/ai_data/embeddings/" + hash + ".npy"),
            npy_of(vector_of(0)));
  auto other = EmbeddingStore::open(file_system_, "/other", random_);
  ASSERT_TRUE(other);
  const auto report = import_old_cache(file_system_, **other, variant(), {}, kPlace, {});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->num_imported, 2U);
}

TEST_F(OldCacheTest, AFileOfAnotherVectorIsWrittenAgainWhereItLies) {
  const auto list = [&] {
    return *file_system_.content("/project/data/ai_data/cache/processed_images.jsonl");
  };
  const auto export_content = [&](std::string_view content, OldCacheForm form) {
    const std::vector<ExportedImage> images = {{.image_path = "a.png", .key = key_of(content)}};
    const auto report = export_old_cache(file_system_, *store_, variant(), images, form, kPlace);
    EXPECT_TRUE(report) << report.error().message;
    return *report;
  };
  const auto file =
      "/project/data/ai_data/embeddings/" + crypto::sha256("a.png").to_hex().substr(0, 16) + ".npy";
  ASSERT_TRUE(store_->put(
      std::vector<Embedding>{{.key = key_of("image a"), .vector = vector_of(1)},
                             {.key = key_of("another image a"), .vector = vector_of(2)}}));
  put("/project/a.png", "image a");
  EXPECT_EQ(export_content("image a", OldCacheForm::kLoggedPath).num_written, 1U);
  const std::string first_list = list();
  EXPECT_EQ(export_content("another image a", OldCacheForm::kAbsolutePath).num_written, 1U);
  EXPECT_EQ(file_system_.content(file), npy_of(vector_of(2)));
  EXPECT_EQ(list(), first_list) << "it says all that there is to say";
  EXPECT_EQ(export_content("another image a", OldCacheForm::kLoggedPath).num_listed_before, 1U);
  // What the store does not know it does not contradict.
  EXPECT_EQ(export_content("unknown", OldCacheForm::kLoggedPath).num_listed_before, 1U);
  // The file is sound, but of another precision, which the line has to tell.
  EmbeddingVariant half = variant();
  half.precision = "bf16";
  const EmbeddingKey key{.content = crypto::sha256("image a"),
                         .variant = store_->add_variant(half)};
  ASSERT_TRUE(store_->put(std::vector<Embedding>{{.key = key, .vector = vector_of(3)}}));
  const std::vector<ExportedImage> images = {{.image_path = "a.png", .key = key}};
  const auto report =
      export_old_cache(file_system_, *store_, half, images, OldCacheForm::kLoggedPath, kPlace);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_written, 1U);
  EXPECT_EQ(file_system_.content(file), npy_of(vector_of(3)));
  ASSERT_TRUE(list().starts_with(first_list));
  EXPECT_TRUE(list().substr(first_list.size()).contains("bf16")) << list();
}

TEST(OldCache, AFileOfTheOldToolsIsWrittenAgainOnceItsImageIsYounger) {
  const files::testing::TemporaryFolder folder;
  files::FileSystem& file_system = files::posix_file_system();
  SeededRandom random(4);
  const auto store = EmbeddingStore::open(file_system, folder.path() / "store", random);
  ASSERT_TRUE(store) << store.error().message;
  const Sha256 id = (*store)->add_variant(variant());
  const EmbeddingKey key{.content = crypto::sha256("image"), .variant = id};
  ASSERT_TRUE((*store)->put(std::vector<Embedding>{{.key = key, .vector = vector_of(2)}}));
  const auto file =
      "data/ai_data/embeddings/" + crypto::sha256("a.png").to_hex().substr(0, 16) + ".npy";
  ASSERT_TRUE(files::write_file(file_system, folder.path() / "a.png", "image"));
  ASSERT_TRUE(files::write_file(file_system, folder.path() / file, npy_of(vector_of(1))));
  ASSERT_TRUE(files::write_file(file_system, folder.path() / OldCachePlace().list,
                                R"({"image_path": "a.png", "embedding_file": ")" + file + "\"}\n"));
  const std::vector<ExportedImage> images = {{.image_path = "a.png", .key = key}};
  const auto export_at = [&](std::chrono::hours age_of_image) {
    std::filesystem::last_write_time(
        folder.path() / "a.png",
        std::filesystem::last_write_time(folder.path() / file) - age_of_image);
    const auto report = export_old_cache(file_system, **store, variant(), images,
                                         OldCacheForm::kLoggedPath, {.base = folder.path()});
    EXPECT_TRUE(report) << report.error().message;
    return files::read_file(file_system, folder.path() / file, ByteCount(1U << 20)).value_or("");
  };
  // The same image as another program computes it.
  EXPECT_EQ(export_at(std::chrono::hours(1)), npy_of(vector_of(1)));
  EXPECT_EQ(export_at(std::chrono::hours(-1)), npy_of(vector_of(2)));
}

TEST(OldCache, ExportsAtOnceLoseNoLineOfEachOther) {
  constexpr int kNumThreads = 4;
  constexpr int kNumExports = 10;
  const files::testing::TemporaryFolder folder;
  files::FileSystem& file_system = files::posix_file_system();
  SeededRandom random(5);
  const auto store = EmbeddingStore::open(file_system, folder.path() / "store", random);
  ASSERT_TRUE(store) << store.error().message;
  const EmbeddingKey key{.content = crypto::sha256("image"),
                         .variant = (*store)->add_variant(variant())};
  ASSERT_TRUE((*store)->put(std::vector<Embedding>{{.key = key, .vector = vector_of(1)}}));
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kNumThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < kNumExports; ++i) {
          const std::vector<ExportedImage> images = {
              {.image_path = std::to_string(thread) + "/" + std::to_string(i), .key = key}};
          const auto report = export_old_cache(file_system, **store, variant(), images,
                                               OldCacheForm::kLoggedPath, {.base = folder.path()});
          ASSERT_TRUE(report) << report.error().message;
        }
      });
    }
  }
  const auto list =
      files::read_file(file_system, folder.path() / OldCachePlace().list, ByteCount(1U << 20));
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(std::ranges::count(*list, '\n'), kNumThreads * kNumExports);
}

TEST_F(OldCacheTest, WhatIsExportedComesBackAsWhatItWas) {
  EmbeddingVariant half = variant();
  half.precision = "bf16";
  const EmbeddingKey key{.content = crypto::sha256("image a"),
                         .variant = store_->add_variant(half)};
  put("/project/a.png", "image a");
  ASSERT_TRUE(store_->put(std::vector<Embedding>{{.key = key, .vector = vector_of(4)}}));
  const std::vector<ExportedImage> images = {{.image_path = "a.png", .key = key}};
  ASSERT_TRUE(
      export_old_cache(file_system_, *store_, half, images, OldCacheForm::kLoggedPath, kPlace));
  auto other = EmbeddingStore::open(file_system_, "/other", random_);
  ASSERT_TRUE(other);
  const auto refused = import_old_cache(file_system_, **other, variant(),
                                        {.precision = variant().precision}, kPlace, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidInput);
  ASSERT_TRUE(import_old_cache(file_system_, **other, variant(), {}, kPlace, {}));
  EXPECT_TRUE(*(*other)->find(key));
  EXPECT_FALSE(*(*other)->find(key_of("image a")));
}

TEST_F(OldCacheTest, TheSecondFormIsNamedByTheAbsolutePath) {
  put("/project/a.png", "image a");
  const std::vector<Embedding> embeddings = {{.key = key_of("image a"), .vector = vector_of(4)}};
  ASSERT_TRUE(store_->put(embeddings));
  const std::vector<ExportedImage> images = {{.image_path = "a.png", .key = key_of("image a")}};
  ASSERT_TRUE(export_old_cache(file_system_, *store_, variant(), images,
                               OldCacheForm::kAbsolutePath, kPlace));
  const std::string hash = crypto::sha256("/project/a.png").to_hex().substr(0, 16);
  EXPECT_EQ(file_system_.content("/project/data/ai_data/cache/embeddings/" + hash + ".npy"),
            npy_of(vector_of(4)));
}

TEST_F(OldCacheTest, ImagesOfAFolderAreNamedFromTheBase) {
  put("/project/p/sub/a.png", "image a");
  put("/project/p/notes.txt", "no image");
  put("/elsewhere/b.jpg", "image b");
  const auto below = images_of_folder(file_system_, "/project/p", "/project", *variant_, {});
  ASSERT_TRUE(below) << below.error().message;
  ASSERT_EQ(below->images.size(), 1U);
  EXPECT_EQ(below->images[0].image_path, "p/sub/a.png");
  EXPECT_EQ(below->images[0].key, key_of("image a"));
  const auto outside = images_of_folder(file_system_, "/elsewhere", "/project", *variant_, {});
  ASSERT_TRUE(outside);
  EXPECT_EQ(outside->images.at(0).image_path, "/elsewhere/b.jpg");
}

}  // namespace
}  // namespace assay::embedding_store

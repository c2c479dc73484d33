#include "embedding/vector_table.h"

#include "archives/testing/zip_builder.h"
#include "core/random.h"
#include "core/testing/fake_clock.h"
#include "core/testing/stopped_token.h"
#include "embedding/testing/fake_models.h"
#include "embedding_store/npy.h"
#include "files/atomic_file.h"
#include "files/testing/temporary_folder.h"
#include "tables/file_description.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::embedding {
namespace {

namespace fs = std::filesystem;
using archives::testing::ZipBuilder;
using testing::png_of;

constexpr std::size_t kDimension = 512;

class VectorTable : public ::testing::Test {
 protected:
  VectorTable() {
    store_ = embedding_store::EmbeddingStore::open(file_system_, root() / "store", random_).value();
    known_ = embedding_store::KnownImages::open(file_system_, root() / "store", random_).value();
    variant_ = store_->add_variant(
        {.model = Sha256({}), .activation = "gelu", .preprocessing = "test", .precision = "fp32"});
  }

  fs::path root() const { return folder_.path(); }

  void write_file(const fs::path& name, std::string_view content) const {
    std::ofstream(root() / name, std::ios::binary) << content;
  }

  /// Out of order, with one image that is none and two under one name.
  void write_zip() const {
    ZipBuilder zip;
    zip.add("b.png", png_of(8, 8, 20));
    zip.add("c.png", "not an image");
    zip.add("a.png", png_of(16, 8, 10));
    zip.add("readme.txt", "hello");
    zip.add("d.png", png_of(8, 8, 1));
    zip.add("d.png", png_of(8, 8, 40));
    zip.add("e.png", png_of(8, 8, 20));
    write_file("images.zip", zip.finish());
  }

  Result<VectorTableReport> write(const VectorTableOptions& options,
                                  const std::stop_token& stop = {}) {
    return write_vector_table(
        {.file_system = file_system_,
         .clock = clock_,
         .store = *store_,
         .known = *known_,
         .embedder = embedder_,
         .variant = variant_},
        options, [](std::uint64_t, const EmbeddingFigures&) {}, stop);
  }
  VectorTableOptions options(const fs::path& source = "images.zip") const {
    return {.source = root() / source, .output = root() / "vectors.npy"};
  }

  std::string read(const fs::path& name) {
    return files::read_file(file_system_, root() / name, ByteCount(1 << 20)).value();
  }
  embedding_store::NpyArray matrix() {
    return embedding_store::parse_npy(as_bytes(read("vectors.npy"))).value();
  }

  files::testing::TemporaryFolder folder_;
  files::FileSystem& file_system_ = files::posix_file_system();
  SeededRandom random_{5};
  assay::testing::FakeClock clock_;
  testing::FakeEmbedder embedder_;
  std::unique_ptr<embedding_store::EmbeddingStore> store_;
  std::unique_ptr<embedding_store::KnownImages> known_;
  Sha256 variant_{Sha256::Bytes{}};
};

TEST_F(VectorTable, RowsAreInTheOrderOfThePathsAndEveryEntryHasALine) {
  write_zip();
  const auto report = write(options());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_images, 6U);
  EXPECT_EQ(report->num_vectors, 4U);
  EXPECT_EQ(report->failures,
            (std::map<std::string, std::uint64_t>{{"duplicate", 1}, {"unknown_format", 1}}));
  const embedding_store::NpyArray vectors = matrix();
  ASSERT_EQ(vectors.shape, (std::vector<std::size_t>{4, kDimension}));
  // The mean red of each.
  EXPECT_EQ(vectors.values[0], 10);
  EXPECT_EQ(vectors.values[kDimension], 20);
  EXPECT_EQ(vectors.values[2 * kDimension], 40);
  EXPECT_EQ(vectors.values[3 * kDimension], 20);

  const std::string lines = read("vectors.jsonl");
  EXPECT_TRUE(lines.starts_with(R"({"row":0,"path":"a.png","sha256":")")) << lines;
  EXPECT_TRUE(lines.contains(R"(","width":16,"height":8,"error":null,"message":null})"
                             "\n"
                             R"({"row":1,"path":"b.png",)"))
      << lines;
  EXPECT_TRUE(lines.contains(R"({"row":null,"path":"c.png","sha256":null,"width":null,)"
                             R"("height":null,"error":"unknown_format","message":")"))
      << lines;
  EXPECT_TRUE(lines.contains(R"({"row":null,"path":"d.png",)")) << lines;
  EXPECT_TRUE(lines.contains(R"({"row":2,"path":"d.png",)")) << lines;
  EXPECT_TRUE(lines.contains(R"({"row":3,"path":"e.png",)")) << lines;
}

TEST_F(VectorTable, WorkersAndWhatIsKnownChangeNothing) {
  write_zip();
  ASSERT_TRUE(write(options()));
  const std::string vectors = read("vectors.npy");
  const std::string lines = read("vectors.jsonl");
  const std::uint64_t before = embedder_.num_embedded();
  VectorTableOptions again = options();
  again.num_workers = 3;
  const auto report = write(again);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(embedder_.num_embedded(), before);
  EXPECT_EQ(report->figures.num_reused, 4U);
  EXPECT_EQ(read("vectors.npy"), vectors);
  EXPECT_EQ(read("vectors.jsonl"), lines);
}

TEST_F(VectorTable, AFolderGivesTheSameRowsAsAZip) {
  fs::create_directories(root() / "images/sub");
  write_file("images/b.png", png_of(8, 8, 20));
  write_file("images/sub/a.png", png_of(8, 8, 10));
  const auto report = write(options("images"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->failures.empty());
  EXPECT_EQ(matrix().values[0], 20);
  EXPECT_EQ(matrix().values[kDimension], 10);
  EXPECT_TRUE(read("vectors.jsonl").contains(R"({"row":1,"path":"sub/a.png",)"));
}

TEST_F(VectorTable, ASourceWithoutImagesGivesAMatrixWithoutRows) {
  fs::create_directories(root() / "images");
  write_file("images/notes.txt", "hello");
  const auto report = write(options("images"));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(matrix().shape, (std::vector<std::size_t>{0, kDimension}));
  EXPECT_EQ(read("vectors.jsonl"), "");
}

TEST_F(VectorTable, AVectorThatIsDamagedInTheStoreIsMadeAnew) {
  write_zip();
  ASSERT_TRUE(write(options()));
  const std::string vectors = read("vectors.npy");
  // The largest file holds the vectors; its last bytes are of one.
  fs::path records;
  for (const auto& file : fs::directory_iterator(root() / "store")) {
    if (records.empty() || file.file_size() > fs::file_size(records)) records = file.path();
  }
  std::fstream file(records, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(fs::file_size(records)) - 64);
  file.put('\x55');
  file.close();
  const std::uint64_t before = embedder_.num_embedded();
  const auto report = write(options());
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(embedder_.num_embedded() - before, 1U);
  EXPECT_EQ(read("vectors.npy"), vectors);
}

TEST_F(VectorTable, AFailureLeavesTheOldFilesAndTheNextRunGoesOn) {
  write_zip();
  write_file("vectors.npy", "old");
  embedder_.fail_after(0);
  EXPECT_FALSE(write(options()));
  EXPECT_EQ(read("vectors.npy"), "old");
  EXPECT_FALSE(fs::exists(root() / "vectors.jsonl"));
  embedder_.fail_after(UINT64_MAX);
  const auto stopped = write(options(), assay::testing::stopped_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(read("vectors.npy"), "old");
  EXPECT_TRUE(write(options()));
  EXPECT_EQ(matrix().shape.front(), 4U);
}

TEST_F(VectorTable, ATableHoldsEverythingInOneFile) {
  write_zip();
  VectorTableOptions parquet = options();
  parquet.output = root() / "vectors.parquet";
  const auto report = write(parquet);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->num_vectors, 4U);
  EXPECT_FALSE(fs::exists(root() / "vectors.jsonl"));
  const auto file = tables::describe_file({.file_system = &file_system_}, parquet.output.native());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->num_rows, 6);
  EXPECT_EQ(file->fields.front().path, "path");
  for (const auto& field : file->fields) {
    if (field.path == "sha256") {
      EXPECT_EQ(field.num_nulls, 2);
    } else if (field.path == "error") {
      EXPECT_EQ(field.num_nulls, 4);
    }
  }
}

TEST_F(VectorTable, AnUnknownFormIsRefusedBeforeAnyWork) {
  write_zip();
  VectorTableOptions text = options();
  text.output = root() / "vectors.txt";
  const auto report = write(text);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(embedder_.num_embedded(), 0U);
}

}  // namespace
}  // namespace assay::embedding

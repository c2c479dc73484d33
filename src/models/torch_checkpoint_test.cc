#include "models/torch_checkpoint.h"

#include "archives/testing/zip_builder.h"
#include "core/random.h"
#include "files/atomic_file.h"
#include "files/byte_source.h"
#include "models/clip_image.h"
#include "models/clip_text_shape.h"
#include "models/mlp_head.h"
#include "models/testing/clip_weights.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::models {
namespace {

using archives::testing::little_endian;
using archives::testing::ZipBuilder;
using std::string_literals::operator""s;

const std::filesystem::path kTorchFiles = std::filesystem::path(ASSAY_TEST_DATA) / "models";

std::string bytes_of(std::string_view name) {
  return files::read_file(files::posix_file_system(), kTorchFiles / name, ByteCount(1U << 24U))
      .value();
}

Result<Checkpoint> open_torch(std::string bytes) {
  return open_checkpoint(files::memory_byte_source("model.pt", std::move(bytes)));
}

/// A state dict of one tensor `a` of two numbers, in the storage `0`.
const std::string kPickle =
    "\x80\2}(X\1\0\0\0a"
    "ctorch._utils\n_rebuild_tensor_v2\n"
    "((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"
    "0X\3\0\0\0cpuK\2tQK\0K\2\x85K\1\x85\x89"
    "ccollections\nOrderedDict\n)RtRu."s;
const std::string kNumbers = "\0\0\x80\x3f\0\0\0\xc0"s;

/// A file of any tensors, as torch.save() writes one.
class TorchFile {
 public:
  void add(const std::string& name, const testing::TestTensor& tensor) {
    const auto bytes = std::as_bytes(std::span(tensor.values));
    add(name, "FloatStorage", tensor.shape,
        {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, sizeof(float));
  }
  /// 0, 1, 2 ... in a row, as Hugging Face keeps them.
  void add_indices(const std::string& name, std::size_t count) {
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) bytes += little_endian(i, 8);
    add(name, "LongStorage", {1, count}, bytes, 8);
  }
  std::string finish() {
    return zip_.add("archive/data.pkl", "\x80\2ccollections\nOrderedDict\n)R("s + items_ + "u.")
        .finish();
  }

 private:
  static std::string text(std::string_view text) {
    return "X" + little_endian(text.size(), 4) + std::string(text);
  }
  static std::string number(std::size_t number) { return "J" + little_endian(number, 4); }

  void add(const std::string& name, const std::string& storage,
           const std::vector<std::size_t>& shape, const std::string& bytes,
           std::size_t element_size) {
    const std::string key = std::to_string(num_tensors_++);
    zip_.add("archive/data/" + key, bytes);
    std::string sizes;
    std::string strides;
    std::size_t stride = 1;
    for (const std::size_t size : shape) sizes += number(size);
    for (const std::size_t size : std::views::reverse(shape)) {
      strides.insert(0, number(stride));
      stride *= size;
    }
    items_ += text(name) + "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\n" +
              storage + "\n" + text(key) + text("cpu") + number(bytes.size() / element_size) +
              "tQ" + number(0) + "(" + sizes + "t(" + strides + "t\x89" +
              "ccollections\nOrderedDict\n)RtR";
  }

  ZipBuilder zip_;
  std::string items_;
  std::size_t num_tensors_ = 0;
};

TEST(TorchCheckpoint, ReadsTensorsWhereTheyLie) {
  const auto opened = open_torch(ZipBuilder()
                                     .add("any name/data.pkl", kPickle)
                                     .add("any name/byteorder", "little")
                                     .add("any name/data/0", kNumbers)
                                     .finish());
  ASSERT_TRUE(opened) << opened.error().message;
  ASSERT_NE(opened->find("a"), nullptr);
  EXPECT_EQ(opened->values(*opened->find("a")).value(), (std::vector<float>{1, -2}));
}

TEST(TorchCheckpoint, LeavesOutTheIndicesThatHuggingFaceStores) {
  std::map<std::string, testing::TestTensor> tensors =
      testing::make_clip_tensors(testing::kTinyClip, 7);
  tensors.merge(testing::make_text_tensors({}, 7));
  tensors = testing::rename_for_hugging_face(std::move(tensors));
  TorchFile file;
  file.add_indices("text_model.embeddings.position_ids", 12);
  for (const auto& [name, tensor] : tensors) file.add(name, tensor);
  file.add_indices("vision_model.embeddings.position_ids", 5);
  const auto opened = open_torch(file.finish());
  ASSERT_TRUE(opened) << opened.error().message;
  ASSERT_EQ(opened->tensors().size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const TensorInfo* info = opened->find(name);
    ASSERT_NE(info, nullptr) << name;
    EXPECT_EQ(opened->values(*info).value(), tensor.values) << name;
  }
  EXPECT_TRUE(read_clip_shape(*opened).has_value());
  EXPECT_TRUE(read_clip_text_shape(*opened).has_value());
}

TEST(TorchCheckpoint, RefusesAModuleByTheNameOfItsClass) {
  const auto opened = open_torch(bytes_of("ranker_whole_module.pt"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(opened.error().message.find("asks for the Python object '__main__.R'"),
            std::string::npos)
      << opened.error().message;
}

TEST(TorchCheckpoint, RefusesStoragesThatAreNotWhatThePickleSays) {
  const auto code_of = [](ZipBuilder zip) {
    const auto opened = open_torch(zip.finish());
    return opened ? ErrorCode::kInternal : opened.error().code;
  };
  const auto zip = [] { return ZipBuilder().add("m/data.pkl", kPickle); };
  EXPECT_EQ(code_of(zip()), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(zip().add("m/data/0", "1234")), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(zip().add({.name = "m/data/0", .content = kNumbers, .crc32 = 1})),
            ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(zip().add({.name = "m/data/0", .content = kNumbers, .is_deflated = true})),
            ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(zip().add("m/data/0", kNumbers).add("m/byteorder", "big")),
            ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(ZipBuilder().add("readme", "no model")), ErrorCode::kInvalidInput);
}

/// Under the sanitizers this is the proof that no broken file harms us.
TEST(TorchCheckpoint, SurvivesBrokenFiles) {
  const std::string whole = bytes_of("ranker_plain.pt");
  ASSERT_TRUE(open_torch(whole));
  const std::size_t directory = whole.rfind("PK\x01\x02", whole.size() - 700);
  SeededRandom random(7);
  std::size_t num_refused = 0;
  for (int i = 0; i < 250; ++i) {
    std::string broken = whole;
    // Mostly where the structure is: the pickle at the start, the directory at the end.
    for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
      const std::size_t place = random.below(2) == 0
                                    ? random.below(1200)
                                    : directory + random.below(broken.size() - directory);
      broken[place] = static_cast<char>(random.below(256));
    }
    if (random.below(5) == 0) broken.resize(random.below(broken.size()));
    const auto opened = open_torch(broken);
    num_refused += opened ? 0 : 1;
    if (opened) (void)MlpHead::load(*opened, HeadKind::kRanker).has_value();
  }
  EXPECT_GT(num_refused, 150U);
}

/// The pickle alone, whose checksum would otherwise stop every change.
TEST(TorchCheckpoint, SurvivesBrokenPickles) {
  SeededRandom random(8);
  for (int i = 0; i < 250; ++i) {
    std::string pickle = kPickle;
    for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes) {
      pickle[random.below(pickle.size())] = static_cast<char>(random.below(256));
    }
    const auto opened =
        open_torch(ZipBuilder().add("m/data.pkl", pickle).add("m/data/0", kNumbers).finish());
    if (!opened) continue;
    for (const auto& [name, info] : opened->tensors()) {
      (void)opened->values(info).has_value();
    }
  }
}

}  // namespace
}  // namespace assay::models

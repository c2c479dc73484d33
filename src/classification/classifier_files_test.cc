#include "classification/classifier_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace assay::classification {
namespace {

const std::filesystem::path kModelFolders = std::filesystem::path(ASSAY_TEST_DATA) / "classifier";

/// An empty folder that goes with the test.
class Folder {
 public:
  Folder() : path_(std::filesystem::path(testing::TempDir()) / "assay_classifier_files") {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }

 private:
  std::filesystem::path path_;
};

auto describe(const std::filesystem::path& path, ModelFormat format) {
  return describe_classifier(files::posix_file_system(), path, format);
}

TEST(Labels, AreNamedByNumber) {
  const auto labels = parse_labels(R"({"id2label": {"1": "Roadwork", "0": "None"}})");
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->names, (std::vector<std::string>{"None", "Roadwork"}));
  EXPECT_EQ(labels->rule, LabelRule::kOneOf);
  EXPECT_EQ(parse_labels(R"({"num_labels": 2})")->names[1], "LABEL_1");
}

TEST(Labels, OfWhichSeveralMayHoldAreJudgedEach) {
  EXPECT_EQ(parse_labels(R"({"id2label": {"0": "Roadwork"}})")->rule, LabelRule::kEach);
  EXPECT_EQ(
      parse_labels(
          R"({"id2label": {"0": "a", "1": "b"}, "problem_type": "multi_label_classification"})")
          ->rule,
      LabelRule::kEach);
}

TEST(Labels, AreNeverMadeUp) {
  for (const char* text :
       {"{}", R"({"id2label": {}})", R"({"id2label": {"0": "a", "2": "b"}})",
        R"({"id2label": {"0": 1}})", R"({"id2label": ["a"]})", R"({"num_labels": 0})"}) {
    const auto labels = parse_labels(text);
    ASSERT_FALSE(labels) << text;
    EXPECT_EQ(labels.error().code, ErrorCode::kInvalidInput) << text;
    EXPECT_TRUE(labels.error().message.starts_with("id2label: expected")) << labels.error().message;
  }
  EXPECT_EQ(parse_labels("3").error().code, ErrorCode::kCorrupt);
}

TEST(ClassifierFiles, AreFoundByTheFolderOrTheGraph) {
  EXPECT_EQ(describe(kModelFolders / "onnx", ModelFormat::kOnnx)->graph,
            kModelFolders / "onnx" / "model.onnx");
  EXPECT_EQ(
      describe(kModelFolders / "onnx" / "model.onnx", ModelFormat::kOnnx)->labels.names.size(), 2U);
  EXPECT_EQ(describe(kModelFolders / "ir", ModelFormat::kIr)->graph,
            kModelFolders / "ir" / "openvino_model.xml");
}

TEST(ClassifierFiles, LieAboveAFolderThatIsCalledOnnx) {
  const Folder folder;
  folder.write("onnx/model.onnx", "graph");
  folder.write("config.json", R"({"id2label": {"0": "None", "1": "Roadwork"}})");
  folder.write("preprocessor_config.json", R"({"size": 8, "do_normalize": false})");
  const auto model = describe(folder.path(), ModelFormat::kOnnx);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->graph, folder.path() / "onnx" / "model.onnx");
}

TEST(ClassifierFiles, ThatAreNotThereAreNamed) {
  const Folder folder;
  const auto message = [&](const std::filesystem::path& path, ModelFormat format) {
    const auto model = describe(path, format);
    EXPECT_EQ(model.error().code, ErrorCode::kMissing);
    return model.error().message;
  };
  EXPECT_TRUE(message(folder.path() / "no", ModelFormat::kIr).contains("no is not there"));
  EXPECT_TRUE(message(folder.path(), ModelFormat::kIr).contains("openvino_model.xml is not there"));
  EXPECT_TRUE(message(folder.path(), ModelFormat::kOnnx).contains("model.onnx is not there"));
  folder.write("model.onnx", "graph");
  EXPECT_TRUE(message(folder.path(), ModelFormat::kOnnx).contains("/config.json is not there"));
  folder.write("config.json", R"({"id2label": {"0": "None", "1": "Roadwork"}})");
  EXPECT_TRUE(
      message(folder.path(), ModelFormat::kOnnx).contains("preprocessor_config.json is not there"));
  folder.write("preprocessor_config.json", "{}");
  const auto broken = describe(folder.path(), ModelFormat::kOnnx);
  EXPECT_EQ(broken.error().code, ErrorCode::kInvalidInput);
  EXPECT_TRUE(broken.error().message.contains("preprocessor_config.json: size: expected"));
}

}  // namespace
}  // namespace assay::classification

#include "history/export.h"

#include "crypto/digest.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "tables/file_description.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::history {
namespace {

using files::testing::SimulatedFileSystem;

struct Sample {
  std::string id = "a";
  std::string prompt = "a chair";
  std::string image_hash = {};
  std::string score = "0.5";
  std::string accepted = "true";
  std::string clip = "0.2";
  std::string num_gaussians = "1000";
  std::string image_path = "null";
  std::string ply_path = "null";
  std::string task_type = "TEXT-TO-3D";
  std::string extra_of_task = {};
};

std::string line_of(const Sample& sample) {
  const std::string hash = sample.image_hash.empty() ? "null" : '"' + sample.image_hash + '"';
  return R"({"metadata": {"generation_id": ")" + sample.id +
         R"(", "timestamp": "2025-11-01T00:00:00+00:00"}, "task": {"task_type": ")" +
         sample.task_type + R"(", "prompt": ")" + sample.prompt + R"(", "base64_image_hash": )" +
         hash + R"(, "image_file_path": )" + sample.image_path + sample.extra_of_task +
         R"(}, "miner_config": {"b":1,"a":[1.50]}, "generation": {"enhanced_prompt": null, "output": )"
         R"({"num_gaussians": )" +
         sample.num_gaussians + R"(, "ply_file_path": )" + sample.ply_path +
         R"(, "quality_metrics": {"clip_score": )" + sample.clip +
         R"(}}}, "validator_feedback": {"score": )" + sample.score + R"(, "accepted": )" +
         sample.accepted + R"(}, "failure_analysis": {"failed": false}})" + "\n";
}

class Export : public ::testing::Test {
 protected:
  void put(const std::string& path, const std::string& content) {
    ASSERT_TRUE(files::write_file(disk, path, content));
  }
  void put_history(const std::vector<Sample>& samples) {
    std::string lines;
    for (const Sample& sample : samples) lines += line_of(sample);
    put("/data/generation_history.jsonl", lines);
  }
  ExportSummary run(ExportOptions options) {
    if (options.output.empty()) options.output = "/out/x.jsonl";
    auto summary = export_history(disk, "/data", options, {});
    EXPECT_TRUE(summary) << summary.error().message;
    return summary ? *std::move(summary) : ExportSummary();
  }
  // The ids of an output, in order.
  std::string ids_in(const std::string& path) {
    const std::string content = disk.content(path).value_or("");
    std::string ids;
    constexpr std::string_view kStart = R"({"generation_id": ")";
    for (std::size_t at = content.find(kStart); at != std::string::npos;
         at = content.find(kStart, at + 1)) {
      ids += content.substr(at + kStart.size(),
                            content.find('"', at + kStart.size()) - at - kStart.size());
    }
    return ids;
  }

  SimulatedFileSystem disk;
};

TEST_F(Export, WritesTheSameWithAnyNumberOfThreads) {
  // Several blocks; every seventh id comes again, far behind, and then counts.
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < 6'000; ++i) {
    samples.push_back({.id = std::to_string(i % 7 == 0 ? i % 1'000 : i),
                       .prompt = std::string(i % 900, 'x') + std::to_string(i),
                       .accepted = i % 5 == 0 ? "false" : "true"});
  }
  put_history(samples);
  put("/data/generation_history_2025-10.jsonl", line_of({.id = "earlier"}) + "no JSON\n");
  ExportOptions options;
  options.output = "/out/x.jsonl";
  options.split = {{"train", 0.5}, {"val", 0.5}};
  const ExportSummary alone = run(options);
  const auto train = disk.content("/out/x.train.jsonl");
  const auto val = disk.content("/out/x.val.jsonl");
  ASSERT_TRUE(train && val);
  ASSERT_GT(train->size(), std::size_t{1} << 20);
  EXPECT_TRUE(ids_in("/out/x.train.jsonl").starts_with("earlier") ||
              ids_in("/out/x.val.jsonl").starts_with("earlier"));
  for (const unsigned num_threads : {2U, 5U}) {
    options.num_threads = num_threads;
    const ExportSummary together = run(options);
    EXPECT_EQ(disk.content("/out/x.train.jsonl"), train);
    EXPECT_EQ(disk.content("/out/x.val.jsonl"), val);
    EXPECT_EQ(together.num_exported, alone.num_exported);
    EXPECT_EQ(together.num_filtered, alone.num_filtered);
    EXPECT_EQ(together.lines.num_bad_json, 1U);
  }
}

TEST_F(Export, DropsTheSameAndCopiesTheSameWithAnyNumberOfThreads) {
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < 4'000; ++i) {
    const std::size_t first = i % 3 == 0 ? i / 2 : i;  // often an earlier prompt, blocks before
    samples.push_back({.id = std::to_string(i),
                       .prompt = std::string(600, 'x') + std::to_string(first),
                       .image_path = i % 100 == 0 ? fmt::format("\"images/{}.png\"", i) : "null"});
    if (i % 200 == 0) put(fmt::format("/data/images/{}.png", i), "image");
  }
  put_history(samples);
  for (const std::string ending : {"jsonl", "parquet", "tar"}) {
    ExportOptions options;
    options.output = "/out/x." + ending;
    options.format = export_format_of(options.output);
    options.duplicates = Duplicates::kDropped;
    options.copy_folder = "/copies/" + ending;
    const ExportSummary alone = run(options);
    const auto content = disk.content(options.output);
    const auto copies = disk.list("/copies/" + ending + "/images").value();
    ASSERT_TRUE(content);
    EXPECT_GT(alone.num_duplicates, 500U);
    EXPECT_GT(copies.size(), 5U);
    EXPECT_EQ(alone.files.num_written, copies.size()) << "each once, beside a tar too: " << ending;
    options.num_threads = 3;
    options.copy_folder = "/more/" + ending;
    const ExportSummary together = run(options);
    EXPECT_TRUE(disk.content(options.output) == content) << ending;
    EXPECT_EQ(disk.list("/more/" + ending + "/images").value(), copies);
    EXPECT_EQ(together.num_exported, alone.num_exported);
    EXPECT_EQ(together.num_duplicates, alone.num_duplicates);
    EXPECT_EQ(together.files.num_written, alone.files.num_written);
    EXPECT_EQ(together.files.num_missing, alone.files.num_missing);
  }
}

TEST_F(Export, WritesEachRecordInPythonsForm) {
  put_history({{.id = "a", .prompt = "caf\u00e9 \\\"x\\\"", .score = "1e-7"}});
  const auto summary = run({});
  EXPECT_EQ(summary.num_exported, 1);
  EXPECT_EQ(
      disk.content("/out/x.jsonl"),
      R"({"generation_id": "a", "task_type": "TEXT-TO-3D", "prompt": "caf\u00e9 \"x\"", )"
      R"("enhanced_prompt": null, "image_file_path": null, "output_ply_path": null, )"
      R"("output_ply_hash": null, "validator_score": 1e-07, "clip_score": 0.2, )"
      R"("num_gaussians": 1000, "gaussian_stats": null, "miner_config": {"b": 1, "a": [1.5]}, )"
      R"("timestamp": "2025-11-01T00:00:00+00:00"})"
      "\n");
}

TEST_F(Export, LeavesOutWhatNobodyAcceptedUnlessAsked) {
  put_history({{.id = "a"},
               {.id = "b", .accepted = "false"},
               {.id = "c", .accepted = "null"},
               {.id = "d", .accepted = "1"},
               {.id = "e", .accepted = "{}"}});
  EXPECT_EQ(run({}).num_filtered, 3);
  EXPECT_EQ(ids_in("/out/x.jsonl"), "ad");
  run({.filter = {.rejected = Rejected::kIncluded}});
  EXPECT_EQ(ids_in("/out/x.jsonl"), "abcde");
}

TEST_F(Export, AMinimumOfZeroIsAFilterThatUnsetValuesDoNotPass) {
  put_history({{.id = "a", .score = "0.0", .clip = "0", .num_gaussians = "0"},
               {.id = "b", .score = "null"},
               {.id = "c", .clip = "null"},
               {.id = "d", .num_gaussians = "null"},
               {.id = "e", .score = "NaN", .clip = "NaN"},
               {.id = "f", .score = "\"1\""}});
  run({.filter = {.min_score = 0.0}});
  EXPECT_EQ(ids_in("/out/x.jsonl"), "acd");
  run({.filter = {.min_clip = 0.0}});
  EXPECT_EQ(ids_in("/out/x.jsonl"), "abdf");
  run({.filter = {.min_gaussians = 0}});
  EXPECT_EQ(ids_in("/out/x.jsonl"), "abcef");
  EXPECT_EQ(
      run({.filter = {.min_score = 0.5, .min_clip = 0.2, .min_gaussians = 1000}}).num_exported, 0);
}

TEST_F(Export, WithoutARecordTheOutputStaysAsItIs) {
  put("/out/x.jsonl", "old");
  put_history({{.id = "a"}});
  EXPECT_EQ(run({.filter = {.min_score = 0.9}}).num_exported, 0);
  EXPECT_EQ(disk.content("/out/x.jsonl"), "old");
}

TEST_F(Export, AnAbsentHistoryIsNoFailure) {
  EXPECT_FALSE(run({}).has_history);
  ASSERT_TRUE(disk.create_folders("/data"));
  EXPECT_FALSE(run({}).has_history);
}

TEST_F(Export, AFailureLeavesTheOldOutput) {
  put("/out/x.jsonl", "old");
  put_history({{.id = "a"}});
  disk.set_capacity(ByteCount(disk.content("/data/generation_history.jsonl")->size() + 10));
  const auto summary = export_history(disk, "/data", {.output = "/out/x.jsonl"}, {});
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(disk.content("/out/x.jsonl"), "old");
}

TEST_F(Export, ARecordNestedTooDeepCostsItselfAlone) {
  const std::string deep = R"(, "x": 1}, "miner_config": {"x": )" + std::string(900, '[') +
                           std::string(900, ']') + "}, \"task\": {\"task_type\": \"T\"";
  put_history({{.id = "a"}, {.id = "b", .extra_of_task = deep}, {.id = "c"}});
  const auto summary = run({});
  EXPECT_EQ(summary.num_exported + summary.num_too_deep, 3);
  EXPECT_EQ(ids_in("/out/x.jsonl").front(), 'a');
  EXPECT_EQ(ids_in("/out/x.jsonl").back(), 'c');
}

TEST_F(Export, DropsDuplicatesOfAPromptWithinItsTaskType) {
  put_history({{.id = "a", .prompt = "one"},
               {.id = "b", .prompt = "two"},
               {.id = "c", .prompt = "one"},
               {.id = "d", .prompt = "one", .task_type = "OTHER"},
               {.id = "e", .prompt = "x", .image_hash = "sha256:1"},
               {.id = "f", .prompt = "y", .image_hash = "sha256:1"}});
  const auto summary = run({.duplicates = Duplicates::kDropped});
  EXPECT_EQ(ids_in("/out/x.jsonl"), "abde");
  EXPECT_EQ(summary.num_duplicates, 2);
}

TEST_F(Export, SplitsSoThatAPromptIsInOnePartOnly) {
  std::vector<Sample> samples;
  for (int i = 0; i < 400; ++i) {
    const std::string image = "sha256:" + std::to_string(i % 100);
    samples.push_back({.id = std::to_string(i), .prompt = "p", .image_hash = image});
  }
  put_history(samples);
  const auto summary = run({.split = parse_split("train=0.7,val=0.3").value()});
  ASSERT_EQ(summary.parts.size(), 2);
  EXPECT_EQ(summary.parts[0].path, "/out/x.train.jsonl");
  EXPECT_EQ(summary.parts[0].num_records + summary.parts[1].num_records, 400);
  EXPECT_NEAR(static_cast<double>(summary.parts[0].num_records), 280, 60);
  // Each image comes four times, so each part has whole fours.
  EXPECT_EQ(summary.parts[0].num_records % 4, 0);
  EXPECT_FALSE(disk.content("/out/x.jsonl"));
}

TEST_F(Export, CopiesTheFilesOfTheRecordsAndNoOthers) {
  put("/data/images/1.png", "png");
  put("/data/images/2.png", "other");
  put("/data/ply_files/1.ply", "ply");
  put("/secret", "secret");
  put_history({{.id = "a", .image_path = R"("images/1.png")", .ply_path = R"("ply_files/1.ply")"},
               {.id = "b", .image_path = R"("images/gone.png")", .ply_path = R"("../secret")"},
               {.id = "c", .image_path = R"("/secret")", .ply_path = R"("images")"},
               {.id = "d", .accepted = "false", .image_path = R"("images/2.png")"}});
  const auto summary = run({.copy_folder = "/copy"});
  EXPECT_EQ(summary.files.num_written, 2);
  EXPECT_EQ(summary.files.num_missing, 4);
  EXPECT_EQ(disk.content("/copy/images/1.png"), "png");
  EXPECT_EQ(disk.content("/copy/ply_files/1.ply"), "ply");
  EXPECT_FALSE(disk.content("/copy/images/2.png"));
  EXPECT_EQ(run({.copy_folder = "/copy"}).files.num_present, 2);
}

TEST_F(Export, WritesParquetWithNullsForWhatIsNotSet) {
  put_history({{.id = "a", .prompt = "caf\u00e9"},
               {.id = "b", .score = "null", .clip = "null", .num_gaussians = "2.5"},
               {.id = "c", .prompt = "\\ud800", .num_gaussians = "7.0"}});
  const auto summary = run({.output = "/out/x.parquet", .format = ExportFormat::kParquet});
  EXPECT_EQ(summary.num_exported, 3);
  const auto file = tables::describe_file({.file_system = &disk}, "/out/x.parquet");
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->num_rows, 3);
  std::string columns;
  for (const auto& field : file->fields) {
    columns += field.path + ' ' + field.info.type + ' ' +
               std::to_string(field.num_nulls.value_or(99)) + '\n';
  }
  EXPECT_EQ(columns,
            "generation_id string 0\ntask_type string 0\nprompt string 0\n"
            "enhanced_prompt string 3\nimage_file_path string 3\noutput_ply_path string 3\n"
            "output_ply_hash string 3\nvalidator_score double 1\nclip_score double 1\n"
            "num_gaussians int64 1\ngaussian_stats string 3\nminer_config string 0\n"
            "timestamp timestamp[us, UTC] 0\n");
}

TEST_F(Export, PutsTheFilesOfARecordBesideItsLineInATar) {
  put("/data/images/1.png", "the image");
  put("/data/ply_files/1.ply", std::string(3'000, 'p'));
  put_history({{.id = "a.b", .image_path = R"("images/1.png")", .ply_path = R"("ply_files/1.ply")"},
               {.id = "a_b"},
               {.id = "c", .image_path = R"("images/gone.png")", .ply_path = R"("../x.ply")"}});
  const auto summary = run({.output = "/out/x.tar", .format = ExportFormat::kTar});
  EXPECT_EQ(summary.num_exported, 3);
  EXPECT_EQ(summary.files.num_written, 2);
  EXPECT_EQ(summary.files.num_missing, 2);
  const std::string tar = disk.content("/out/x.tar").value_or("");
  std::string names;
  for (std::size_t at = tar.find("ustar"); at != std::string::npos;
       at = tar.find("ustar", at + 1)) {
    names += std::string(tar.c_str() + at - 257) + ' ';
  }
  const std::string key = "a_b__" + crypto::sha256("a.b").to_hex().substr(0, 16);
  EXPECT_EQ(names, fmt::format("{0}.json {0}.png {0}.ply a_b.json c.json ", key));
  EXPECT_NE(tar.find("the image"), std::string::npos);
  EXPECT_NE(tar.find(std::string(3'000, 'p')), std::string::npos);
}

TEST(ExportFormats, GoByTheEnding) {
  EXPECT_EQ(export_format_of("a/x.parquet"), ExportFormat::kParquet);
  EXPECT_EQ(export_format_of("x.tar"), ExportFormat::kTar);
  EXPECT_EQ(export_format_of("x.jsonl"), ExportFormat::kJsonLines);
  EXPECT_EQ(export_format_of("x"), ExportFormat::kJsonLines);
}

TEST_F(Export, ReplacesNoFileOfTheHistoryThatItReads) {
  put_history({{.id = "a"}});
  const auto before = disk.content("/data/generation_history.jsonl");
  for (const auto* output :
       {"/data/generation_history.jsonl", "/data/generation_history_2025-10.jsonl.gz",
        "/data/./generation_feedback.jsonl", "/data/pending_generations.json",
        "/data/journal/checkpoint.json", "/data/images/x.tar", "/data/archive/deep/x.parquet"}) {
    const auto summary = export_history(disk, "/data", {.output = output}, {});
    ASSERT_FALSE(summary) << output;
    EXPECT_EQ(summary.error().code, ErrorCode::kInvalidInput);
  }
  const auto split = parse_split("2025-10=0.5,val=0.5");
  ASSERT_TRUE(split);
  EXPECT_FALSE(export_history(disk, "/data",
                              {.output = "/data/generation_history.jsonl", .split = *split}, {}));
  EXPECT_EQ(disk.content("/data/generation_history.jsonl"), before);
  for (const auto* output : {"/data/training.jsonl", "/data2/generation_history.jsonl"}) {
    EXPECT_TRUE(export_history(disk, "/data", {.output = output}, {})) << output;
  }
}

}  // namespace
}  // namespace assay::history

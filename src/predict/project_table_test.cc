#include "predict/project_table.h"

#include "files/testing/simulated_file_system.h"
#include "predict/testing/put_file.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace assay::predict {
namespace {

using files::testing::SimulatedFileSystem;
using testing::put;

constexpr std::string_view kPath = "data/ai_data/projects.csv";

Error error_of(std::string_view table) {
  SimulatedFileSystem file_system;
  put(file_system, kPath, table);
  const auto rows = read_project_table(file_system, kPath);
  EXPECT_FALSE(rows) << table;
  return rows ? internal("read") : rows.error();
}

std::string proposed_project(std::string source, std::vector<std::string> databases) {
  const std::vector<std::string> sources = {std::move(source)};
  return propose_projects(sources, databases).rows.at(0).project;
}

TEST(ProjectTable, ReadsWhatItWrites) {
  SimulatedFileSystem file_system;
  const std::vector<ProjectRow> rows = {{.project = "Patricia", .source = "Average Patricia.zip"},
                                        {.project = "", .source = "a, \"b\".zip", .note = "why"},
                                        {.project = "mojo3", .source = "mojo3"}};
  ASSERT_TRUE(add_project_rows(file_system, kPath, {}, rows));
  const auto read = read_project_table(file_system, kPath);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 3U);
  EXPECT_EQ((*read)[0], rows[0]);
  EXPECT_EQ((*read)[1].source, rows[1].source);
  EXPECT_EQ((*read)[2], rows[2]);
}

TEST(ProjectTable, RowsThatWereFoundForAnotherTableAreNotAdded) {
  SimulatedFileSystem file_system;
  const std::vector<ProjectRow> first = {{.project = "a", .source = "a.zip"}};
  const std::vector<ProjectRow> second = {{.project = "b", .source = "b.zip"}};
  EXPECT_EQ(add_project_rows(file_system, kPath, {}, first), TableChange::kMade);
  EXPECT_EQ(add_project_rows(file_system, kPath, {}, first), TableChange::kOvertaken);
  EXPECT_EQ(add_project_rows(file_system, kPath, second, first), TableChange::kOvertaken);
  EXPECT_EQ(add_project_rows(file_system, kPath, first, second), TableChange::kMade);
  EXPECT_EQ(read_project_table(file_system, kPath)->size(), 2U);
}

TEST(ProjectTable, ReadsWhatAnEditorLeaves) {
  SimulatedFileSystem file_system;
  put(file_system, kPath, "\xef\xbb\xbfsource,project\n\n1101.zip,Hailey\nx.zip\n");
  const auto read = read_project_table(file_system, kPath);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, (std::vector<ProjectRow>{{.project = "Hailey", .source = "1101.zip"},
                                            {.project = "", .source = "x.zip"}}));
}

TEST(ProjectTable, RefusesRowsThatCannotBe) {
  EXPECT_NE(error_of("name,zip\n").message.find("project and source"), std::string::npos);
  EXPECT_NE(error_of("project,source\na,1.zip\nb,1.zip\n").message.find("row 2 (line 3)"),
            std::string::npos);
  EXPECT_NE(error_of("project,source\na,1.zip\nA,2.zip\n").message.find("stands twice"),
            std::string::npos);
  EXPECT_NE(error_of("project,source\na/b,1.zip\n").message.find("slash"), std::string::npos);
  EXPECT_NE(error_of("project,source\n..,1.zip\n").message.find("dot"), std::string::npos);
  EXPECT_NE(error_of("project,source\nx_temp,1.zip\n").message.find("_temp"), std::string::npos);
  EXPECT_NE(error_of("project,source\na,\n").message.find("no source"), std::string::npos);
}

TEST(FindSources, TakesZipsAndFoldersAndLeavesTheRest) {
  SimulatedFileSystem file_system;
  for (const auto* name : {"in/b.zip", "in/A.ZIP", "in/._b.zip", "in/note.txt", "in/mojo3/1.png",
                           "in/__MACOSX/x", "in/.hidden/x"}) {
    put(file_system, name, "x");
  }
  put(file_system, "in/loose.PNG");
  const FoundSources found = find_sources(file_system, "in").value();
  EXPECT_EQ(found.names, (std::vector<std::string>{"A.ZIP", "b.zip", "mojo3"}));
  EXPECT_EQ(found.num_loose_images, 1U);
  EXPECT_EQ(find_sources(file_system, "absent").error().code, ErrorCode::kMissing);
}

TEST(ProposeProjects, GivesTheOldBatchItsNames) {
  const std::vector<std::string> sources = {"1010.zip",
                                            "1011.zip",
                                            "1012.zip",
                                            "1013.zip",
                                            "1100.zip",
                                            "1101.zip",
                                            "1102.zip",
                                            "Aiko_raw.zip",
                                            "Eleni_raw.zip",
                                            "Average Patricia.zip",
                                            "dalia.zip",
                                            "agent-1001.zip",
                                            "agent-1002.zip",
                                            "agent-1003.zip",
                                            "jmlimages-random.zip",
                                            "mojo1.zip",
                                            "mojo2.zip",
                                            "mixed-0919.zip",
                                            "mojo3",
                                            "Slender Kiara.zip",
                                            "tattersail-0918.zip"};
  const std::vector<std::string> databases = {
      "1011",  "1012",  "1013",          "1100",           "1101_Hailey", "Aiko_raw",
      "Eleni", "mojo1", "agent-1001",    "agent-1002",     "agent-1003",  "jmlimages-random",
      "mojo2", "mojo3", "Kiara_Slender", "tattersail-0918"};
  const ProposedProjects proposed = propose_projects(sources, databases);
  EXPECT_TRUE(proposed.ambiguous.empty());
  ASSERT_EQ(proposed.rows.size(), 21U);
  EXPECT_EQ(proposed.rows[5].project, "1101_Hailey");
  EXPECT_EQ(proposed.rows[7].project, "Aiko_raw");
  EXPECT_EQ(proposed.rows[8].project, "Eleni");
  EXPECT_EQ(proposed.rows[9].project, "Patricia");
  EXPECT_EQ(proposed.rows[18].project, "mojo3");
  EXPECT_EQ(proposed.rows[19].project, "Kiara_Slender");
  EXPECT_EQ(proposed.rows[20].project, "tattersail-0918");
}

TEST(ProposeProjects, ADatabaseOfASimilarNameIsAsked) {
  EXPECT_EQ(proposed_project("Aiko_raw.zip", {"Aiko"}), "");
  EXPECT_EQ(proposed_project("Aiko_raw.zip", {"Aiko", "Aiko_raw"}), "Aiko_raw");
  EXPECT_EQ(proposed_project("1102.zip", {"1102_Anna"}), "");
  EXPECT_EQ(proposed_project("mojo1.zip", {"mojo2", "mojo11"}), "mojo1");
  const std::vector<std::string> sources = {"1102.zip"};
  const std::vector<std::string> databases = {"1102_Anna"};
  const auto proposed = propose_projects(sources, databases);
  ASSERT_EQ(proposed.ambiguous.size(), 1U);
  EXPECT_EQ(proposed.ambiguous[0].candidates, (std::vector<std::string>{"1102", "1102_Anna"}));
  EXPECT_NE(proposed.rows[0].note.find("1102 or 1102_Anna"), std::string::npos);
}

TEST(ProposeProjects, TwoSourcesOfOneNameAreAsked) {
  const std::vector<std::string> sources = {"mojo.zip", "Mojo", "other.zip"};
  const auto proposed = propose_projects(sources, {});
  EXPECT_EQ(proposed.ambiguous.size(), 2U);
  EXPECT_EQ(proposed.rows[0].project, "");
  EXPECT_EQ(proposed.rows[1].project, "");
  EXPECT_EQ(proposed.rows[2].project, "other");
  EXPECT_NE(proposed.ambiguous[0].reason.find("'Mojo'"), std::string::npos);
}

TEST(ProposeProjects, ANameThatNoProjectCanHaveIsAsked) {
  EXPECT_EQ(proposed_project("mojo_backup.zip", {}), "");
}

}  // namespace
}  // namespace assay::predict

/// \file
/// Where things lie below the root folder: the old tools' places, and ours beside them.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

namespace assay::predict {

/// All below one root, `data` by default.
class DataTree {
 public:
  explicit DataTree(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path models() const { return root_ / "ai_data" / "models"; }
  /// `{project}.db`.
  std::filesystem::path databases() const { return root_ / "training" / "ai_training_decisions"; }
  /// The embedding store and the table of known images.
  std::filesystem::path store() const { return root_ / "ai_data" / "embedding_store"; }
  /// What a project that is under way has done.
  std::filesystem::path journal(std::string_view project) const {
    return journals() / (std::string(project) + ".journal");
  }
  /// The same of one shard of several, which may be at work at once.
  std::filesystem::path shard_journal(std::string_view project, std::uint32_t index,
                                      std::uint32_t count) const {
    return journals() / (std::string(project) + ".shard-" + std::to_string(index) + "-of-" +
                         std::to_string(count) + ".journal");
  }
  /// What is to be logged of a project whose database appears.
  std::filesystem::path note(std::string_view project) const {
    return journals() / (std::string(project) + std::string(kNoteEnding));
  }
  static constexpr std::string_view kNoteEnding = ".finished";
  std::filesystem::path journals() const { return root_ / "ai_data" / "predict_journals"; }
  /// Held by the one run that decides below this root.
  std::filesystem::path run_lock() const { return root_ / "ai_data" / ".predict-run.lock"; }
  /// Which source belongs to which project.
  std::filesystem::path project_table() const { return root_ / "ai_data" / "projects.csv"; }

 private:
  std::filesystem::path root_;
};

}  // namespace assay::predict

#include "validator/old_state.h"

#include "archives/zip_reader.h"
#include "validator/npy_internal.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <utility>

namespace assay::validator {
namespace {

/// 65,536 hotkeys of 48 characters are 12.6 MB.
constexpr archives::EntryLimits kLimits{.max_entry_size = ByteCount(std::uint64_t{64} << 20),
                                        .max_total_size = ByteCount(std::uint64_t{256} << 20)};

Result<std::vector<std::byte>> read_array(const archives::ZipReader& zip, std::string_view name) {
  const archives::ZipEntry* entry = zip.find(name);
  if (entry == nullptr) return invalid_input(fmt::format("holds no {}", name));
  if (entry->verdict != archives::EntryVerdict::kOk) {
    return corrupt(fmt::format("{} {}", name, archives::to_text(entry->verdict)));
  }
  std::vector<std::byte> bytes(entry->size.count());
  ASSIGN_OR_RETURN(const auto verdict, zip.read(*entry, bytes));
  if (verdict != archives::EntryVerdict::kOk) {
    return corrupt(fmt::format("{} {}", name, archives::to_text(verdict)));
  }
  return bytes;
}

Result<OldState> read_arrays(const archives::ZipReader& zip) {
  OldState state;
  ASSIGN_OR_RETURN(const auto step_file, read_array(zip, "step.npy"));
  ASSIGN_OR_RETURN(const NpyArray step_array, parse_npy(step_file, "step.npy"));
  ASSIGN_OR_RETURN(const auto steps, integers_of(step_array, "step.npy"));
  if (steps.size() != 1 || steps[0] < 0) return corrupt("step.npy is not one count");
  state.step = static_cast<std::uint64_t>(steps[0]);

  ASSIGN_OR_RETURN(const auto score_file, read_array(zip, "scores.npy"));
  ASSIGN_OR_RETURN(const NpyArray score_array, parse_npy(score_file, "scores.npy"));
  ASSIGN_OR_RETURN(const auto scores, reals_of(score_array, "scores.npy"));
  for (const double score : scores) {
    const bool is_good = std::isfinite(score) && score >= 0;
    state.scores.push_back(is_good ? static_cast<float>(score) : 0);
    state.num_bad_scores += is_good ? 0 : 1;
  }

  ASSIGN_OR_RETURN(const auto hotkey_file, read_array(zip, "hotkeys.npy"));
  ASSIGN_OR_RETURN(const NpyArray hotkey_array, parse_npy(hotkey_file, "hotkeys.npy"));
  ASSIGN_OR_RETURN(state.hotkeys, texts_of(hotkey_array, "hotkeys.npy"));
  if (state.hotkeys.size() != state.scores.size() || state.scores.size() > kMaxOldMiners) {
    return corrupt(
        fmt::format("has {} scores and {} hotkeys", state.scores.size(), state.hotkeys.size()));
  }
  return state;
}

}  // namespace

Result<OldState> read_old_state(std::unique_ptr<files::ByteSource> source) {
  const std::string name = source->name();
  ASSIGN_OR_RETURN(const archives::ZipReader zip,
                   archives::ZipReader::open(std::move(source), kLimits));
  return with_context(read_arrays(zip), name);
}

}  // namespace assay::validator

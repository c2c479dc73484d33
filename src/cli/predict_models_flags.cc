#include "cli/predict_models_flags_internal.h"
#include "core/parse_number.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <thread>

namespace assay::cli {

void ModelFlags::add_to(CLI::App& command) {
  add_option(command, "--root", root,
             "The folder of models, databases and logs, as the old tools have it.")
      ->type_name("DIR")
      ->capture_default_str();
  add_option(command, "--clip", clip,
             "The weights of CLIP's image tower, in place of the model that was imported.")
      ->type_name("FILE");
  add_option(command, "--activation", activation,
             "gelu or quickgelu, in place of what the model was imported with.")
      ->check(CLI::IsMember({"gelu", "quickgelu"}));
  add_option(command, "--precision", precision,
             "auto: bf16 where the processor computes it by itself, else fp32. int8: faster and "
             "less exact; what it needs is measured once, on some of the images, and kept beside "
             "the model.")
      ->check(CLI::IsMember({"auto", "fp32", "bf16", "int8"}))
      ->capture_default_str();
  add_option(command, "--threads", num_threads, "Workers [one for each core].")
      ->type_name("N")
      ->check(whole_number(1, 1024));
}

Result<app::PredictSessionOptions> ModelFlags::options() const {
  app::PredictSessionOptions options;
  options.tree = predict::DataTree(root);
  if (!clip.empty()) options.clip = clip;
  if (!activation.empty()) {
    ASSIGN_OR_RETURN(options.activation, models::parse_activation(activation));
  }
  ASSIGN_OR_RETURN(options.precision, models::parse_precision(precision));
  options.num_workers = num_workers();
  return options;
}

std::size_t ModelFlags::num_workers() const {
  if (num_threads > 0) return num_threads;
  return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

app::Int8Samples::Remarks int8_remarks(const Session& session) {
  return session.quiet ? app::Int8Samples::Remarks::kNo : app::Int8Samples::Remarks::kYes;
}

Result<embedding::Shard> parse_shard(const std::string& text) {
  const Error wrong = invalid_input("expected I/N, such as 0/4 for the first of four: " + text);
  const std::string_view all = text;
  const std::size_t slash = all.find('/');
  if (slash == std::string_view::npos) return wrong;
  const auto index = parse_integer(all.substr(0, slash));
  const auto count = parse_integer(all.substr(slash + 1));
  constexpr std::int64_t kMaxShards = 100'000;
  if (!index || !count || *index < 0 || *count > kMaxShards || *index >= *count) return wrong;
  return embedding::Shard{.index = static_cast<std::uint32_t>(*index),
                          .count = static_cast<std::uint32_t>(*count)};
}

}  // namespace assay::cli

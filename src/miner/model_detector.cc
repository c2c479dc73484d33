#include "miner/model_detector.h"

#include "files/file_system.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace assay::miner {
namespace {

using classification::ClassifierDescription;
using classification::ImageClassifier;
using classification::ModelFormat;

constexpr std::array<std::string_view, 15> kWorksNames = {
    "roadwork",  "roadworks",    "road work",         "road works",         "works",
    "with work", "with works",   "with roadwork",     "with roadworks",     "work zone",
    "workzone",  "construction", "road construction", "under construction", "construction zone"};
constexpr std::array<std::string_view, 6> kDenials = {"no",  "none",    "not",
                                                      "non", "without", "clear"};
/// Of a list in a message.
constexpr std::size_t kMaxListed = 10;

/// In small letters, with single blanks for what stands between words.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char letter : name) {
    const bool is_gap = letter == '_' || letter == '-' || letter == ' ';
    if (is_gap && (plain.empty() || plain.back() == ' ')) continue;
    const bool is_capital = letter >= 'A' && letter <= 'Z';
    const char small = is_capital ? static_cast<char>(letter - 'A' + 'a') : letter;
    plain += is_gap ? ' ' : small;
  }
  if (plain.ends_with(' ')) plain.pop_back();
  return plain;
}

bool says_works(const std::string& label) {
  return std::ranges::find(kWorksNames, plain_name(label)) != kWorksNames.end();
}

bool denies_works(const std::string& label) {
  const std::string plain = plain_name(label);
  return std::ranges::find(kDenials, plain.substr(0, plain.find(' '))) != kDenials.end();
}

Error no_label(std::span<const std::string> labels, std::string_view wanted) {
  std::string list;
  for (const std::string& label : labels.first(std::min(labels.size(), kMaxListed))) {
    list += fmt::format("{}'{}'", list.empty() ? "" : ", ", label);
  }
  if (labels.size() > kMaxListed) list += fmt::format(" and {} more", labels.size() - kMaxListed);
  if (!wanted.empty()) {
    return invalid_input(fmt::format("the model has no label '{}'; it has {}", wanted, list));
  }
  return invalid_input(fmt::format(
      "which of the model's labels means roadwork is not plain from their names; name it by "
      "--detector-label: {}",
      list));
}

}  // namespace

Result<std::size_t> find_works_label(std::span<const std::string> labels, std::string_view wanted) {
  if (!wanted.empty()) {
    const auto found = std::ranges::find(labels, wanted);
    if (found == labels.end()) return no_label(labels, wanted);
    return static_cast<std::size_t>(found - labels.begin());
  }
  if (labels.size() == 1 && !denies_works(labels.front())) return std::size_t{0};
  if (std::ranges::count_if(labels, says_works) != 1) return no_label(labels, wanted);
  return static_cast<std::size_t>(std::ranges::find_if(labels, says_works) - labels.begin());
}

Result<std::unique_ptr<ModelDetector>> ModelDetector::open(const std::filesystem::path& path,
                                                           ModelFormat format,
                                                           const ModelDetectorOptions& options) {
  ASSIGN_OR_RETURN(ClassifierDescription model,
                   classification::describe_classifier(files::posix_file_system(), path, format));
  ASSIGN_OR_RETURN(const std::size_t label, find_works_label(model.labels.names, options.label));
  ASSIGN_OR_RETURN(ImageClassifier classifier, ImageClassifier::load(std::move(model)));
  return std::unique_ptr<ModelDetector>(
      new ModelDetector(std::move(classifier), label, options.timeout));
}

ModelDetector::ModelDetector(ImageClassifier classifier, std::size_t label,
                             std::chrono::milliseconds timeout)
    : classifier_(std::move(classifier)), label_(label), timeout_(timeout) {}

std::string ModelDetector::name() const {
  const ClassifierDescription& model = classifier_.description();
  return fmt::format("{}:{} ({})", model.format == ModelFormat::kOnnx ? "onnx" : "ir",
                     model.graph.string(), model.labels.names[label_]);
}

Result<double> ModelDetector::judge(const DetectorInput& input, std::stop_token stop) {
  if (stop.stop_requested()) return cancelled("the miner is being stopped");
  ASSIGN_OR_RETURN(const std::vector<double> shares, classifier_.classify(input.image, timeout_));
  return shares[label_];
}

}  // namespace assay::miner

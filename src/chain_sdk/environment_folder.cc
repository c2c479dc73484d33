#include "chain_sdk/environment_folder.h"

#include "core/limits.h"
#include "files/atomic_file.h"
#include "json/value.h"
#include "json/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace assay::chain_sdk {
namespace {

constexpr std::string_view kPointerFile = "current.json";
constexpr std::string_view kFormat = "assay-chain-sdk/1";
constexpr ByteCount kMaxPointer{std::uint64_t{64} << 10};

/// A name becomes part of a path, so it is one of ours or none.
bool is_name(std::string_view name) {
  if (!name.starts_with(kEnvironmentNamePrefix)) return false;
  name.remove_prefix(kEnvironmentNamePrefix.size());
  return !name.empty() && name.size() <= 9 &&
         std::ranges::all_of(name, [](char letter) { return letter >= '0' && letter <= '9'; });
}

Result<std::optional<Environment>> read_environment(const json::Value* value) {
  if (value == nullptr || value->is_null()) return std::optional<Environment>();
  Environment environment;
  ASSIGN_OR_RETURN(environment.name, value->require_text("name"));
  if (!is_name(environment.name)) return corrupt("a name that no environment has");
  ASSIGN_OR_RETURN(environment.sdk, value->require_text("sdk"));
  ASSIGN_OR_RETURN(environment.python, value->require_text("python"));
  const json::Value* const pinned = value->find("pinned");
  environment.is_pinned = pinned != nullptr && pinned->boolean().value_or(false);
  ASSIGN_OR_RETURN(const std::string made, value->require_text("made"));
  ASSIGN_OR_RETURN(environment.made, parse_timestamp(made));
  return std::optional(std::move(environment));
}

void write_environment(json::Writer& writer, const std::optional<Environment>& environment) {
  if (!environment) {
    writer.null();
    return;
  }
  writer.begin_object().name("name").text(environment->name);
  writer.name("sdk").text(environment->sdk).name("python").text(environment->python);
  writer.name("pinned").boolean(environment->is_pinned);
  writer.name("made").text(to_rfc3339(environment->made)).end_object();
}

Result<Environments> parse(std::string_view text) {
  ASSIGN_OR_RETURN(const json::Value pointer, json::parse(text));
  ASSIGN_OR_RETURN(const std::string format, pointer.require_text("format"));
  if (format != kFormat) return corrupt(fmt::format("not of the form {}", kFormat));
  Environments environments;
  ASSIGN_OR_RETURN(environments.current, read_environment(pointer.find("current")));
  ASSIGN_OR_RETURN(environments.previous, read_environment(pointer.find("previous")));
  return environments;
}

}  // namespace

Result<Environments> read_environments(files::FileSystem& file_system,
                                       const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kPointerFile;
  ASSIGN_OR_RETURN(const auto info, file_system.info(path));
  if (!info) return Environments{};
  ASSIGN_OR_RETURN(const std::string text, files::read_file(file_system, path, kMaxPointer));
  auto environments = parse(text);
  if (!environments) {
    return corrupt(fmt::format("{}: {}; remove it, and run `assay chain install`", path.native(),
                               environments.error().message));
  }
  return environments;
}

Status write_environments(files::FileSystem& file_system, const std::filesystem::path& folder,
                          const Environments& environments) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object().name("format").text(kFormat).name("current");
  write_environment(writer, environments.current);
  writer.name("previous");
  write_environment(writer, environments.previous);
  return files::write_file(file_system, folder / kPointerFile, writer.end_object().take() + "\n");
}

std::filesystem::path python_of(const std::filesystem::path& folder,
                                const Environment& environment) {
  return folder / environment.name / "bin" / "python";
}

}  // namespace assay::chain_sdk

#include "app/hub_session.h"
#include "cli/cache_options_internal.h"
#include "cli/models_fetch_internal.h"
#include "cli/option_check_internal.h"
#include "core/clock.h"
#include "core/parse_number.h"
#include "core/progress.h"
#include "hub/fetch_repository.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace assay::cli {
namespace {

struct FetchFlags {
  std::string name;
  std::string root = "data";
  std::string to;
  std::vector<std::string> files;
  std::string endpoint;
  std::string token_file;
  std::string keep_free = "1GB";
  std::string timeout = "2h";
  hub::Pin pin = hub::Pin::kKeep;
};

/// Beside the models that are imported: what is fetched is not run from there.
std::filesystem::path folder_of(const FetchFlags& flags, const hub::RepoAddress& repo) {
  if (!flags.to.empty()) return flags.to;
  return std::filesystem::path(flags.root) / "ai_data/fetched" / repo.name;
}

std::string fetch_text(const hub::FetchedRepository& fetched, const hub::RepoAddress& repo,
                       const std::filesystem::path& folder) {
  ByteCount size;
  for (const hub::FetchedFile& file : fetched.files) size += file.size;
  const auto num_there = static_cast<std::uint64_t>(
      std::ranges::count_if(fetched.files, &hub::FetchedFile::was_there));
  std::string text = fmt::format(
      "{}, commit {}: {} of {} in {}{}\n", report::visible_text(repo.name),
      report::visible_text(fetched.commit), report::counted(fetched.files.size(), "file", "files"),
      to_string(size), report::visible_text(folder.native()),
      num_there > 0 ? fmt::format(", {} of them there already", report::count_text(num_there))
                    : "");
  const bool has_weights = std::ranges::any_of(fetched.files, [](const hub::FetchedFile& file) {
    return file.path == "model.safetensors" || file.path == "pytorch_model.bin";
  });
  if (has_weights) {
    text += fmt::format("A CLIP model is put to use by: assay models import clip {}\n",
                        report::visible_text(folder.native()));
  }
  return text;
}

std::string fetch_json(const hub::FetchedRepository& fetched, const hub::RepoAddress& repo,
                       const std::filesystem::path& folder) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("repository").text(repo.name);
  writer.name("revision").text(repo.revision);
  writer.name("commit").text(fetched.commit);
  writer.name("folder").text(folder.native());
  writer.name("files").begin_list();
  for (const hub::FetchedFile& file : fetched.files) {
    writer.begin_object();
    writer.name("path").text(file.path);
    writer.name("size").unsigned_integer(file.size.count());
    writer.name("sha256").text(file.content.to_hex());
    writer.name("was_there").boolean(file.was_there);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

Result<ExitCode> run_fetch(const FetchFlags& flags, Session& session) {
  ASSIGN_OR_RETURN(const hub::RepoAddress repo, hub::parse_repo(flags.name, hub::RepoKind::kModel));
  hub::FetchOptions options{.patterns = flags.files, .pin = flags.pin};
  ASSIGN_OR_RETURN(options.download.total, parse_duration(flags.timeout));
  ASSIGN_OR_RETURN(options.download.min_free_bytes, parse_size(flags.keep_free));
  std::optional<Progress> bar;
  std::string shown;
  if (!session.quiet) {
    options.on_progress = [&](std::string_view path, ByteCount done, ByteCount size) {
      if (!bar || shown != path) {
        shown = path;
        bar.emplace(
            "fetched of " + shown, system_clock(),
            ProgressOptions{
                .style = progress_style_of_stderr(), .total = size.count(), .unit = "bytes"});
      }
      if (done.count() > bar->done()) bar->advance(done.count() - bar->done());
    };
  }
  ASSIGN_OR_RETURN(const app::HubSession session_with_hub,
                   app::open_hub({.endpoint = flags.endpoint, .token_file = flags.token_file}));
  const std::filesystem::path folder = folder_of(flags, repo);
  auto fetched = hub::fetch_repository(*session_with_hub.client, files::posix_file_system(), repo,
                                       folder, options, session.stop);
  bar.reset();
  if (!fetched) {
    return std::move(fetched.error())
        .within("fetching stopped; what came stays, and the same command goes on");
  }
  RETURN_IF_ERROR(print(session.output == OutputForm::kJson ? fetch_json(*fetched, repo, folder)
                                                            : fetch_text(*fetched, repo, folder)));
  return ExitCode::kOk;
}

}  // namespace

void add_models_fetch_command(CommandTree& tree, CLI::App& group) {
  auto flags = std::make_shared<FetchFlags>();
  CLI::App& command = tree.add_command(
      group, "fetch", "Fetch a model from the hub: one commit, each file checked by its digest.",
      {"assay models fetch openai/clip-vit-base-patch32",
       "assay models fetch OpenVINO/LCM_Dreamshaper_v7-fp16-ov --to models/lcm"},
      [flags](Session& session) { return run_fetch(*flags, session); });
  add_option(command, "NAME", flags->name, "OWNER/NAME on the hub, or OWNER/NAME@REVISION.")
      ->required()
      ->check([](const std::string& text) {
        return problem_of(hub::parse_repo(text, hub::RepoKind::kModel));
      });
  add_option(command, "--to", flags->to, "The folder [ai_data/fetched/NAME below --root].")
      ->type_name("FOLDER");
  add_option(command, "--root", flags->root, "The data folder.")
      ->type_name("FOLDER")
      ->capture_default_str();
  command
      .add_option("--files", flags->files,
                  "Which files [all but weights of other frameworks, and pickled ones beside "
                  "safetensors].")
      ->type_name("PATTERN");
  command.add_flag_callback(
      "--upgrade", [flags] { flags->pin = hub::Pin::kMove; },
      "Take the newest commit of the revision, not the one that is there.");
  add_option(command, "--endpoint", flags->endpoint,
             "The hub [HF_ENDPOINT, else https://huggingface.co].")
      ->type_name("URL");
  add_option(command, "--token-file", flags->token_file,
             "For models that are not public [HF_TOKEN, else the hub's usual files].")
      ->type_name("FILE");
  add_option(command, "--keep-free", flags->keep_free, "What has to stay free on the disk.")
      ->type_name("SIZE")
      ->capture_default_str()
      ->check(check_size);
  add_option(command, "--timeout", flags->timeout, "For one file to come.")
      ->type_name("TIME")
      ->capture_default_str()
      ->check([](const std::string& text) { return problem_of(parse_duration(text)); });
}

}  // namespace assay::cli

#include "core/log.h"
#include "recorder/hand_over_internal.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <utility>

namespace assay::recorder {
namespace {

constexpr std::size_t kMaxGuests = 256;
constexpr std::chrono::hours kGuestTimeout{24};

// The members of a request, with nothing for those that are absent or null.
class Arguments {
 public:
  explicit Arguments(const records::JsonMembers& members) : members_(&members) {}

  std::optional<std::string> text(std::string_view name) const {
    const std::string* value = members_->find(name);
    return value == nullptr ? std::nullopt : records::decode_json_text(*value);
  }
  std::string text_or_empty(std::string_view name) const { return text(name).value_or(""); }
  std::optional<std::int64_t> integer(std::string_view name) const {
    const std::string* value = members_->find(name);
    return value == nullptr ? std::nullopt : records::decode_json_integer(*value);
  }
  std::optional<double> number(std::string_view name) const {
    const std::string* value = members_->find(name);
    return value == nullptr ? std::nullopt : records::decode_json_number(*value);
  }

 private:
  const records::JsonMembers* members_;
};

Receipt empty_receipt() { return {}; }

Result<Receipt> feedback(Recorder& recorder, const Arguments& arguments, const std::string& id,
                         const std::string& key) {
  const auto score = arguments.number("score");
  if (!score) return invalid_input("score: expected a number");
  return recorder.log_feedback(id,
                               {.validator_uid = arguments.integer("validator_uid"),
                                .validator_hotkey = arguments.text("validator_hotkey"),
                                .score = *score},
                               key);
}

// Who makes the generation is said by whoever hands it over; an older program does not say it.
std::optional<Miner> miner_of(const Arguments& arguments) {
  const auto version = arguments.text("miner_version");
  const auto network = arguments.text("network");
  if (!version || !network) return std::nullopt;
  return Miner{.uid = arguments.integer("miner_uid"), .version = *version, .network = *network};
}

Result<Receipt> call(Recorder& recorder, const Arguments& arguments) {
  const std::string name = arguments.text_or_empty("call");
  const std::string id = arguments.text_or_empty("generation_id");
  const std::string key = arguments.text_or_empty("key");
  if (name == "start") {
    return recorder.start({.generation_id = id,
                           .task_type = arguments.text_or_empty("task_type"),
                           .prompt = arguments.text_or_empty("prompt"),
                           .validator_uid = arguments.integer("validator_uid"),
                           .validator_hotkey = arguments.text_or_empty("validator_hotkey"),
                           .miner_config = arguments.text_or_empty("miner_config"),
                           .miner = miner_of(arguments)},
                          key);
  }
  if (name == "prompt") {
    return recorder.log_prompt(id,
                               {.enhanced_prompt = arguments.text("enhanced_prompt"),
                                .negative_prompt = arguments.text("negative_prompt")},
                               key);
  }
  if (name == "timing") return recorder.log_timing(id, arguments.text_or_empty("timing"), key);
  if (name == "output") {
    return recorder.log_output(id,
                               {.output = arguments.text_or_empty("output"),
                                .ply = {},
                                .ply_file = arguments.text_or_empty("ply_file")},
                               key);
  }
  if (name == "submission") {
    return recorder.log_submission(id, arguments.text("rejection_reason"), key);
  }
  if (name == "feedback") return feedback(recorder, arguments, id, key);
  if (name == "failure") {
    return recorder.log_failure(id,
                                {.error_type = arguments.text_or_empty("error_type"),
                                 .error_message = arguments.text_or_empty("error_message"),
                                 .stack_trace = arguments.text("stack_trace")},
                                key);
  }
  if (name == "finish") return recorder.finish(id, key);
  if (name == "config") {
    return recorder.log_config_change(arguments.text_or_empty("changes"),
                                      arguments.text_or_empty("reason"), key);
  }
  if (name == "flush" || name == "checkpoint") {
    RETURN_IF_ERROR(name == "flush" ? recorder.flush() : recorder.checkpoint());
    return empty_receipt();
  }
  return invalid_input("a call of no known name; the processes are of different versions");
}

}  // namespace

std::filesystem::path hand_over_path(const std::filesystem::path& folder) {
  return folder / "journal" / "socket";
}

std::filesystem::path incoming_folder(const std::filesystem::path& folder) {
  return folder / "incoming";
}

void discard_abandoned(files::FileSystem& file_system, const std::filesystem::path& folder) {
  const auto names = file_system.list(incoming_folder(folder));
  if (!names) return;
  std::uint64_t num_removed = 0;
  for (const std::string& name : *names) {
    const auto path = incoming_folder(folder) / name;
    const auto info = file_system.info(path);
    if (!info || !*info || (*info)->kind != files::FileKind::kFile) continue;
    // Whoever waits for its answer holds it, and hands it to this process next.
    const auto lock = file_system.lock(path);
    if (lock && file_system.remove(path)) ++num_removed;
  }
  if (num_removed > 0) {
    log_info("bytes of processes that were killed before their call was recorded are removed",
             {{"files", fmt::to_string(num_removed)}});
  }
}

std::string carry_out(Recorder& recorder, std::string_view request) {
  const auto members = records::JsonMembers::parse(request);
  if (members && Arguments(*members).text_or_empty("call") == kRotateCall) {
    return rotate_answer(recorder, *members).to_text();
  }
  const Result<Receipt> receipt =
      members ? call(recorder, Arguments(*members))
              : Result<Receipt>(invalid_input("a request that is no JSON object"));
  records::JsonMembers answer;
  if (receipt) {
    answer.set_text("generation_id", receipt->generation_id);
    answer.set_integer("sequence", static_cast<std::int64_t>(receipt->sequence));
    answer.set_integer("verdict", static_cast<std::int64_t>(receipt->verdict));
  } else {
    answer = error_answer(receipt.error());
  }
  return answer.to_text();
}

Result<std::unique_ptr<HandOverServer>> HandOverServer::start(Recorder& recorder,
                                                              const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(auto listener, process::LocalListener::listen(path));
  std::unique_ptr<HandOverServer> server(new HandOverServer(recorder, std::move(listener)));
  server->thread_ =
      std::jthread([raw = server.get()](const std::stop_token& stop) { raw->accept_all(stop); });
  return server;
}

HandOverServer::~HandOverServer() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  // Each answers the call that it is at.
  for (Guest& guest : guests_) guest.thread.request_stop();
  guests_.clear();
}

void HandOverServer::accept_all(const std::stop_token& stop) {
  bool was_told = false;
  while (!stop.stop_requested()) {
    auto accepted = listener_.accept({.timeout = kGuestTimeout, .stop = stop});
    guests_.remove_if([](const Guest& guest) { return guest.is_gone.load(); });
    if (!accepted) {
      const Error& failure = accepted.error();
      if (failure.code == ErrorCode::kTimeout || failure.code == ErrorCode::kCancelled) continue;
      if (!std::exchange(was_told, true)) {
        log_warning("other processes cannot hand their generations over",
                    {{"reason", failure.message}});
      }
      // No descriptor is left, most likely: those who are served will give some back.
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      continue;
    }
    was_told = false;
    if (guests_.size() >= kMaxGuests) continue;
    Guest& guest = guests_.emplace_back(std::move(*accepted));
    guest.thread = std::jthread(
        [this, &guest](const std::stop_token& guest_stop) { serve(guest, guest_stop); });
  }
}

void HandOverServer::serve(Guest& guest, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto request = guest.connection.receive({.timeout = kGuestTimeout, .stop = stop});
    if (!request || !*request) break;
    const std::string answer = carry_out(*recorder_, as_text(**request));
    if (!guest.connection.send(as_bytes(answer))) break;
  }
  guest.is_gone = true;
}

}  // namespace assay::recorder

#include "tools/job_ledger_generator.h"

#include "core/random.h"
#include "core/sha256.h"
#include "jobs/job_ledger.h"
#include "jobs/prompts.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <memory>
#include <utility>

namespace assay::tools {
namespace {

using namespace std::chrono_literals;

enum class Conduct : std::uint8_t { kHonest, kFailing, kSilent, kFalseClaiming };

constexpr std::array<Conduct, 6> kConducts = {Conduct::kHonest,        Conduct::kHonest,
                                              Conduct::kFailing,       Conduct::kSilent,
                                              Conduct::kFalseClaiming, Conduct::kFalseClaiming};
constexpr Timestamp kStart{std::chrono::seconds(1'761'523'200)};  // 2025-10-27

class Maker {
 public:
  Maker(jobs::JobLedger& ledger, const JobLedgerOptions& options)
      : ledger_(&ledger), options_(&options), random_(options.seed) {}

  Result<MadeJobLedger> run() {
    std::vector<keys::Hotkey> miners;
    for (std::size_t i = 0; i < options_->num_miners; ++i) {
      miners.push_back(new_hotkey());
      if (conduct_of(i) == Conduct::kFalseClaiming) {
        made_.false_claimers.push_back(miners.back().to_ss58());
      }
    }
    for (std::size_t round = 0; round < options_->jobs_per_miner; ++round) {
      for (std::size_t i = 0; i < miners.size(); ++i) RETURN_IF_ERROR(add_job(miners[i], i, round));
    }
    return std::move(made_);
  }

 private:
  static Conduct conduct_of(std::size_t miner) { return kConducts[miner % kConducts.size()]; }

  keys::Hotkey new_hotkey() {
    keys::AccountId account{};
    for (std::byte& part : account) part = static_cast<std::byte>(random_.below(256));
    return keys::Hotkey(account);
  }

  Status add_job(const keys::Hotkey& hotkey, std::size_t miner, std::size_t round) {
    const Timestamp sent = kStart + std::chrono::minutes(22) * static_cast<int>(round);
    const auto label = round % 2 == 0 ? jobs::PromptLabel::kRoadwork : jobs::PromptLabel::kNone;
    const jobs::JobSent job = {.id = jobs::JobId::random(random_),
                               .at = sent,
                               .deadline = sent + 2h,
                               .uid = static_cast<jobs::Uid>(miner),
                               .miner = hotkey,
                               .label = label,
                               .prompt = jobs::template_prompt(label, random_.next()),
                               .resolution = "1K"};
    RETURN_IF_ERROR(ledger_->add_sent({&job, 1}));
    ++made_.num_jobs;
    const std::string task_id = fmt::format("task-{}-{}", miner, round);
    const jobs::JobAnswered answer = {.id = job.id,
                                      .at = sent + 80ms,
                                      .kind = jobs::AnswerKind::kAccepted,
                                      .status = protocol::kJobAccepted,
                                      .text = task_id};
    RETURN_IF_ERROR(ledger_->add_answers({&answer, 1}));
    return end_job(job, conduct_of(miner), round, task_id);
  }

  Status end_job(const jobs::JobSent& job, Conduct conduct, std::size_t round,
                 const std::string& task_id) {
    const Timestamp end = job.at + 4s + std::chrono::milliseconds(random_.below(3000));
    const bool is_odd_round = round % 2 == 1;
    if (conduct == Conduct::kSilent && is_odd_round) {
      ASSIGN_OR_RETURN([[maybe_unused]] const auto late, ledger_->give_up_late(job.deadline));
      return {};
    }
    const bool has_failed = conduct == Conduct::kFailing && is_odd_round;
    const bool is_there = conduct != Conduct::kFalseClaiming || is_odd_round;
    const std::string key = fmt::format("{}.png", task_id);
    ASSIGN_OR_RETURN(
        const auto outcome,
        ledger_->take_callback(job.miner,
                               {.task_id = task_id,
                                .outcome = has_failed ? protocol::JobOutcome::kFailed
                                                      : protocol::JobOutcome::kCompleted,
                                .has_image = !has_failed,
                                .image_uri = has_failed ? "" : key,
                                .reason = has_failed ? "out of memory" : ""},
                               end));
    if (outcome != jobs::CallbackOutcome::kTaken) return internal("a made-up callback is refused");
    if (has_failed) return {};
    if (is_there) made_.objects.push_back(key);
    return ledger_->add_check(job.id, check_of(end + 500ms, is_there));
  }

  jobs::ImageCheck check_of(Timestamp at, bool is_there) {
    if (!is_there) {
      return {.verdict = jobs::ImageVerdict::kAbsent,
              .at = at,
              .reason = "no object of this name is in the store"};
    }
    Sha256::Bytes content{};
    for (std::byte& part : content) part = static_cast<std::byte>(random_.below(256));
    return {.verdict = jobs::ImageVerdict::kSound,
            .at = at,
            .content = Sha256(content),
            .size_bytes = 100'000 + random_.below(50'000),
            .size = {.width = 1024, .height = 576},
            .look = random_.next()};
  }

  jobs::JobLedger* ledger_;
  const JobLedgerOptions* options_;
  SeededRandom random_;
  MadeJobLedger made_;
};

}  // namespace

Result<MadeJobLedger> make_job_ledger(files::FileSystem& file_system,
                                      const std::filesystem::path& folder,
                                      const JobLedgerOptions& options) {
  ASSIGN_OR_RETURN(const auto ledger, jobs::JobLedger::open(file_system, folder, kStart));
  return Maker(*ledger, options).run();
}

}  // namespace assay::tools

#include "audit/verify.h"

#include "audit/verdict_journal.h"
#include "core/bytes.h"
#include "crypto/digest.h"
#include "crypto/hmac.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay::audit {
namespace {

using storage::ExistenceVerdict;
using storage::ObjectAddress;

// The note of the progress is made anew after so many verdicts: it is for eyes.
constexpr std::uint64_t kVerdictsANote = 512;

// The key of an object in the journal: a hash, so that no name lies on the disk.
class ObjectKeys {
 public:
  explicit ObjectKeys(std::string_view hash_key) {
    if (!hash_key.empty()) mac_.emplace(hash_key);
  }

  Sha256 key(const ObjectAddress& address) {
    text_.assign(1, static_cast<char>(address.scheme));
    text_.append(address.bucket);
    text_.push_back('\0');
    text_.append(address.name);
    return mac_ ? mac_->code(text_) : crypto::sha256(text_);
  }

 private:
  std::optional<crypto::HmacSha256> mac_;
  std::string text_;
};

// Verdicts of two runs are about the same question when this is the same.
Sha256 fingerprint_of(const VerifyOptions& options, const ClaimTable& claims, ObjectKeys& keys) {
  crypto::Sha256Hasher hasher;
  const storage::ExistenceOptions& existence = options.existence;
  // A service of one's own may come back at another port: only whether it is one counts.
  hasher.update(fmt::format("verify 1\n{} {}\n{} {}\n", existence.gcs_endpoint.empty(),
                            existence.s3_endpoint.empty(), static_cast<int>(existence.details),
                            static_cast<int>(options.form)));
  for (const ObjectAddress& object : claims.objects()) {
    const Sha256 key = keys.key(object);
    hasher.update(key.bytes());
  }
  return hasher.finish();
}

Result<ClaimTable> claims_of(const VerifyOptions& options, const VerifyEnvironment& environment,
                             const std::stop_token& stop) {
  ASSIGN_OR_RETURN(std::vector<tables::DatasetFile> files,
                   tables::expand_dataset(environment.sources, options.parquet));
  return read_claims(environment.sources, std::move(files),
                     {.rules = options.rules,
                      .max_rows = options.max_rows,
                      .time = options.time,
                      .hash_key = options.hash_key},
                     stop);
}

storage::ExistenceOptions existence_options(const VerifyOptions& options) {
  storage::ExistenceOptions existence = options.existence;
  existence.messages = options.form == VerdictForm::kCompat ? storage::MessageUse::kKeep
                                                            : storage::MessageUse::kDrop;
  return existence;
}

// Objects without a verdict yet, and where they stand among all.
struct Pending {
  std::vector<ObjectAddress> objects;
  std::vector<std::uint32_t> places;
};

class Verifier {
 public:
  Verifier(const VerifyOptions& options, const VerifyEnvironment& environment)
      : options_(options), environment_(environment), keys_(options.hash_key) {}

  Result<Verification> run(const std::stop_token& stop) {
    RETURN_IF_ERROR(check_output());
    ASSIGN_OR_RETURN(done_.claims, claims_of(options_, environment_, stop));
    done_.verdicts.resize(done_.claims.objects().size());
    ASSIGN_OR_RETURN(VerdictJournal journal, open_journal());
    const Pending pending = take_known(journal);
    if (const Status status = ask(pending, journal, stop); !status) {
      return stopped(status.error(), journal);
    }
    done_.counts = count_verdicts(done_.claims, done_.verdicts);
    RETURN_IF_ERROR(write_report());
    const bool leaves_open = done_.counts.denied + done_.counts.unknown > 0;
    RETURN_IF_ERROR(leaves_open ? journal.close_run() : journal.retire());
    return std::move(done_);
  }

 private:
  // Found out before an hour of asking, not after it.
  Status check_output() {
    ASSIGN_OR_RETURN(const auto info, environment_.services.file_system->info(options_.output));
    if (!info || info->kind != files::FileKind::kFolder) return {};
    return invalid_input(fmt::format("cannot write {}: it is a folder; give the path of a file",
                                     options_.output.string()));
  }

  Result<VerdictJournal> open_journal() {
    return VerdictJournal::open(*environment_.services.file_system, journal_path(options_.output),
                                fingerprint_of(options_, done_.claims, keys_),
                                *environment_.services.clock);
  }

  Pending take_known(const VerdictJournal& journal) {
    Pending pending;
    const auto objects = done_.claims.objects();
    for (std::uint32_t i = 0; i < objects.size(); ++i) {
      const auto known = journal.found().empty() ? journal.found().end()
                                                 : journal.found().find(keys_.key(objects[i]));
      if (known != journal.found().end()) {
        done_.verdicts[i] = known->second;
        counts_.add(known->second.presence);
        ++done_.num_resumed;
      } else {
        pending.objects.push_back(objects[i]);
        pending.places.push_back(i);
      }
    }
    return pending;
  }

  Status ask(const Pending& pending, VerdictJournal& journal, const std::stop_token& stop) {
    ProgressOptions progress_options = environment_.progress;
    progress_options.total = done_.claims.objects().size();
    progress_options.already_done = done_.num_resumed;
    progress_options.unit = "objects";
    Progress progress("verify", *environment_.services.clock, progress_options);
    ASSIGN_OR_RETURN(storage::ExistenceCheck check,
                     storage::ExistenceCheck::create(pending.objects, existence_options(options_),
                                                     environment_.services));
    const auto on_verdict = [&](std::size_t index, const ExistenceVerdict& verdict) -> Status {
      const std::uint32_t place = pending.places[index];
      ExistenceVerdict& kept = done_.verdicts[place];
      kept = verdict;
      const ObjectAddress& object = pending.objects[index];
      if (!kept.message.empty()) kept.message = without_names(kept.message, object);
      RETURN_IF_ERROR(journal.record(keys_.key(object), kept));
      counts_.add(kept.presence);
      if (counts_.total() % kVerdictsANote == 0) progress.set_note(note());
      progress.advance();
      return {};
    };
    RETURN_IF_ERROR(check.look_ahead(on_verdict, stop));
    done_.plan = check.plan();
    RETURN_IF_ERROR(check.run(on_verdict, stop));
    done_.stats = check.stats();
    progress.set_note(note());
    progress.finish();
    return {};
  }

  std::string note() const {
    std::string text = fmt::format("{} found, {} missing", counts_.present, counts_.absent);
    if (counts_.denied > 0) text += fmt::format(", {} denied", counts_.denied);
    if (counts_.unknown > 0) text += fmt::format(", {} unknown", counts_.unknown);
    return text;
  }

  // A journal without verdicts is of no use to the next run.
  Error stopped(Error error, VerdictJournal& journal) const {
    if (journal.num_verdicts() == 0) {
      const Status retired = journal.retire();
      if (!retired) error.message += fmt::format("; {}", retired.error().message);
      return error;
    }
    error.message +=
        fmt::format("; {} of {} verdicts are kept: the same command goes on from there",
                    journal.num_verdicts(), done_.claims.objects().size());
    return error;
  }

  Status write_report() {
    files::FileSystem& file_system = *environment_.services.file_system;
    if (options_.existence.details == storage::DetailUse::kAsk) {
      ASSIGN_OR_RETURN(
          const DetailCounts details,
          write_details(file_system, details_path(options_.output), done_.claims, done_.verdicts));
      done_.details = details;
    }
    return write_verdicts(file_system, options_.output, done_.claims, done_.verdicts,
                          options_.form);
  }

  const VerifyOptions& options_;
  const VerifyEnvironment& environment_;
  ObjectKeys keys_;
  Verification done_;
  VerdictCounts counts_;  // by object, for the progress
};

}  // namespace

Result<Verification> verify(const VerifyOptions& options, const VerifyEnvironment& environment,
                            const std::stop_token& stop) {
  return Verifier(options, environment).run(stop);
}

Result<Verification> plan_verification(const VerifyOptions& options,
                                       const VerifyEnvironment& environment,
                                       const std::stop_token& stop) {
  Verification planned;
  ASSIGN_OR_RETURN(planned.claims, claims_of(options, environment, stop));
  ASSIGN_OR_RETURN(storage::ExistenceCheck check,
                   storage::ExistenceCheck::create(
                       planned.claims.objects(), existence_options(options), environment.services));
  const auto ignore = [](std::size_t, const ExistenceVerdict&) -> Status { return {}; };
  RETURN_IF_ERROR(check.look_ahead(ignore, stop));
  planned.plan = check.plan();
  planned.stats = check.stats();
  return planned;
}

std::filesystem::path journal_path(const std::filesystem::path& output) {
  std::filesystem::path path = output;
  path += ".journal";
  return path;
}

}  // namespace assay::audit

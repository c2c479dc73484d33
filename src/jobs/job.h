/// \file
/// One job for a miner: what was asked, what became of it, and what its image is worth.

#pragma once

#include "core/random.h"
#include "core/result.h"
#include "core/sha256.h"
#include "core/timestamp.h"
#include "images/image.h"
#include "keys/ss58.h"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace assay::jobs {

/// A slot of the network; with another hotkey it is another miner.
using Uid = std::uint16_t;

/// Our name of a job: random, so that nobody guesses the next.
class JobId {
 public:
  using Bytes = std::array<std::byte, 16>;

  explicit JobId(const Bytes& bytes) : bytes_(bytes) {}
  /// A new one: a UUID of version 4.
  static JobId random(RandomSource& random);

  /// As a UUID is written: 36 characters in lower case.
  std::string to_text() const;
  const Bytes& bytes() const { return bytes_; }
  auto operator<=>(const JobId&) const = default;

 private:
  Bytes bytes_;
};

/// What a prompt asks for. Persisted: do not change the values.
enum class PromptLabel : std::uint8_t { kNone = 0, kRoadwork = 1 };

/// How far a job is.
enum class JobState : std::uint8_t {
  kSent,         ///< On its way; the miner has not answered yet.
  kAccepted,     ///< Taken on; a callback is to come.
  kRefused,      ///< The miner answered, but did not take it on.
  kUnanswered,   ///< No answer, or none in time.
  kInterrupted,  ///< We were stopped before the answer came: nobody's fault.
  kCompleted,    ///< Called back as completed, with or without an image.
  kFailed,       ///< Called back as failed.
  kTimedOut,     ///< Taken on, but not called back in time.
};
inline constexpr std::size_t kNumJobStates = 8;

/// In snake case, for JSON.
std::string_view to_string(JobState state);
/// Whether something may still come from the miner.
bool is_open(JobState state);

/// What a claimed image turned out to be. Persisted: do not change the values.
enum class ImageVerdict : std::uint8_t {
  kSound = 0,        ///< It is there, decodes, and is no other's.
  kAbsent = 1,       ///< No object of that name is in the store.
  kBroken = 2,       ///< Bytes that are no image that can be read.
  kTooLarge = 3,     ///< Over the limits: not looked at.
  kBlank = 4,        ///< Of one colour.
  kDuplicate = 5,    ///< Of an earlier job, or nearly.
  kElsewhere = 6,    ///< The address leads to no place that we may ask.
  kUnreachable = 7,  ///< The store did not answer, or refused us: nobody knows.
};
inline constexpr std::size_t kNumImageVerdicts = 8;

/// In snake case, for JSON.
std::string_view to_string(ImageVerdict verdict);
/// Whether an object was there under the claimed name.
bool has_object(ImageVerdict verdict);
/// Whether the verdict speaks against the claim: the object is absent or worthless.
bool is_false_claim(ImageVerdict verdict);

struct ImageCheck {
  ImageVerdict verdict = ImageVerdict::kUnreachable;
  Timestamp at = {};
  /// Of what was read.
  std::optional<Sha256> content = std::nullopt;
  std::uint64_t size_bytes = 0;
  /// Of what was decoded.
  images::ImageSize size = {};
  std::uint64_t look = 0;  ///< images::perceptual_hash().
  /// The earlier job that has the image.
  std::optional<JobId> duplicate_of = std::nullopt;
  /// What was found, in a sentence; empty for kSound.
  std::string reason = {};
};

/// How a job ended by the miner's own word.
struct JobReport {
  Timestamp at = {};
  bool has_image = false;
  std::string image_uri = {};
  std::string reason = {};
};

struct Job {
  JobId id = JobId({});
  Uid uid = 0;
  keys::Hotkey miner = keys::Hotkey(keys::AccountId{});
  keys::Hotkey validator = keys::Hotkey(keys::AccountId{});
  std::string prompt = {};
  std::string resolution = {};
  PromptLabel label = PromptLabel::kNone;
  Timestamp sent = {};
  /// No callback is taken from here on.
  Timestamp deadline = {};

  JobState state = JobState::kSent;
  /// When the miner answered, or we gave up waiting for that.
  std::optional<Timestamp> answered = std::nullopt;
  /// HTTP status of the answer; 0 without one.
  int answer_status = 0;
  /// The miner's name of the job, once it is accepted.
  std::string task_id = {};
  /// Why it was not taken on, in a sentence.
  std::string refusal = {};
  /// Of kCompleted and kFailed.
  std::optional<JobReport> report = std::nullopt;
  /// When kTimedOut or kInterrupted was found.
  std::optional<Timestamp> given_up = std::nullopt;
  std::optional<ImageCheck> check = std::nullopt;

  bool claims_image() const { return report && report->has_image; }
  /// Empty when it claims none.
  std::string_view claimed_uri() const {
    return report && report->has_image ? std::string_view(report->image_uri) : std::string_view();
  }
  /// Whether it claims an image that was not looked at yet.
  bool awaits_check() const { return claims_image() && !check; }
  /// Of the last thing that happened to it.
  Timestamp updated() const;
};

}  // namespace assay::jobs

/// They are random already.
template <>
struct std::hash<assay::jobs::JobId> {
  std::size_t operator()(const assay::jobs::JobId& id) const noexcept;
};

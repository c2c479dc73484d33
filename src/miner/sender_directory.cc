#include "miner/sender_directory.h"

#include <utility>

namespace assay::miner {

void SenderDirectory::replace(Senders senders) {
  const std::scoped_lock guard(mutex_);
  senders_.swap(senders);
}

std::optional<SenderStanding> SenderDirectory::find(const keys::Hotkey& sender) const {
  const std::scoped_lock guard(mutex_);
  const auto found = senders_.find(sender);
  if (found == senders_.end()) return std::nullopt;
  return found->second;
}

std::size_t SenderDirectory::size() const {
  const std::scoped_lock guard(mutex_);
  return senders_.size();
}

std::optional<std::string> objection_to(const SenderDirectory& directory,
                                        const keys::Hotkey& sender, const SenderPolicy& policy) {
  const auto standing = directory.find(sender);
  if (!standing) {
    if (policy.unregistered == SenderPolicy::Unregistered::kTaken) return std::nullopt;
    return "the sender is not registered on this subnet";
  }
  if (policy.permit == SenderPolicy::Permit::kRequired && !standing->has_permit) {
    return "the sender has no validator's permit";
  }
  if (standing->stake < policy.min_stake) return "the sender's stake is below what is asked here";
  return std::nullopt;
}

}  // namespace assay::miner

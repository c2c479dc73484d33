#include "keys/known_signers.h"

#include "keys/sr25519.h"

#include <utility>

namespace assay::keys {

std::optional<crypto::PreparedSigner> KnownSigners::find(const Hotkey& signer) const {
  const std::scoped_lock lock(mutex_);
  const auto found = prepared_.find(signer);
  if (found == prepared_.end()) return std::nullopt;
  return found->second;
}

bool KnownSigners::verify(const Hotkey& signer, std::span<const std::byte> message,
                          std::span<const std::byte, 64> signature) {
  if (const auto known = find(signer)) return keys::verify(signer, *known, message, signature);
  if (!keys::verify(signer, message, signature)) return false;
  auto prepared = crypto::PreparedSigner::prepare(signer.account());
  if (!prepared) return true;
  const std::scoped_lock lock(mutex_);
  if (prepared_.size() >= kMaxSigners) prepared_.erase(prepared_.begin());
  prepared_.try_emplace(signer, std::move(*prepared));
  return true;
}

std::size_t KnownSigners::size() const {
  const std::scoped_lock lock(mutex_);
  return prepared_.size();
}

}  // namespace assay::keys

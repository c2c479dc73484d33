#include "organic/admission.h"

#include <algorithm>

namespace assay::organic {

std::optional<std::chrono::milliseconds> Admission::charge(std::string_view client, Instant now) {
  const std::scoped_lock lock(mutex_);
  return rates_.take(client, now);
}

Admission::Place::~Place() {
  if (admission_ != nullptr) admission_->leave(image_, was_answered_);
}

Admission::Entry Admission::enter(const Sha256& image, Instant now) {
  const std::scoped_lock lock(mutex_);
  const auto left = images_.left(image, now);
  if (left > Instant(0)) {
    return {.is_repeated = true, .retry_after = std::chrono::ceil<std::chrono::milliseconds>(left)};
  }
  if (num_active_ >= options_.max_active) {
    return {.retry_after = std::chrono::seconds(1)};
  }
  images_.add(image, now);
  ++num_active_;
  return {.place = Place(*this, image)};
}

void Admission::leave(const Sha256& image, bool was_answered) {
  const std::scoped_lock lock(mutex_);
  --num_active_;
  if (!was_answered) images_.forget(image);
}

Admission::Sizes Admission::sizes() const {
  const std::scoped_lock lock(mutex_);
  return {.num_active = num_active_,
          .num_clients = rates_.num_clients(),
          .num_images = images_.size(),
          .num_entries = std::max(rates_.num_clients(), images_.num_entries())};
}

}  // namespace assay::organic

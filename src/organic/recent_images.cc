#include "organic/recent_images.h"

namespace assay::organic {

void RecentImages::drop_first() {
  const Entry& first = order_.front();
  // It may have been forgotten and come again: then a later entry stands for it.
  const auto found = expiries_.find(first.image);
  if (found != expiries_.end() && found->second == first.expires) expiries_.erase(found);
  order_.pop_front();
}

std::chrono::nanoseconds RecentImages::left(const Sha256& image, Instant now) {
  while (!order_.empty() && order_.front().expires <= now) drop_first();
  const auto found = expiries_.find(image);
  return found == expiries_.end() ? std::chrono::nanoseconds(0) : found->second - now;
}

void RecentImages::add(const Sha256& image, Instant now) {
  while (!order_.empty() && order_.size() >= options_.max_images) drop_first();
  const Instant expires = now + options_.window;
  expiries_.insert_or_assign(image, expires);
  order_.push_back({.image = image, .expires = expires});
}

}  // namespace assay::organic

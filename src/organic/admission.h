/// \file
/// Who of those that may ask is let in now: limits of one client, of one image, and of all.

#pragma once

#include "organic/client_rates.h"
#include "organic/recent_images.h"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace assay::organic {

struct AdmissionOptions {
  RateOptions rates = {};
  RecentImagesOptions images = {};
  /// Requests that are worked on at a time; more are refused, not queued.
  std::size_t max_active = 10;
};

/// Threads: all calls are safe from any thread.
class Admission {
 public:
  using Instant = std::chrono::nanoseconds;  ///< Of Clock::monotonic().

  explicit Admission(const AdmissionOptions& options)
      : options_(options), rates_(options.rates), images_(options.images) {}

  /// Take one request of this client into account. Nothing when it may go on; else how long to
  /// wait.
  std::optional<std::chrono::milliseconds> charge(std::string_view client, Instant now);

  /// One of `max_active`. At its end the image is forgotten unless it was answered.
  class Place {
   public:
    Place(Place&& other) noexcept
        : admission_(std::exchange(other.admission_, nullptr)),
          image_(other.image_),
          was_answered_(other.was_answered_) {}
    Place& operator=(Place&&) = delete;
    ~Place();
    void answered() { was_answered_ = true; }

   private:
    friend class Admission;
    Place(Admission& admission, const Sha256& image) : admission_(&admission), image_(image) {}
    Admission* admission_;
    Sha256 image_;
    bool was_answered_ = false;
  };

  struct Entry {
    std::optional<Place> place = std::nullopt;
    /// Without a place: whether that is because of the image, and how long to wait.
    bool is_repeated = false;
    std::chrono::milliseconds retry_after{0};
  };
  /// Lifetime: the place goes before this.
  Entry enter(const Sha256& image, Instant now);

  struct Sizes {
    std::size_t num_active = 0;
    std::size_t num_clients = 0;
    std::size_t num_images = 0;
    /// Of the largest table.
    std::size_t num_entries = 0;
  };
  Sizes sizes() const;

 private:
  void leave(const Sha256& image, bool was_answered);

  AdmissionOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  ClientRates rates_;
  RecentImages images_;
  std::size_t num_active_ = 0;
};

}  // namespace assay::organic

/// \file
/// Is a claimed image there, and is it one?

#pragma once

#include "core/bytes.h"
#include "core/result.h"
#include "core/timestamp.h"
#include "images/decode.h"
#include "jobs/job.h"
#include "jobs/job_ledger.h"
#include "storage/object_store.h"
#include "storage/open_store.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::jobs {

/// The one place where miners are to put their images.
struct ImagePlace {
  /// Lifetime: outlives the check.
  storage::ObjectStore* store = nullptr;
  /// Its address, as the miners were told it: `s3://bucket/prefix`, a folder.
  storage::StoreAddress address = {};
};

/// The key of what `image_uri` names; nothing when it does not lie in the place: nobody makes us
/// ask other servers, or read other files. A text without a scheme is a path below the place.
std::optional<std::string> key_in_place(const storage::StoreAddress& address,
                                        std::string_view image_uri);

struct ImageCheckOptions {
  ByteCount max_size{std::uint64_t{32} << 20};
  std::uint64_t max_pixels = 64'000'000;
  /// Bits of the perceptual hash in which an image is still the same as an earlier one.
  int max_twin_distance = 4;
};

/// What was found, and the bytes of a sound image.
struct CheckedImage {
  ImageCheck check;
  std::vector<std::byte> bytes = {};
};

/// Threads: one thread at a time.
class ImageChecker {
 public:
  /// Lifetime: the ledger and the place's store outlive it.
  ImageChecker(const JobLedger& ledger, ImagePlace place, const ImageCheckOptions& options = {});

  /// Look at the image that `job` claims. A store that does not answer is the verdict kUnreachable,
  /// not an error, and a job without a claim is kElsewhere. Cost: one object in memory, and
  /// decoded.
  CheckedImage check(const Job& job, Timestamp now);

 private:
  Result<std::optional<std::vector<std::byte>>> read(const std::string& key,
                                                     ImageCheck& check) const;
  void look_at(const std::vector<std::byte>& bytes, ImageCheck& check);

  const JobLedger* ledger_;
  ImagePlace place_;
  ImageCheckOptions options_;
  images::Decoder decoder_;
};

}  // namespace assay::jobs

#include "jobs/image_check.h"

#include "crypto/digest.h"
#include "images/perceptual_hash.h"

#include <fmt/format.h>

#include <filesystem>
#include <span>
#include <utility>

namespace assay::jobs {
namespace {

namespace fs = std::filesystem;
using storage::StoreKind;

/// A path below the place, without `..` that would lead out of it.
std::optional<std::string> inner_path(const fs::path& path) {
  const fs::path inner = path.lexically_normal();
  if (inner.empty() || inner == "." || inner.is_absolute() || *inner.begin() == "..") {
    return std::nullopt;
  }
  std::string key = inner.generic_string();
  if (!storage::check_object_key(key)) return std::nullopt;
  return key;
}

std::optional<std::string> local_key(const storage::StoreAddress& address,
                                     const storage::StoreAddress& claimed, bool has_scheme) {
  const fs::path path = claimed.key;
  if (!has_scheme) return inner_path(path.relative_path());
  return inner_path(
      path.lexically_normal().lexically_relative(fs::absolute(address.key).lexically_normal()));
}

}  // namespace

std::optional<std::string> key_in_place(const storage::StoreAddress& address,
                                        std::string_view image_uri) {
  const auto claimed = storage::parse_store_address(image_uri);
  if (!claimed) return std::nullopt;
  const bool has_scheme = image_uri.contains("://");
  if (address.kind == StoreKind::kLocal) {
    if (claimed->kind != StoreKind::kLocal) return std::nullopt;
    return local_key(address, *claimed, has_scheme);
  }
  const std::string prefix =
      address.key.empty() || address.key.ends_with('/') ? address.key : address.key + "/";
  if (!has_scheme) {
    const auto inner = inner_path(fs::path(claimed->key).relative_path());
    return inner ? std::optional(prefix + *inner) : std::nullopt;
  }
  if (claimed->kind != address.kind || claimed->bucket != address.bucket ||
      !claimed->key.starts_with(prefix) || !storage::check_object_key(claimed->key)) {
    return std::nullopt;
  }
  return claimed->key;
}

ImageChecker::ImageChecker(const JobLedger& ledger, ImagePlace place,
                           const ImageCheckOptions& options)
    : ledger_(&ledger), place_(std::move(place)), options_(options) {}

CheckedImage ImageChecker::check(const Job& job, Timestamp now) {
  CheckedImage checked{.check = {.at = now}};
  ImageCheck& check = checked.check;
  const auto key = key_in_place(place_.address, job.claimed_uri());
  if (!key) {
    check.verdict = ImageVerdict::kElsewhere;
    check.reason = "the address is not in the store that miners are to use";
    return checked;
  }
  auto bytes = read(*key, check);
  if (!bytes) {
    check.verdict = ImageVerdict::kUnreachable;
    check.reason = std::string(to_string(bytes.error().code));
    return checked;
  }
  if (!*bytes) return checked;
  look_at(**bytes, check);
  if (check.verdict == ImageVerdict::kSound) checked.bytes = std::move(**bytes);
  return checked;
}

// Nothing when there is a verdict already.
Result<std::optional<std::vector<std::byte>>> ImageChecker::read(const std::string& key,
                                                                 ImageCheck& check) const {
  ASSIGN_OR_RETURN(const auto info, place_.store->info(key));
  if (!info) {
    check.verdict = ImageVerdict::kAbsent;
    check.reason = "no object of this name is in the store";
    return std::nullopt;
  }
  check.size_bytes = info->size.count();
  if (info->size > options_.max_size) {
    check.verdict = ImageVerdict::kTooLarge;
    check.reason = fmt::format("{}, and {} are looked at", to_string(info->size),
                               to_string(options_.max_size));
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(const auto source, place_.store->open(key));
  // It may have been replaced since.
  if (source->size() > options_.max_size) return unavailable("the object changes");
  std::vector<std::byte> bytes(source->size().count());
  ASSIGN_OR_RETURN(const std::size_t num_read, source->read_at(0, bytes));
  bytes.resize(num_read);
  check.size_bytes = num_read;
  return bytes;
}

void ImageChecker::look_at(const std::vector<std::byte>& bytes, ImageCheck& check) {
  check.content = crypto::sha256(bytes);
  auto decoded = decoder_.decode(
      bytes, {.max_encoded_size = options_.max_size, .max_pixels = options_.max_pixels});
  if (!decoded) {
    const bool is_over_limit = decoded.error().kind == images::RefusalKind::kOverLimit;
    check.verdict = is_over_limit ? ImageVerdict::kTooLarge : ImageVerdict::kBroken;
    // What our machine lacks says nothing about the image.
    if (decoded.error().kind == images::RefusalKind::kMissingLibrary) {
      check.verdict = ImageVerdict::kUnreachable;
    }
    check.reason = decoded.error().reason;
    return;
  }
  check.size = decoded->image.size();
  check.look = images::perceptual_hash(decoded->image);
  decoder_.reuse(std::move(decoded->image));
  check.duplicate_of = ledger_->find_twin(*check.content, check.look, options_.max_twin_distance);
  if (check.look == 0) {
    check.verdict = ImageVerdict::kBlank;
    check.reason = "of one colour";
  } else if (check.duplicate_of) {
    check.verdict = ImageVerdict::kDuplicate;
    check.reason = "the image of job " + check.duplicate_of->to_text();
  } else {
    check.verdict = ImageVerdict::kSound;
  }
}

}  // namespace assay::jobs

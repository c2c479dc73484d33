#include "record_files/line_hash.h"

#include "crypto/digest.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace assay::record_files {

LineHash hash_of_line(std::string_view line) {
  const Sha256 digest = crypto::sha256(line);
  LineHash hash;
  std::ranges::copy(std::span(digest.bytes()).first(hash.bytes.size()), hash.bytes.begin());
  return hash;
}

std::size_t LineHashHash::operator()(const LineHash& hash) const {
  std::size_t value = 0;
  std::memcpy(&value, hash.bytes.data(), sizeof value);
  return value;
}

}  // namespace assay::record_files

#include "protocol/testing/known_keys.h"

#include "core/check.h"
#include "core/hex.h"

#include <span>
#include <string_view>

namespace assay::protocol::testing {
namespace {

keys::KeyPair pair_of(std::string_view seed_hex) {
  const auto bytes = parse_hex(seed_hex);
  CHECK(bytes && bytes->size() == keys::Seed::kSize, "a seed has 32 bytes");
  return keys::KeyPair::from_seed(keys::Seed(std::span(*bytes).first<keys::Seed::kSize>()));
}

}  // namespace

const keys::KeyPair& alice() {
  static const keys::KeyPair pair =
      pair_of("e5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a");
  return pair;
}

const keys::KeyPair& bob() {
  static const keys::KeyPair pair =
      pair_of("398f0c28f98885e046333d4a41c19cee4c37368a9832c6502f6cfd182e2aef89");
  return pair;
}

const keys::KeyPair& eve() {
  static const keys::KeyPair pair =
      pair_of("0101010101010101010101010101010101010101010101010101010101010101");
  return pair;
}

}  // namespace assay::protocol::testing

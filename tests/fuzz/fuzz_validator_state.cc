/// \file
/// Fuzzes snapshots of scores whose checksum is right: what opens is written back and opens the
/// same.

#include "core/bytes.h"
#include "core/check.h"
#include "core/crc32c.h"
#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"
#include "fuzz_target.h"
#include "validator/state_store.h"

#include <cstddef>
#include <cstdint>
#include <string>

FUZZ_TARGET(validator_state) {
  namespace validator = assay::validator;
  std::string snapshot(reinterpret_cast<const char*>(data), size);
  std::uint32_t checksum = assay::crc32c(assay::as_bytes(snapshot));
  for (int i = 0; i < 4; ++i, checksum >>= 8U) snapshot += static_cast<char>(checksum & 0xFFU);
  assay::files::testing::SimulatedFileSystem file_system;
  const std::string path = "/state/" + std::string(validator::kSnapshotFile);
  CHECK(assay::files::write_file(file_system, path, snapshot), "a file in memory");
  std::size_t num_miners = 0;
  std::uint64_t num_rounds = 0;
  {
    auto store = validator::StateStore::open(file_system, "/state", {});
    if (!store) return 0;
    num_miners = store->book().miners().size();
    num_rounds = store->num_rounds();
    CHECK(store->save(), "what was read can be written");
  }
  const auto again = validator::StateStore::open(file_system, "/state", {});
  CHECK(again && again->book().miners().size() == num_miners && again->num_rounds() == num_rounds,
        "and reads the same");
  return 0;
}

#include "audit/claims.h"

#include <gtest/gtest.h>

namespace assay::audit {
namespace {

using storage::AddressScheme;

TEST(ClaimTable, HoldsEachObjectOnce) {
  ClaimTable table;
  const Sha256 hash{Sha256::Bytes{}};
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "images/" + std::to_string(i % 100) + std::string(100, 'x');
    table.add({AddressScheme::kGcs, "b", name}, "job" + std::to_string(i), i % 2 == 0 ? "A" : "",
              hash, {});
  }
  table.add({AddressScheme::kS3, "b", "images/0" + std::string(100, 'x')}, "", "A", hash, {});
  ASSERT_EQ(table.claims().size(), 1001U);
  EXPECT_EQ(table.objects().size(), 101U);
  EXPECT_EQ(table.claims()[0].object, table.claims()[100].object);
  EXPECT_EQ(table.claims()[7].job_id, "job7");
  EXPECT_EQ(table.claims()[7].miner, "");
  EXPECT_EQ(table.claims()[8].miner.data(), table.claims()[10].miner.data());
  EXPECT_EQ(table.objects()[3].name, "images/3" + std::string(100, 'x'));
}

TEST(ClaimTable, KeepsItsTextWhenMoved) {
  ClaimTable table;
  table.add({AddressScheme::kGcs, "b", "n"}, "j", "m", Sha256{Sha256::Bytes{}}, {});
  const ClaimTable moved = std::move(table);
  EXPECT_EQ(moved.objects()[0].bucket, "b");
  EXPECT_EQ(moved.claims()[0].job_id, "j");
}

}  // namespace
}  // namespace assay::audit

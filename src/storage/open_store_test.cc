#include "storage/open_store.h"

#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <string>

namespace assay::storage {
namespace {

TEST(StoreAddress, ReadsItsFourForms) {
  EXPECT_EQ(parse_store_address("s3://bucket/a/b%20 c?d").value(),
            (StoreAddress{StoreKind::kS3, "bucket", "a/b%20 c?d"}));
  EXPECT_EQ(parse_store_address("gs://my.bucket_1").value(),
            (StoreAddress{StoreKind::kGcs, "my.bucket_1", ""}));
  EXPECT_EQ(parse_store_address("gs://b/").value(), (StoreAddress{StoreKind::kGcs, "b", ""}));
  EXPECT_EQ(parse_store_address("file:///a%20b/c").value(),
            (StoreAddress{StoreKind::kLocal, "", "/a b/c"}));
  EXPECT_EQ(parse_store_address("file://localhost/a").value(),
            (StoreAddress{StoreKind::kLocal, "", "/a"}));
  EXPECT_EQ(parse_store_address("some folder/x%20y").value(),
            (StoreAddress{StoreKind::kLocal, "", "some folder/x%20y"}));
}

TEST(StoreAddress, RefusesOthersAndShowsNoPassword) {
  for (const auto* bad :
       {"", "http://host/hunter2", "s3://", "s3:///hunter2", "s3://a b/hunter2",
        "s3://AKID:hunter2@bucket/key", "gs://hunter2@bucket", "file://host/hunter2",
        "file:///hunter2%", "file:///hunter2%zz", "file:///a%00hunter2"}) {
    const auto address = parse_store_address(bad);
    ASSERT_FALSE(address) << bad;
    EXPECT_EQ(address.error().code, ErrorCode::kInvalidInput);
    EXPECT_EQ(address.error().message.find("hunter2"), std::string::npos);
  }
}

Credentials no_credentials() { return {.aws = AwsAccess{}, .gcs = GcsAccess{}}; }

TEST(OpenStore, ALocalFolderIsAStoreAndAFileLiesInOne) {
  files::testing::SimulatedFileSystem file_system;
  ASSERT_TRUE(files::write_file(file_system, "data/x/a.parquet", "PAR1"));
  const auto credentials = no_credentials();
  const auto folder = open_object_store(file_system, "data/x", credentials, {});
  ASSERT_TRUE(folder);
  EXPECT_EQ(folder->key, "");
  EXPECT_TRUE(folder->store->info("a.parquet").value());
  const auto file = open_object_store(file_system, "data/x/../x/a.parquet", credentials, {});
  ASSERT_TRUE(file);
  EXPECT_EQ(file->key, "a.parquet");
  EXPECT_TRUE(file->store->info(file->key).value());
  EXPECT_EQ(open_object_store(file_system, "absent", credentials, {})->key, "absent");
}

TEST(OpenStore, WithoutCredentialsARemoteStoreIsMissingThemAndSaysHowToGiveThem) {
  files::testing::SimulatedFileSystem file_system;
  const auto credentials = no_credentials();
  const auto s3 = open_object_store(file_system, "s3://bucket/key", credentials, {});
  ASSERT_FALSE(s3);
  EXPECT_EQ(s3.error().code, ErrorCode::kMissing);
  EXPECT_NE(s3.error().message.find("AWS_ACCESS_KEY_ID"), std::string::npos);
  const auto gcs = open_object_store(file_system, "gs://bucket/key", credentials, {});
  ASSERT_FALSE(gcs);
  EXPECT_EQ(gcs.error().code, ErrorCode::kMissing);
  EXPECT_NE(gcs.error().message.find("GOOGLE_APPLICATION_CREDENTIALS"), std::string::npos);
}

TEST(OpenStore, WhatTheCredentialsMetIsReportedToWhoNeedsThem) {
  files::testing::SimulatedFileSystem file_system;
  const Credentials credentials = {.aws = AwsAccess{}, .gcs = denied("the key file")};
  EXPECT_EQ(open_object_store(file_system, "gs://bucket/key", credentials, {}).error().message,
            "the key file");
  EXPECT_TRUE(open_object_store(file_system, "folder", credentials, {}));
}

TEST(OpenStore, AKeyFileThatIsNoneIsRefusedAndNotShown) {
  const std::string key = "{\"type\": \"service_account\", \"private_key\": \"hunter2\"}";
  GcsAccess access;
  access.access = Access::kKey;
  access.key_json = crypto::Secret(std::string_view(key));
  const auto store = open_gcs_store("bucket", access, {.retry_limit = std::chrono::seconds(1)});
  const auto failure = store ? Status((*store)->info("a").error()) : Status(store.error());
  EXPECT_EQ(failure.error().message.find("hunter2"), std::string::npos) << failure.error().message;
}

}  // namespace
}  // namespace assay::storage

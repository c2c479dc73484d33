// Run by tests/servers/with_servers.py; without its servers every test skips.

#include "files/file_system.h"
#include "storage/open_store.h"
#include "storage/testing/object_store_conformance.h"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace assay::storage::testing {
namespace {

constexpr std::string_view kSecretKey = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY";
constexpr const char* kKnownSecret = "ASSAY_TEST_S3_SECRET_KEY";
constexpr std::string_view kSessionToken = "session-token-that-nobody-may-see";
constexpr const char* kBucket = "assay-test";
constexpr StoreOptions kQuick = {.connect_timeout = std::chrono::seconds(2),
                                 .retry_limit = std::chrono::seconds(2),
                                 .max_tries = 2};

std::string endpoint_of(const char* variable) {
  return process_environment()(variable).value_or("");
}

AwsAccess aws_access(std::string endpoint) {
  AwsAccess access;
  access.access = Access::kKey;
  access.keys = {.access_key_id = "AKIDEXAMPLE",
                 .secret_access_key = crypto::Secret(kSecretKey),
                 .session_token = crypto::Secret(kSessionToken)};
  access.endpoint = std::move(endpoint);
  return access;
}

// With the key that the server knows, where it looks at keys at all.
AwsAccess known_aws_access(std::string endpoint) {
  AwsAccess access = aws_access(std::move(endpoint));
  const auto environment = process_environment();
  if (const auto secret = environment(kKnownSecret)) {
    access.keys = {.access_key_id = environment("ASSAY_TEST_S3_ACCESS_KEY").value_or(""),
                   .secret_access_key = crypto::Secret(*secret),
                   .session_token = {}};
  }
  return access;
}

GcsAccess gcs_access(std::string endpoint) {
  GcsAccess access;
  access.access = Access::kAnonymous;
  access.endpoint = std::move(endpoint);
  return access;
}

class RemoteFixture final : public ObjectStoreFixture {
 public:
  explicit RemoteFixture(std::unique_ptr<ObjectStore> store) : store_(std::move(store)) {}
  ObjectStore& store() override { return *store_; }
  std::string prefix() override { return prefix_; }

 private:
  static int next_number() {
    static int number = 0;
    return ++number;
  }

  std::unique_ptr<ObjectStore> store_;
  std::string prefix_ = "test-" + std::to_string(next_number()) + "/";
};

std::unique_ptr<ObjectStoreFixture> make_s3() {
  const std::string endpoint = endpoint_of("ASSAY_TEST_S3_ENDPOINT");
  if (endpoint.empty()) return nullptr;
  auto store = open_s3_store(kBucket, known_aws_access(endpoint), {});
  EXPECT_TRUE(store) << store.error().message;
  return std::make_unique<RemoteFixture>(std::move(*store));
}

std::unique_ptr<ObjectStoreFixture> make_gcs() {
  const std::string endpoint = endpoint_of("ASSAY_TEST_GCS_ENDPOINT");
  if (endpoint.empty()) return nullptr;
  auto store = open_gcs_store(kBucket, gcs_access(endpoint), {});
  EXPECT_TRUE(store) << store.error().message;
  return std::make_unique<RemoteFixture>(std::move(*store));
}

INSTANTIATE_TEST_SUITE_P(Remote, ObjectStoreConformance,
                         ::testing::Values(ObjectStoreMaker{"S3", make_s3, 1010},
                                           ObjectStoreMaker{"Gcs", make_gcs, 120}),
                         [](const auto& made) { return made.param.name; });

// Every call of a store, each with the error it must give; none may show a secret.
void expect_all_to_fail(ObjectStore& store, ErrorCode code) {
  const auto check = [&](const Status& status, std::string_view call) {
    ASSERT_FALSE(status) << call;
    EXPECT_EQ(status.error().code, code) << call << ": " << status.error().message;
    EXPECT_NE(status.error().message.find(store.name()), std::string::npos);
    EXPECT_EQ(status.error().message.find(kSecretKey), std::string::npos);
    EXPECT_EQ(status.error().message.find(kSessionToken), std::string::npos);
  };
  const auto to_status = [](const auto& result) -> Status {
    return result ? Status() : Status(result.error());
  };
  check(to_status(store.open("a/b")), "open");
  check(to_status(store.info("a/b")), "info");
  check(store.list("a/", [](std::span<const ObjectInfo>) -> Status { return {}; }, {}), "list");
  check(store.put("a/b", as_bytes("1")), "put");
  check(store.remove("a/b"), "remove");
}

TEST(RemoteStore, AServerThatRefusesIsDenied) {
  const std::string endpoint = endpoint_of("ASSAY_TEST_REFUSING_ENDPOINT");
  if (endpoint.empty()) GTEST_SKIP() << "needs the refusing server of with_servers.py";
  const auto s3 = open_s3_store(kBucket, aws_access(endpoint), kQuick);
  ASSERT_TRUE(s3) << s3.error().message;
  expect_all_to_fail(**s3, ErrorCode::kDenied);
  const auto gcs = open_gcs_store(kBucket, gcs_access(endpoint), kQuick);
  ASSERT_TRUE(gcs) << gcs.error().message;
  expect_all_to_fail(**gcs, ErrorCode::kDenied);
}

TEST(RemoteStore, AServerThatIsNotThereIsUnavailable) {
  const auto s3 = open_s3_store(kBucket, aws_access("http://127.0.0.1:1"), kQuick);
  ASSERT_TRUE(s3) << s3.error().message;
  expect_all_to_fail(**s3, ErrorCode::kUnavailable);
  const auto gcs = open_gcs_store(kBucket, gcs_access("http://127.0.0.1:1"),
                                  {.retry_limit = std::chrono::milliseconds(200)});
  ASSERT_TRUE(gcs) << gcs.error().message;
  expect_all_to_fail(**gcs, ErrorCode::kUnavailable);
}

TEST(RemoteStore, AServerThatNeverAnswersIsATimeout) {
  // Connections are taken into the queue of this socket, and nobody reads them.
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_GE(listener, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), length), 0);
  ASSERT_EQ(listen(listener, 8), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const auto store = open_s3_store(
      kBucket, aws_access("http://127.0.0.1:" + std::to_string(ntohs(address.sin_port))),
      {.stall_timeout = std::chrono::seconds(1), .max_tries = 1});
  ASSERT_TRUE(store);
  const auto info = (*store)->info("a");
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::kTimeout) << info.error().message;
  close(listener);
}

TEST(RemoteStore, ABucketThatIsNotThereIsNotFoundWhenListed) {
  const std::string s3_endpoint = endpoint_of("ASSAY_TEST_S3_ENDPOINT");
  const std::string gcs_endpoint = endpoint_of("ASSAY_TEST_GCS_ENDPOINT");
  if (s3_endpoint.empty() || gcs_endpoint.empty()) GTEST_SKIP() << "needs with_servers.py";
  const auto s3 = open_s3_store("no-such-bucket", known_aws_access(s3_endpoint), kQuick);
  const auto gcs = open_gcs_store("no-such-bucket", gcs_access(gcs_endpoint), kQuick);
  ASSERT_TRUE(s3 && gcs);
  for (ObjectStore* store : {s3->get(), gcs->get()}) {
    const auto listed =
        store->list("", [](std::span<const ObjectInfo>) -> Status { return {}; }, {});
    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().code, ErrorCode::kNotFound) << listed.error().message;
    EXPECT_NE(listed.error().message.find("no-such-bucket"), std::string::npos);
  }
}

TEST(RemoteStore, AnObjectOfTheSameSizeHasAnotherVersion) {
  for (const auto& fixture : {make_s3(), make_gcs()}) {
    if (fixture == nullptr) GTEST_SKIP() << "needs with_servers.py";
    const std::string key = fixture->prefix() + "a";
    const auto version = [&] {
      const auto source = fixture->store().open(key);
      return source ? (*source)->version() : "error: " + source.error().message;
    };
    ASSERT_TRUE(fixture->store().put(key, as_bytes("1234")));
    const std::string first = version();
    EXPECT_FALSE(first.empty() || first.starts_with("error")) << first;
    EXPECT_EQ(version(), first);
    ASSERT_TRUE(fixture->store().put(key, as_bytes("4321")));
    EXPECT_NE(version(), first);
  }
}

TEST(RemoteStore, AnonymousRequestsCarryNoKey) {
  const std::string endpoint = endpoint_of("ASSAY_TEST_S3_ENDPOINT");
  if (endpoint.empty()) GTEST_SKIP() << "needs with_servers.py";
  AwsAccess access;
  access.access = Access::kAnonymous;
  access.endpoint = endpoint;
  const auto store = open_s3_store(kBucket, access, kQuick);
  ASSERT_TRUE(store) << store.error().message;
  const auto info = (*store)->info("absent");
  if (process_environment()(kKnownSecret)) {
    ASSERT_FALSE(info) << "the server tells only those who sign, so the request was signed";
    EXPECT_EQ(info.error().code, ErrorCode::kDenied) << info.error().message;
  } else {
    EXPECT_TRUE(info) << info.error().message;
  }
}

TEST(RemoteStore, AKeyThatTheServerDoesNotKnowIsDenied) {
  if (!process_environment()(kKnownSecret)) GTEST_SKIP() << "needs minio of with_servers.py";
  AwsAccess access = known_aws_access(endpoint_of("ASSAY_TEST_S3_ENDPOINT"));
  access.keys.secret_access_key = crypto::Secret(kSecretKey);
  const auto store = open_s3_store(kBucket, access, kQuick);
  ASSERT_TRUE(store) << store.error().message;
  expect_all_to_fail(**store, ErrorCode::kDenied);
}

TEST(RemoteStore, AKeyFileOpensGcsAndItsKeyIsNeverShown) {
  const auto environment = process_environment();
  const auto key_file = environment("ASSAY_TEST_GCS_KEY");
  const auto refusing = environment("ASSAY_TEST_REFUSING_ENDPOINT");
  if (!key_file || !refusing) GTEST_SKIP() << "needs with_servers.py";
  Credentials credentials =
      resolve_credentials(files::posix_file_system(), environment, {.gcs_key_file = *key_file});
  ASSERT_TRUE(credentials.gcs) << credentials.gcs.error().message;
  credentials.gcs->endpoint = endpoint_of("ASSAY_TEST_GCS_ENDPOINT");
  const auto store = open_object_store(files::posix_file_system(), "gs://assay-test/with/key",
                                       credentials, kQuick);
  ASSERT_TRUE(store) << store.error().message;
  const auto put = store->store->put(store->key, as_bytes("signed"));
  EXPECT_TRUE(put) << put.error().message;
  EXPECT_TRUE(store->store->info(store->key).value());

  credentials.gcs->endpoint = *refusing;
  const auto refused = open_object_store(files::posix_file_system(), "gs://assay-test/with/key",
                                         credentials, kQuick);
  ASSERT_TRUE(refused);
  const auto info = refused->store->info(refused->key);
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::kDenied);
  const std::string_view key = credentials.gcs->key_json.reveal();
  const std::size_t body = key.find("-----BEGIN PRIVATE KEY-----") + 40;
  EXPECT_EQ(info.error().message.find(key.substr(body, 20)), std::string::npos);
}

// The last test of the program: nothing opens after it.
class ShutDown : public ::testing::Environment {
 public:
  void TearDown() override {
    shut_down_storage();
    const auto store = open_s3_store(kBucket, aws_access("http://127.0.0.1:1"), kQuick);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::kUnavailable);
  }
};
const ::testing::Environment* const kShutDown = ::testing::AddGlobalTestEnvironment(new ShutDown);

}  // namespace
}  // namespace assay::storage::testing

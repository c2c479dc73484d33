#include "storage/credentials.h"

#include "files/atomic_file.h"
#include "files/testing/simulated_file_system.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace assay::storage {
namespace {

constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() { variables_["HOME"] = "/users/me"; }

  Credentials resolve(const CredentialRequest& request = {}) {
    return resolve_credentials(
        file_system_,
        [this](std::string_view name) -> std::optional<std::string> {
          const auto found = variables_.find(name);
          if (found == variables_.end() || found->second.empty()) return std::nullopt;
          return found->second;
        },
        request);
  }

  void write(std::string_view path, std::string_view content) {
    ASSERT_TRUE(files::write_file(file_system_, path, content));
  }

  files::testing::SimulatedFileSystem file_system_;
  std::map<std::string, std::string, std::less<>> variables_;
};

TEST_F(CredentialsTest, NothingFoundIsNoErrorYet) {
  const auto credentials = resolve();
  ASSERT_TRUE(credentials.aws && credentials.gcs);
  EXPECT_EQ(credentials.aws->access, Access::kAbsent);
  EXPECT_EQ(credentials.gcs->access, Access::kAbsent);
  EXPECT_EQ(credentials.aws->region, "us-east-1");
}

TEST_F(CredentialsTest, TakesAwsKeysOfTheEnvironment) {
  variables_["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE";
  variables_["AWS_SECRET_ACCESS_KEY"] = kSecret;
  variables_["AWS_SESSION_TOKEN"] = "session-token-text";
  variables_["AWS_DEFAULT_REGION"] = "eu-west-1";
  variables_["AWS_REGION"] = "eu-central-1";
  const auto credentials = resolve();
  ASSERT_TRUE(credentials.aws);
  EXPECT_EQ(credentials.aws->access, Access::kKey);
  EXPECT_EQ(credentials.aws->keys.access_key_id, "AKIDEXAMPLE");
  EXPECT_EQ(credentials.aws->keys.secret_access_key.reveal(), kSecret);
  EXPECT_EQ(credentials.aws->keys.session_token.reveal(), "session-token-text");
  EXPECT_EQ(credentials.aws->region, "eu-central-1");
  EXPECT_EQ(to_string(*credentials.aws), "AWS: key *** (AWS_ACCESS_KEY_ID), region eu-central-1");
  EXPECT_EQ(credentials.aws->keys.copy().secret_access_key.reveal(), kSecret);
}

TEST_F(CredentialsTest, HalfAPairIsMissing) {
  variables_["AWS_SECRET_ACCESS_KEY"] = kSecret;
  const auto credentials = resolve();
  ASSERT_FALSE(credentials.aws);
  EXPECT_EQ(credentials.aws.error().code, ErrorCode::kMissing);
  EXPECT_EQ(credentials.aws.error().message.find(kSecret), std::string::npos);
  EXPECT_TRUE(credentials.gcs) << "the other store is not concerned";
}

TEST_F(CredentialsTest, TakesTheProfileOfTheSharedFile) {
  write("/users/me/.aws/credentials",
        "# comment\n[default]\naws_access_key_id = AKIDDEFAULT\naws_secret_access_key = abc/d=\n\n"
        "[work]\r\nAWS_ACCESS_KEY_ID=AKIDWORK ; mine\r\naws_secret_access_key=xyz\r\n"
        "aws_session_token = token\r\n");
  write("/users/me/.aws/config",
        "[profile work]\nregion = ap-south-1\ns3 =\n  max_concurrent_requests = 20\n");
  auto credentials = resolve();
  ASSERT_TRUE(credentials.aws) << credentials.aws.error().message;
  EXPECT_EQ(credentials.aws->keys.access_key_id, "AKIDDEFAULT");
  EXPECT_EQ(credentials.aws->keys.secret_access_key.reveal(), "abc/d=");
  variables_["AWS_PROFILE"] = "work";
  credentials = resolve();
  ASSERT_TRUE(credentials.aws);
  EXPECT_EQ(credentials.aws->keys.access_key_id, "AKIDWORK");
  EXPECT_EQ(credentials.aws->keys.session_token.reveal(), "token");
  EXPECT_EQ(credentials.aws->region, "ap-south-1");
  EXPECT_EQ(credentials.aws->origin, "profile work of /users/me/.aws/credentials");
}

TEST_F(CredentialsTest, TheAskedProfileWinsOverTheEnvironmentWhichWinsOverTheNamedOne) {
  write("/keys", "[a]\naws_access_key_id = A\naws_secret_access_key = 1\n");
  variables_["AWS_SHARED_CREDENTIALS_FILE"] = "/keys";
  variables_["AWS_PROFILE"] = "a";
  EXPECT_EQ(resolve().aws->keys.access_key_id, "A");
  variables_["AWS_ACCESS_KEY_ID"] = "E";
  variables_["AWS_SECRET_ACCESS_KEY"] = "2";
  EXPECT_EQ(resolve().aws->keys.access_key_id, "E");
  EXPECT_EQ(resolve({.aws_profile = "a"}).aws->keys.access_key_id, "A");
}

TEST_F(CredentialsTest, AProfileThatIsNotThereIsMissing) {
  const auto credentials = resolve({.aws_profile = "absent"});
  ASSERT_FALSE(credentials.aws);
  EXPECT_EQ(credentials.aws.error().code, ErrorCode::kMissing);
  EXPECT_NE(credentials.aws.error().message.find("absent"), std::string::npos);
}

TEST_F(CredentialsTest, ABrokenSharedFileIsNamedByLineAndNotShown) {
  for (const std::string& content :
       {std::string("[default]\n") + std::string(kSecret) + "\n",
        "aws_secret_access_key = " + std::string(kSecret) + "\n",
        "[default\naws_secret_access_key = " + std::string(kSecret) + "\n"}) {
    write("/users/me/.aws/credentials", content);
    const auto credentials = resolve();
    ASSERT_FALSE(credentials.aws) << content;
    EXPECT_EQ(credentials.aws.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(credentials.aws.error().message.find("/users/me/.aws/credentials: line "),
              std::string::npos);
    EXPECT_EQ(credentials.aws.error().message.find(kSecret), std::string::npos);
  }
  write("/users/me/.aws/credentials",
        "[default]\naws_secret_access_key = " + std::string(kSecret) + "\n");
  EXPECT_EQ(resolve().aws.error().code, ErrorCode::kMissing);
}

TEST_F(CredentialsTest, TheAskedKeyFileWinsOverTheEnvironment) {
  write("/asked.json", "{\"asked\": 1}");
  write("/named.json", "{\"named\": 1}");
  variables_["GOOGLE_APPLICATION_CREDENTIALS"] = "/named.json";
  auto credentials = resolve();
  ASSERT_TRUE(credentials.gcs);
  EXPECT_EQ(credentials.gcs->key_json.reveal(), "{\"named\": 1}");
  EXPECT_EQ(to_string(*credentials.gcs), "Google: key *** (GOOGLE_APPLICATION_CREDENTIALS)");
  credentials = resolve({.gcs_key_file = "/asked.json"});
  ASSERT_TRUE(credentials.gcs);
  EXPECT_EQ(credentials.gcs->key_json.reveal(), "{\"asked\": 1}");
  EXPECT_EQ(credentials.gcs->key_file, "/asked.json");
}

TEST_F(CredentialsTest, AKeyFileThatIsNotThereIsMissing) {
  variables_["GOOGLE_APPLICATION_CREDENTIALS"] = "/absent.json";
  const auto credentials = resolve();
  ASSERT_FALSE(credentials.gcs);
  EXPECT_EQ(credentials.gcs.error().code, ErrorCode::kMissing);
  EXPECT_NE(credentials.gcs.error().message.find("/absent.json"), std::string::npos);
  EXPECT_NE(credentials.gcs.error().message.find("GOOGLE_APPLICATION_CREDENTIALS"),
            std::string::npos);
}

TEST_F(CredentialsTest, AHugeKeyFileIsRefused) {
  write("/huge", std::string((1 << 20) + 1, '['));
  EXPECT_EQ(resolve({.gcs_key_file = "/huge"}).gcs.error().code, ErrorCode::kExhausted);
}

TEST_F(CredentialsTest, AnonymousUsesNoKeyThatIsThere) {
  variables_["AWS_ACCESS_KEY_ID"] = "A";
  variables_["AWS_SECRET_ACCESS_KEY"] = "1";
  variables_["GOOGLE_APPLICATION_CREDENTIALS"] = "/absent.json";
  const auto credentials = resolve({.use = CredentialRequest::Use::kAnonymous});
  ASSERT_TRUE(credentials.aws && credentials.gcs);
  EXPECT_EQ(credentials.aws->access, Access::kAnonymous);
  EXPECT_TRUE(credentials.aws->keys.access_key_id.empty());
  EXPECT_EQ(credentials.gcs->access, Access::kAnonymous);
}

TEST_F(CredentialsTest, ReadsEndpoints) {
  variables_["AWS_ENDPOINT_URL"] = "http://localhost:9000/";
  variables_["STORAGE_EMULATOR_HOST"] = "localhost:9023";
  auto credentials = resolve();
  ASSERT_TRUE(credentials.aws && credentials.gcs);
  EXPECT_EQ(credentials.aws->endpoint, "http://localhost:9000");
  EXPECT_EQ(credentials.gcs->endpoint, "http://localhost:9023");
  EXPECT_EQ(credentials.gcs->access, Access::kAnonymous);
  variables_["AWS_ENDPOINT_URL_S3"] = "https://[::1]:9001";
  EXPECT_EQ(resolve().aws->endpoint, "https://[::1]:9001");
}

TEST_F(CredentialsTest, RefusesEndpointsWithAnythingElseAndDoesNotShowThem) {
  for (const auto* bad : {"http://me:hunter2@localhost", "ftp://hunter2", "http://",
                          "http://a/hunter2", "http://a?hunter2"}) {
    variables_["AWS_ENDPOINT_URL"] = bad;
    const auto credentials = resolve();
    ASSERT_FALSE(credentials.aws) << bad;
    EXPECT_EQ(credentials.aws.error().code, ErrorCode::kInvalidInput);
    EXPECT_NE(credentials.aws.error().message.find("AWS_ENDPOINT_URL"), std::string::npos);
    EXPECT_EQ(credentials.aws.error().message.find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace assay::storage

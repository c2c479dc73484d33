#include "app/existence_tools.h"

#include "core/log.h"

#include <algorithm>
#include <utility>

namespace assay::app {

Result<std::unique_ptr<ExistenceTools>> ExistenceTools::create(
    files::FileSystem& file_system, const storage::Credentials& credentials,
    const storage::ExistenceOptions& options) {
  if (!credentials.gcs) return Error(credentials.gcs.error());
  std::unique_ptr<ExistenceTools> tools(new ExistenceTools());
  tools->gcs_ = &*credentials.gcs;
  const net::HttpOptions http = net::HttpOptions::from_environment();
  tools->services_ = {.http = http,
                      .file_system = &file_system,
                      .clock = &system_clock(),
                      .random = &system_random()};
  if (tools->gcs_->access == storage::Access::kKey) {
    ASSIGN_OR_RETURN(net::ServiceAccountKey key,
                     with_context(net::ServiceAccountKey::parse(tools->gcs_->key_json.reveal()),
                                  tools->gcs_->key_file.string()));
    net::GoogleTokenOptions token_options;
    token_options.timeout = std::min(token_options.timeout, options.timeout);
    token_options.retry.max_tries =
        std::min<unsigned>(token_options.retry.max_tries, options.tries);
    tools->transport_ = net::make_http_transport(http);
    tools->token_source_ = std::make_unique<net::GoogleTokenSource>(
        std::move(key), *tools->transport_, system_clock(), system_random(), token_options);
    tools->services_.gcs_token = tools->token_source_.get();
  }
  if (!credentials.aws) {
    log_warning("S3 objects are asked without a signature: " + credentials.aws.error().message);
    return tools;
  }
  tools->aws_ = &*credentials.aws;
  if (tools->aws_->access == storage::Access::kKey) tools->services_.s3_keys = &tools->aws_->keys;
  return tools;
}

void ExistenceTools::set_endpoints(storage::ExistenceOptions& options) const {
  options.gcs_endpoint = gcs_->endpoint;
  if (aws_ == nullptr) return;
  options.s3_endpoint = aws_->endpoint;
  options.s3_region = aws_->region;
}

}  // namespace assay::app

/// \file
/// What a check of existence needs, made from the machine's credentials.

#pragma once

#include "core/clock.h"
#include "core/random.h"
#include "core/result.h"
#include "files/file_system.h"
#include "net/google_token.h"
#include "net/http_client.h"
#include "storage/credentials.h"
#include "storage/existence.h"

#include <memory>

namespace assay::app {

/// Owns the transport and the token source that storage::ExistenceServices borrows.
class ExistenceTools {
 public:
  /// `credentials` are borrowed. `options` say how long and how often to ask for a token, too.
  /// Errors: those of finding the GCS credentials, and kInvalidInput (a key file that is none;
  ///         names the file and the field, never a value). Broken AWS credentials are only warned
  ///         of: the export may not need them.
  static Result<std::unique_ptr<ExistenceTools>> create(files::FileSystem& file_system,
                                                        const storage::Credentials& credentials,
                                                        const storage::ExistenceOptions& options);

  const storage::ExistenceServices& services() const { return services_; }
  /// Where the services are, put into the options of a check.
  void set_endpoints(storage::ExistenceOptions& options) const;

 private:
  ExistenceTools() = default;

  const storage::AwsAccess* aws_ = nullptr;
  const storage::GcsAccess* gcs_ = nullptr;
  std::unique_ptr<net::HttpTransport> transport_;
  std::unique_ptr<net::GoogleTokenSource> token_source_;
  storage::ExistenceServices services_;
};

}  // namespace assay::app

#include "storage/existence.h"

#include "net/http_pool.h"
#include "storage/existence_engine_internal.h"
#include "storage/gcs_service_internal.h"
#include "storage/s3_service_internal.h"
#include "storage/web_service_internal.h"

#include <string>
#include <utility>

namespace assay::storage {
namespace {

constexpr std::string_view kGoogle = "https://storage.googleapis.com";
// What Google asks of its users: begin at no more than this, and at most double it every 20
// minutes.
constexpr double kGcsRampStart = 5000;

}  // namespace

class ExistenceCheck::Implementation {
 public:
  Implementation(std::span<const ObjectAddress> addresses, const ExistenceServices& services,
                 net::HttpPool pool, ServiceTable& table, const ExistenceOptions& options,
                 const PaceOptions& pace)
      : addresses_(addresses),
        services_(services),
        pool_(std::move(pool)),
        engine_(addresses, options, std::move(table), pace, *services.clock, *services.random) {}

  Status run(ExistenceEngine::Reach reach, const OnVerdict& on_verdict,
             const std::stop_token& stop) {
    if (reach == ExistenceEngine::Reach::kAll) RETURN_IF_ERROR(look_at_files(on_verdict, stop));
    RETURN_IF_ERROR(engine_.begin(reach, on_verdict, stop));
    return pool_.run([this] { return engine_.next(); },
                     [this](std::uint64_t id, const Result<net::HttpResponse>& response) {
                       return engine_.answered(id, response);
                     },
                     stop);
  }

  const ExistenceEngine& engine() const { return engine_; }
  bool has_looked_ahead = false;

 private:
  Status look_at_files(const OnVerdict& on_verdict, const std::stop_token& stop) {
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
      if (addresses_[i].scheme != AddressScheme::kFile) continue;
      if (stop.stop_requested()) return cancelled("stopped");
      ExistenceVerdict verdict{.tries = 1};
      const auto info = services_.file_system->info(std::string(addresses_[i].name));
      if (!info) {
        const bool is_denied = info.error().code == ErrorCode::kDenied;
        verdict.presence = is_denied ? Presence::kDenied : Presence::kUnknown;
        if (!is_denied) verdict.doubt = Doubt::kBadAddress;
      } else if (*info && (*info)->kind == files::FileKind::kFile) {
        verdict.presence = Presence::kPresent;
        verdict.details = ObjectDetails{
            .size_bytes = (*info)->size.count(), .created = (*info)->modified, .md5_base64 = ""};
      } else {
        verdict.presence = Presence::kAbsent;
      }
      RETURN_IF_ERROR(on_verdict(i, verdict));
    }
    return {};
  }

  std::span<const ObjectAddress> addresses_;
  ExistenceServices services_;
  net::HttpPool pool_;
  ExistenceEngine engine_;
};

namespace {

Result<ServiceTable> make_services(std::span<const ObjectAddress> addresses,
                                   const ExistenceOptions& options,
                                   const ExistenceServices& services) {
  ServiceTable table;
  for (const ObjectAddress& address : addresses) {
    auto& service = table[static_cast<std::size_t>(address.scheme)];
    if (service != nullptr) continue;
    switch (address.scheme) {
      case AddressScheme::kGcs: {
        auto endpoint = net::Url::parse(
            options.gcs_endpoint.empty() ? kGoogle : std::string_view(options.gcs_endpoint));
        if (!endpoint) return std::move(endpoint.error()).within("the endpoint of GCS");
        service = std::make_unique<GcsService>(*std::move(endpoint), options, services.gcs_token);
        break;
      }
      case AddressScheme::kS3: {
        std::optional<net::Url> endpoint;
        if (!options.s3_endpoint.empty()) {
          auto given = net::Url::parse(options.s3_endpoint);
          if (!given) return std::move(given.error()).within("the endpoint of S3");
          endpoint = *std::move(given);
        }
        service = std::make_unique<S3Service>(std::move(endpoint), options, services.s3_keys,
                                              *services.clock);
        break;
      }
      case AddressScheme::kHttps:
      case AddressScheme::kHttp:
        service = std::make_unique<WebService>(options);
        break;
      case AddressScheme::kFile:
        continue;
    }
  }
  return table;
}

}  // namespace

ExistenceCheck::ExistenceCheck(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
ExistenceCheck::ExistenceCheck(ExistenceCheck&&) noexcept = default;
ExistenceCheck::~ExistenceCheck() = default;

Result<ExistenceCheck> ExistenceCheck::create(std::span<const ObjectAddress> addresses,
                                              const ExistenceOptions& options,
                                              const ExistenceServices& services) {
  ASSIGN_OR_RETURN(ServiceTable table, make_services(addresses, options, services));
  ASSIGN_OR_RETURN(
      net::HttpPool pool,
      net::HttpPool::create({.http = services.http,
                             .max_in_flight = options.concurrency,
                             .max_per_host = options.concurrency,
                             .captured_headers = {"retry-after", "content-length", "last-modified",
                                                  "etag", "x-amz-bucket-region"}}));
  PaceOptions pace{.max_in_flight = options.concurrency,
                   .requests_per_second = options.requests_per_second};
  const bool asks_google = table[static_cast<std::size_t>(AddressScheme::kGcs)] != nullptr &&
                           options.gcs_endpoint.empty();
  if (asks_google) pace.ramp_start = kGcsRampStart;
  return ExistenceCheck(
      std::make_unique<Implementation>(addresses, services, std::move(pool), table, options, pace));
}

Status ExistenceCheck::look_ahead(const OnVerdict& on_verdict, std::stop_token stop) {
  implementation_->has_looked_ahead = true;
  return implementation_->run(ExistenceEngine::Reach::kFirstPages, on_verdict, stop);
}

Status ExistenceCheck::run(const OnVerdict& on_verdict, std::stop_token stop) {
  if (!implementation_->has_looked_ahead) RETURN_IF_ERROR(look_ahead(on_verdict, stop));
  return implementation_->run(ExistenceEngine::Reach::kAll, on_verdict, stop);
}

const ExistencePlan& ExistenceCheck::plan() const { return implementation_->engine().plan(); }
const ExistenceStats& ExistenceCheck::stats() const { return implementation_->engine().stats(); }

}  // namespace assay::storage

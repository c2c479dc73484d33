#include "net/testing/tls_authority.h"

#include "core/check.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <string_view>

namespace assay::net::testing {
namespace {

constexpr long kDaySeconds = 86'400;

struct Extension {
  int kind;
  std::string value;
};

// `issuer` is null for a certificate that vouches for itself.
X509* make_certificate(const std::string& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key,
                       const Extension& wanted) {
  static long serial = 0;
  X509* const made = X509_new();
  CHECK(made != nullptr, "no memory for a certificate");
  X509_set_version(made, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made), -kDaySeconds);
  X509_gmtime_adj(X509_getm_notAfter(made), kDaySeconds);
  X509_set_pubkey(made, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made, X509_get_subject_name(issuer == nullptr ? made : issuer));
  X509_EXTENSION* const extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, wanted.kind, wanted.value.c_str());
  CHECK(extension != nullptr, "an extension that OpenSSL does not know");
  X509_add_ext(made, extension, -1);
  X509_EXTENSION_free(extension);
  CHECK(X509_sign(made, issuer_key, EVP_sha256()) > 0, "a certificate that cannot be signed");
  return made;
}

template <typename Write>
std::string pem_text(const Write& write) {
  BIO* const memory = BIO_new(BIO_s_mem());
  CHECK(memory != nullptr && write(memory) == 1, "a key that cannot be written");
  const char* bytes = nullptr;
  const long size = BIO_get_mem_data(memory, &bytes);
  std::string text(bytes, static_cast<std::size_t>(size));
  BIO_free(memory);
  return text;
}

std::string pem_of(X509* certificate) {
  return pem_text([&](BIO* into) { return PEM_write_bio_X509(into, certificate); });
}

}  // namespace

void TlsAuthority::Deleter::operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
void TlsAuthority::Deleter::operator()(X509* certificate) const { X509_free(certificate); }

// Clients tell authorities apart by their names: two must not share one.
TlsAuthority::TlsAuthority() : key_(EVP_EC_gen("P-256")) {
  static int number = 0;
  CHECK(key_ != nullptr, "no key for a test authority");
  certificate_.reset(make_certificate("test authority " + std::to_string(++number), key_.get(),
                                      nullptr, key_.get(), {NID_basic_constraints, "CA:TRUE"}));
}

TlsAuthority::~TlsAuthority() = default;

std::string TlsAuthority::certificate() const { return pem_of(certificate_.get()); }

TlsIdentity TlsAuthority::issue(const std::string& alternative_name) const {
  const std::unique_ptr<EVP_PKEY, Deleter> key(EVP_EC_gen("P-256"));
  CHECK(key != nullptr, "no key for a test server");
  const std::unique_ptr<X509, Deleter> certificate(
      make_certificate("test server", key.get(), certificate_.get(), key_.get(),
                       {NID_subject_alt_name, alternative_name}));
  return {.certificate = pem_of(certificate.get()),
          .key = pem_text([&](BIO* into) {
            return PEM_write_bio_PrivateKey(into, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace assay::net::testing

/// \file
/// An authority for TLS made at run time, so that no key is ever stored.

#pragma once

#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace assay::net::testing {

/// The name of a server on this machine, as issue() takes it.
inline constexpr const char* kLoopbackName = "IP:127.0.0.1";

/// What a server shows who it is; PEM.
struct TlsIdentity {
  std::string certificate;
  std::string key;
};

class TlsAuthority {
 public:
  TlsAuthority();
  ~TlsAuthority();
  TlsAuthority(const TlsAuthority&) = delete;
  TlsAuthority& operator=(const TlsAuthority&) = delete;

  /// What clients that trust it need; PEM.
  std::string certificate() const;
  /// For the host of `alternative_name`, in OpenSSL's form: "IP:127.0.0.1", "DNS:name".
  TlsIdentity issue(const std::string& alternative_name) const;

 private:
  struct Deleter {
    void operator()(evp_pkey_st* key) const;
    void operator()(x509_st* certificate) const;
  };
  std::unique_ptr<evp_pkey_st, Deleter> key_;
  std::unique_ptr<x509_st, Deleter> certificate_;
};

}  // namespace assay::net::testing

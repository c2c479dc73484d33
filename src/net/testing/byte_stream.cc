#include "net/testing/byte_stream.h"

#include "core/check.h"

#include <openssl/ssl.h>

#include <sys/socket.h>

#include <algorithm>
#include <csignal>

namespace assay::net::testing {
namespace {

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(int socket) : socket_(socket) {}
  std::size_t read(std::span<char> into) override {
    return static_cast<std::size_t>(
        std::max<ssize_t>(::recv(socket_, into.data(), into.size(), 0), 0));
  }
  void write(std::string_view bytes) override {
    ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

 private:
  int socket_;
};

class PlainStreams final : public StreamMaker {
 public:
  std::unique_ptr<ByteStream> open(int socket) override {
    return std::make_unique<PlainStream>(socket);
  }
};

struct SslDeleter {
  void operator()(SSL* stream) const { SSL_free(stream); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

class TlsStream final : public ByteStream {
 public:
  TlsStream(SSL_CTX* context, int socket) : stream_(SSL_new(context)) {
    CHECK(stream_ != nullptr && SSL_set_fd(stream_.get(), socket) == 1, "no memory for TLS");
    SSL_set_accept_state(stream_.get());
    // OpenSSL writes without MSG_NOSIGNAL, and a client that refuses is gone by then.
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  }
  std::size_t read(std::span<char> into) override {
    return static_cast<std::size_t>(
        std::max(SSL_read(stream_.get(), into.data(), static_cast<int>(into.size())), 0));
  }
  void write(std::string_view bytes) override {
    if (!bytes.empty()) SSL_write(stream_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }

 private:
  std::unique_ptr<SSL, SslDeleter> stream_;
};

class TlsStreams final : public StreamMaker {
 public:
  explicit TlsStreams(const TlsIdentity& identity) : context_(SSL_CTX_new(TLS_server_method())) {
    BIO* const certificate_text = BIO_new_mem_buf(identity.certificate.data(), -1);
    BIO* const key_text = BIO_new_mem_buf(identity.key.data(), -1);
    X509* const certificate = PEM_read_bio_X509(certificate_text, nullptr, nullptr, nullptr);
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(key_text, nullptr, nullptr, nullptr);
    CHECK(context_ != nullptr && SSL_CTX_use_certificate(context_.get(), certificate) == 1 &&
              SSL_CTX_use_PrivateKey(context_.get(), key) == 1,
          "OpenSSL takes no such identity");
    EVP_PKEY_free(key);
    X509_free(certificate);
    BIO_free(key_text);
    BIO_free(certificate_text);
  }
  // Called by the thread that reads and writes: the signal is held back there.
  std::unique_ptr<ByteStream> open(int socket) override {
    return std::make_unique<TlsStream>(context_.get(), socket);
  }

 private:
  std::unique_ptr<SSL_CTX, SslDeleter> context_;
};

}  // namespace

std::unique_ptr<StreamMaker> plain_streams() { return std::make_unique<PlainStreams>(); }

std::unique_ptr<StreamMaker> tls_streams(const TlsIdentity& identity) {
  return std::make_unique<TlsStreams>(identity);
}

}  // namespace assay::net::testing

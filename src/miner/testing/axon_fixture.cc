#include "miner/testing/axon_fixture.h"

#include "core/check.h"
#include "images/encode.h"
#include "images/scene.h"
#include "protocol/btauth.h"
#include "protocol/image_messages.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <utility>

namespace assay::miner::testing {

using protocol::testing::alice;
using protocol::testing::bob;

std::vector<std::byte> small_png(std::uint32_t side) {
  const auto scene = images::plan_scene(1, images::SceneLabel::kNone);
  return images::encode_png(images::draw_scene(scene, {.width = side, .height = side})).value();
}

void AxonFixture::start(AxonOptions options, net::HttpServerOptions server, ImageLimits limits,
                        JobDesk* jobs) {
  directory_.replace({{alice().hotkey(), {.uid = 3, .has_permit = true, .stake = 5000}}});
  images_ = std::make_unique<ImageDesk>(detector_, random_, options.character, limits);
  axon_ = std::make_unique<Axon>(Axon::Parts{.self = bob().hotkey(),
                                             .directory = directory_,
                                             .images = *images_,
                                             .jobs = jobs,
                                             .clock = system_clock()},
                                 std::move(options));
  server.num_handler_threads = axon_->num_handlers();
  auto listening = net::HttpServer::listen(axon_->routes(stop_.get_token()), server);
  ASSERT_TRUE(listening) << listening.error().message;
  server_ = std::move(*listening);
  thread_ = std::jthread([this] { EXPECT_TRUE(server_->run(stop_.get_token())); });
  transport_ = net::make_http_transport({});
}

void AxonFixture::stop() {
  stop_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::vector<net::HttpHeader> AxonFixture::signed_headers(const protocol::Scheme& scheme,
                                                         const protocol::OutgoingRequest& request,
                                                         const keys::KeyPair& sender,
                                                         protocol::Instant at) {
  return scheme.sign(request, sender, at, system_random()).value();
}

net::HttpResponse AxonFixture::post(std::string_view target, const std::string& body,
                                    std::vector<net::HttpHeader> headers) {
  const auto url = net::Url::parse(fmt::format("http://127.0.0.1:{}{}", server_->port(), target));
  CHECK(url.has_value(), "no address");
  auto response = transport_->send({.method = net::HttpMethod::kPost,
                                    .url = *url,
                                    .headers = net::HttpHeaders::create(std::move(headers)).value(),
                                    .body = body},
                                   {});
  if (response) return std::move(*response);
  ADD_FAILURE() << response.error().message;
  return {};
}

std::string AxonFixture::challenge_body() {
  return protocol::write_image_request(small_png(), std::chrono::seconds(9));
}

void AxonFixture::wait_for_the_detector() const {
  while (detector_.num_calls() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

net::HttpResponse AxonFixture::challenge(const keys::KeyPair& sender) {
  const std::string body = challenge_body();
  const protocol::Btauth scheme;
  return post(
      "/ImageSynapse", body,
      signed_headers(scheme, {.target = "/ImageSynapse", .body = body, .receiver = bob().hotkey()},
                     sender));
}

std::string AxonFixture::send_raw(std::string_view bytes) const {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server_->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  EXPECT_EQ(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
  std::string answer;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(socket);
  return answer;
}

}  // namespace assay::miner::testing

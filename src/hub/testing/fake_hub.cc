#include "hub/testing/fake_hub.h"

#include "core/hex.h"
#include "core/parse_number.h"
#include "crypto/digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace assay::hub::testing {
namespace {

constexpr std::string_view kTree = "/owner/photos/tree/";
constexpr std::string_view kResolve = "/owner/photos/resolve/";
constexpr std::string_view kBlobs = "/blobs/";
constexpr std::string_view kStore = "http://localhost:9";

std::string git_object(std::string_view bytes) {
  const std::string whole = fmt::format("blob {}{}{}", bytes.size(), '\0', bytes);
  return to_hex(crypto::sha1(as_bytes(whole)));
}

std::optional<std::string> header(const net::HttpRequest& request, std::string_view name) {
  for (const net::HttpHeader& header : request.headers.all()) {
    if (net::equal_ignoring_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

}  // namespace

Result<net::HttpResponse> FakeHub::send(const net::HttpRequest& request, std::stop_token stop) {
  if (stop.stop_requested()) return cancelled("stopped");
  requests_.push_back(fmt::format("{} {}", net::to_string(request.method), request.url.text()));
  const bool is_hub = request.url.origin() == endpoint().origin();
  const auto authorization = header(request, "authorization");
  num_leaked_tokens_ += authorization && !is_hub ? 1 : 0;
  if (faults.status != 0 && faults.num_refused > 0) {
    --faults.num_refused;
    net::HttpResponse response{.status = faults.status};
    if (!faults.retry_after.empty()) {
      response.headers.push_back({.name = "Retry-After", .value = faults.retry_after});
    }
    return response;
  }
  if (is_hub && !faults.token.empty() && authorization != "Bearer " + faults.token) {
    return net::HttpResponse{.status = 401};
  }
  const std::string_view path = request.url.path();
  const std::size_t tree = path.find(kTree);
  if (is_hub && tree != std::string_view::npos) {
    if (!commit_of(path.substr(tree + kTree.size()))) return net::HttpResponse{.status = 404};
    return list(request);
  }
  std::string_view name = path.starts_with(kBlobs) ? path.substr(kBlobs.size()) : "";
  if (const std::size_t mark = path.find(kResolve); mark != std::string_view::npos) {
    const std::string_view rest = path.substr(mark + kResolve.size());
    const std::size_t slash = std::min(rest.find('/'), rest.size() - 1);
    name = rest.substr(slash + 1);
    if (request.method == net::HttpMethod::kHead) return resolve(rest.substr(0, slash), name);
  }
  const auto found = files_.find(name);
  if (found == files_.end()) return net::HttpResponse{.status = 404};
  return send_file(found->second, request);
}

std::optional<std::string> FakeHub::commit_of(std::string_view revision) const {
  if (revision == "main") return newest_;
  if (revision == commit() || revision == newest_) return std::string(revision);
  return std::nullopt;
}

net::HttpResponse FakeHub::list(const net::HttpRequest& request) const {
  const std::string_view query = request.url.query().value_or("");
  const std::size_t mark = query.find("cursor=");
  const auto start = mark == std::string_view::npos
                         ? 0
                         : static_cast<std::size_t>(parse_integer(query.substr(mark + 7)).value());
  std::string json = R"([{"type":"directory","oid":"","size":0,"path":"data"})";
  const std::size_t end = std::min(start + faults.page_size, files_.size());
  auto next = std::next(files_.begin(), static_cast<std::ptrdiff_t>(start));
  for (std::size_t i = start; i < end; ++i, ++next) {
    const auto& [path, file] = *next;
    json += fmt::format(R"(,{{"type":"file","oid":"{}","size":{},"path":"{}")",
                        git_object(file.bytes), file.bytes.size(), path);
    if (file.is_large) {
      json += fmt::format(R"(,"lfs":{{"oid":"{}","size":{},"pointerSize":134}})",
                          crypto::sha256(file.bytes).to_hex(), file.bytes.size());
    }
    json += '}';
  }
  net::HttpResponse response{.status = 200, .body = json + "]"};
  if (end < files_.size()) {
    response.headers.push_back(
        {.name = "Link",
         .value = fmt::format("<{}{}?cursor={}>; rel=\"next\"", endpoint().origin(),
                              request.url.path(), end)});
  }
  return response;
}

net::HttpResponse FakeHub::resolve(std::string_view revision, std::string_view path) const {
  const auto found = files_.find(path);
  const auto resolved = commit_of(revision);
  if (found == files_.end() || !resolved) return {.status = 404};
  const File& file = found->second;
  const std::string size = std::to_string(file.bytes.size());
  net::HttpResponse response{.status = 200,
                             .headers = {{.name = "X-Repo-Commit", .value = *resolved}}};
  if (!file.is_large) {
    response.headers.push_back({.name = "ETag", .value = '"' + git_object(file.bytes) + '"'});
    response.headers.push_back({.name = "Content-Length", .value = size});
    return response;
  }
  response.status = 302;
  response.headers.push_back(
      {.name = "X-Linked-ETag", .value = '"' + crypto::sha256(file.bytes).to_hex() + '"'});
  response.headers.push_back({.name = "X-Linked-Size", .value = size});
  response.headers.push_back(
      {.name = "Location", .value = fmt::format("{}{}{}", kStore, kBlobs, path)});
  return response;
}

Result<net::HttpResponse> FakeHub::send_file(const File& file, const net::HttpRequest& request) {
  std::string bytes = file.bytes;
  if (faults.flips_a_bit) bytes[bytes.size() / 2] ^= 1;
  std::uint64_t begin = 0;
  net::HttpResponse response{.status = 200};
  const auto range = header(request, "range");
  if (range && faults.has_ranges) {
    begin = static_cast<std::uint64_t>(
        parse_integer(std::string_view(*range).substr(6, range->size() - 7)).value());
    if (begin >= bytes.size()) return net::HttpResponse{.status = 416};
    response.status = 206;
    response.headers.push_back(
        {.name = "Content-Range",
         .value = fmt::format("bytes {}-{}/{}", begin, bytes.size() - 1, bytes.size())});
  }
  const std::uint64_t count = std::min(faults.breaks_after, bytes.size() - begin);
  // In pieces, as they come from a connection.
  constexpr std::uint64_t kPiece = 1000;
  for (std::uint64_t done = 0; done < count; done += kPiece) {
    const auto piece = std::string_view(bytes).substr(begin + done, std::min(kPiece, count - done));
    bytes_sent_ += piece.size();
    RETURN_IF_ERROR(request.on_body(response, piece));
  }
  if (begin + count < bytes.size() && !faults.ends_early)
    return unavailable("the connection broke");
  return response;
}

}  // namespace assay::hub::testing

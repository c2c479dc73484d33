#include "net/net_runtime.h"

#include "core/check.h"
#include "net/curl_library_internal.h"
#include "net/net_runtime_internal.h"

#include <mutex>

namespace assay::net {
namespace {

std::mutex g_mutex;  // guards g_is_started
bool g_is_started = false;

}  // namespace

Status start_runtime() {
  const std::scoped_lock lock(g_mutex);
  if (g_is_started) return {};
  const Result<CurlLibrary>& library = load_curl();
  if (!library) return Error(library.error());
  CHECK(library->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "the HTTP library did not start");
  g_is_started = true;
  return {};
}

NetRuntime::~NetRuntime() {
  const std::scoped_lock lock(g_mutex);
  if (!g_is_started) return;
  curl().global_cleanup();
  g_is_started = false;
}

}  // namespace assay::net

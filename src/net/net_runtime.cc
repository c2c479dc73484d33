#include "net/net_runtime.h"

#include "core/check.h"
#include "net/net_runtime_internal.h"

#include <curl/curl.h>

#include <mutex>

namespace assay::net {
namespace {

std::mutex g_mutex;  // guards g_is_started
bool g_is_started = false;

}  // namespace

void start_runtime() {
  const std::scoped_lock lock(g_mutex);
  if (g_is_started) return;
  CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, "the HTTP library did not start");
  g_is_started = true;
}

NetRuntime::~NetRuntime() {
  const std::scoped_lock lock(g_mutex);
  if (!g_is_started) return;
  curl_global_cleanup();
  g_is_started = false;
}

}  // namespace assay::net

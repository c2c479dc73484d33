#include "core/check.h"
#include "net/curl_library_internal.h"

#include <fmt/format.h>

#include <dlfcn.h>

#include <string_view>

// Behind libcurl stand some thirty libraries (LDAP, Kerberos, SSH, a second TLS), which cost every
// start some 4 ms; most commands ask no server.

namespace assay::net {
namespace {

constexpr const char* kFile = "libcurl.so.4";

Error not_loaded(std::string_view why) {
  return missing(fmt::format(
      "requests need libcurl4, which cannot be loaded ({}): apt-get install libcurl4", why));
}

}  // namespace

Result<CurlLibrary> open_curl(const char* file) {
  // Never closed: the libraries behind it have exit handlers.
  void* const handle = dlopen(file, RTLD_LAZY | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const why = dlerror();
    return not_loaded(why == nullptr ? "no reason is given" : why);
  }
  const char* absent = nullptr;
  const auto look_up = [&]<typename Function>(const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    if (function == nullptr) absent = name;
  };
  CurlLibrary library;
  look_up("curl_easy_init", library.easy_init);
  look_up("curl_easy_cleanup", library.easy_cleanup);
  look_up("curl_easy_setopt", library.easy_setopt);
  look_up("curl_easy_getinfo", library.easy_getinfo);
  look_up("curl_easy_strerror", library.easy_strerror);
  look_up("curl_global_cleanup", library.global_cleanup);
  look_up("curl_global_init", library.global_init);
  look_up("curl_multi_add_handle", library.multi_add_handle);
  look_up("curl_multi_cleanup", library.multi_cleanup);
  look_up("curl_multi_info_read", library.multi_info_read);
  look_up("curl_multi_init", library.multi_init);
  look_up("curl_multi_perform", library.multi_perform);
  look_up("curl_multi_poll", library.multi_poll);
  look_up("curl_multi_remove_handle", library.multi_remove_handle);
  look_up("curl_multi_setopt", library.multi_setopt);
  look_up("curl_multi_socket_action", library.multi_socket_action);
  look_up("curl_multi_wakeup", library.multi_wakeup);
  look_up("curl_share_cleanup", library.share_cleanup);
  look_up("curl_share_init", library.share_init);
  look_up("curl_share_setopt", library.share_setopt);
  if (absent == nullptr) return library;
  return not_loaded(fmt::format("{} is of another version: it has no {}", file, absent));
}

const Result<CurlLibrary>& load_curl() {
  static const Result<CurlLibrary> loaded = open_curl(kFile);
  return loaded;
}

const CurlLibrary& curl() {
  const Result<CurlLibrary>& loaded = load_curl();
  CHECK(loaded.has_value(), "a curl handle without the library");
  return *loaded;
}

}  // namespace assay::net

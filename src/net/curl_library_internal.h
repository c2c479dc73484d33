/// \file
/// libcurl, loaded when the first client of a network is made.

#pragma once

#include "core/result.h"

#include <curl/curl.h>

namespace assay::net {

/// What is called of the library, typed by its own header.
struct CurlLibrary {
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_global_cleanup) global_cleanup = nullptr;
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_multi_add_handle) multi_add_handle = nullptr;
  decltype(&curl_multi_cleanup) multi_cleanup = nullptr;
  decltype(&curl_multi_info_read) multi_info_read = nullptr;
  decltype(&curl_multi_init) multi_init = nullptr;
  decltype(&curl_multi_perform) multi_perform = nullptr;
  decltype(&curl_multi_poll) multi_poll = nullptr;
  decltype(&curl_multi_remove_handle) multi_remove_handle = nullptr;
  decltype(&curl_multi_setopt) multi_setopt = nullptr;
  decltype(&curl_multi_socket_action) multi_socket_action = nullptr;
  decltype(&curl_multi_wakeup) multi_wakeup = nullptr;
  decltype(&curl_share_cleanup) share_cleanup = nullptr;
  decltype(&curl_share_init) share_init = nullptr;
  decltype(&curl_share_setopt) share_setopt = nullptr;
};

/// The library; it stays loaded. Cost: some 5 ms on the first call. Threads: safe from any thread.
/// Errors: kMissing (it is not there, or of another version), on every call alike.
const Result<CurlLibrary>& load_curl();

/// The library. Pre: start_runtime() went well, as it has wherever there is a handle.
const CurlLibrary& curl();

/// The functions of the library in this file. Errors: as load_curl().
Result<CurlLibrary> open_curl(const char* file);

}  // namespace assay::net

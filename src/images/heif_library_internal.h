/// \file
/// libheif, loaded when the first HEIF or AVIF comes.

#pragma once

#include "core/result.h"

#include <libheif/heif.h>

namespace assay::images {

/// What is called of the library, typed by its own header.
struct HeifLibrary {
  decltype(&heif_context_alloc) context_alloc = nullptr;
  decltype(&heif_context_free) context_free = nullptr;
  decltype(&heif_context_set_max_decoding_threads) context_set_max_decoding_threads = nullptr;
  decltype(&heif_context_read_from_memory_without_copy) context_read_from_memory_without_copy =
      nullptr;
  decltype(&heif_context_get_primary_image_handle) context_get_primary_image_handle = nullptr;
  decltype(&heif_image_handle_release) image_handle_release = nullptr;
  decltype(&heif_image_handle_has_alpha_channel) image_handle_has_alpha_channel = nullptr;
  decltype(&heif_image_handle_get_width) image_handle_get_width = nullptr;
  decltype(&heif_image_handle_get_height) image_handle_get_height = nullptr;
  decltype(&heif_decoding_options_alloc) decoding_options_alloc = nullptr;
  decltype(&heif_decoding_options_free) decoding_options_free = nullptr;
  decltype(&heif_decode_image) decode_image = nullptr;
  decltype(&heif_image_release) image_release = nullptr;
  decltype(&heif_image_get_width) image_get_width = nullptr;
  decltype(&heif_image_get_height) image_get_height = nullptr;
  decltype(&heif_image_get_plane_readonly) image_get_plane_readonly = nullptr;
};

/// The library; it stays loaded. Cost: some 5 ms on the first call. Threads: safe from any thread.
/// Errors: kMissing (it is not there, or of another version), on every call alike.
const Result<const HeifLibrary*>& heif_library();

/// The library in this file, its functions into `library`. Errors: as heif_library().
Status load_heif(const char* file, HeifLibrary& library);

}  // namespace assay::images

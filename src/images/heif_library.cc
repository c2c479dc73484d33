#include "images/heif_library_internal.h"

#include <fmt/format.h>

#include <dlfcn.h>

#include <string_view>

// Behind libheif stand the decoders and encoders of three video formats, which prepare their tables
// when they are loaded: that would cost every start some 4 ms.

namespace assay::images {
namespace {

constexpr const char* kFile = "libheif.so.1";

Error not_loaded(std::string_view why) {
  return missing(
      fmt::format("needs libheif1, which cannot be loaded ({}): apt-get install libheif1", why));
}

}  // namespace

Status load_heif(const char* file, HeifLibrary& library) {
  // Never closed: decoders may have threads.
  void* const handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const why = dlerror();
    return not_loaded(why == nullptr ? "no reason is given" : why);
  }
  const char* absent = nullptr;
  const auto look_up = [&]<typename Function>(const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    if (function == nullptr) absent = name;
  };
  look_up("heif_context_alloc", library.context_alloc);
  look_up("heif_context_free", library.context_free);
  look_up("heif_context_set_max_decoding_threads", library.context_set_max_decoding_threads);
  look_up("heif_context_read_from_memory_without_copy",
          library.context_read_from_memory_without_copy);
  look_up("heif_context_get_primary_image_handle", library.context_get_primary_image_handle);
  look_up("heif_image_handle_release", library.image_handle_release);
  look_up("heif_image_handle_has_alpha_channel", library.image_handle_has_alpha_channel);
  look_up("heif_image_handle_get_width", library.image_handle_get_width);
  look_up("heif_image_handle_get_height", library.image_handle_get_height);
  look_up("heif_decoding_options_alloc", library.decoding_options_alloc);
  look_up("heif_decoding_options_free", library.decoding_options_free);
  look_up("heif_decode_image", library.decode_image);
  look_up("heif_image_release", library.image_release);
  look_up("heif_image_get_width", library.image_get_width);
  look_up("heif_image_get_height", library.image_get_height);
  look_up("heif_image_get_plane_readonly", library.image_get_plane_readonly);
  if (absent == nullptr) return {};
  return not_loaded(fmt::format("{} is of another version: it has no {}", file, absent));
}

const Result<const HeifLibrary*>& heif_library() {
  static const Result<const HeifLibrary*> loaded = [] -> Result<const HeifLibrary*> {
    static HeifLibrary library;
    RETURN_IF_ERROR(load_heif(kFile, library));
    return &library;
  }();
  return loaded;
}

}  // namespace assay::images

#include "storage/arrow_status_internal.h"
#include "storage/s3_library_internal.h"

#include <arrow/config.h>
#include <fmt/format.h>

#include <dlfcn.h>

#include <array>
#include <filesystem>
#include <mutex>
#include <string>
#include <system_error>

// The library is 13 MiB and its static objects cost every start some 10 ms, so it is not linked but
// loaded. Arrow's own way for that is a factory that takes an address; it knows no anonymous access
// and no time limits, and puts the address into error texts. So the functions that take options are
// looked up instead, by the names that Arrow's header gives them for the one ABI g++ has. The
// library found is the one built with the Arrow library we run with: it lies beside it.

namespace assay::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAnonymousSymbol = "_ZN5arrow2fs9S3Options9AnonymousEv";
constexpr const char* kFromAccessKeySymbol =
    "_ZN5arrow2fs9S3Options13FromAccessKeyERKNSt7__cxx1112basic_stringIcSt11char_traitsIcE"
    "SaIcEEES9_S9_";
constexpr const char* kMakeSymbol =
    "_ZN5arrow2fs12S3FileSystem4MakeERKNS0_9S3OptionsERKNS_2io9IOContextE";
constexpr const char* kInitializeSymbol = "_ZN5arrow2fs12InitializeS3ERKNS0_15S3GlobalOptionsE";
constexpr const char* kFinalizeSymbol = "_ZN5arrow2fs17EnsureS3FinalizedEv";

enum class State { kNotLoaded, kReady, kShutDown };

struct Library {
  std::mutex mutex;  // guards all below
  State state = State::kNotLoaded;
  S3Library functions;
  decltype(&arrow::fs::EnsureS3Finalized) finalize = nullptr;
};

// Never destroyed: what it points to must outlive every static object.
Library& library() {
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): see above.
  static auto* const the_library = new Library;
  return *the_library;
}

// Beside the Arrow library in use, or where the package keeps its libraries.
Result<fs::path> find_library() {
  Dl_info arrow_info{};
  if (dladdr(reinterpret_cast<const void*>(&arrow::GetBuildInfo), &arrow_info) == 0 ||
      arrow_info.dli_fname == nullptr) {
    return missing("the S3 library is not found: the Arrow library does not tell where it is");
  }
  std::error_code ignored;
  const fs::path arrow_path = fs::path(arrow_info.dli_fname);
  const std::string name = "libarrow_s3.so." + arrow::GetBuildInfo().so_version;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  const std::array candidates = {arrow_path.parent_path() / name,
                                 program.parent_path().parent_path() / "lib" / "assay" / name};
  for (const fs::path& candidate : candidates) {
    if (fs::exists(candidate, ignored)) return candidate;
  }
  return missing(fmt::format("S3 needs {}, which is not beside {}; install the whole package", name,
                             arrow_path.native()));
}

template <typename Function>
Status look_up(void* handle, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(dlsym(handle, symbol));
  if (function != nullptr) return {};
  return missing(
      fmt::format("the S3 library is of another version of Arrow: it has no {}", symbol));
}

Status load(Library& loaded) {
  ASSIGN_OR_RETURN(const fs::path path, find_library());
  // Never closed: its threads and exit handlers stay.
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* const why = dlerror();
    return missing(fmt::format("the S3 library cannot be loaded: {}", why == nullptr ? "" : why));
  }
  RETURN_IF_ERROR(look_up(handle, kAnonymousSymbol, loaded.functions.anonymous));
  RETURN_IF_ERROR(look_up(handle, kFromAccessKeySymbol, loaded.functions.from_access_key));
  RETURN_IF_ERROR(look_up(handle, kMakeSymbol, loaded.functions.make));
  RETURN_IF_ERROR(look_up(handle, kFinalizeSymbol, loaded.finalize));
  decltype(&arrow::fs::InitializeS3) initialize = nullptr;
  RETURN_IF_ERROR(look_up(handle, kInitializeSymbol, initialize));
  return call_arrow_status("start the S3 library", [&] {
    arrow::fs::S3GlobalOptions options{};
    // Its log would go to our stderr, and at some levels shows headers with signatures.
    options.log_level = arrow::fs::S3LogLevel::Off;
    return initialize(options);
  });
}

}  // namespace

Result<const S3Library*> load_s3_library() {
  Library& the_library = library();
  const std::scoped_lock guard(the_library.mutex);
  if (the_library.state == State::kShutDown) {
    return unavailable("no S3 store can be opened any more: the program is ending");
  }
  if (the_library.state == State::kNotLoaded) {
    RETURN_IF_ERROR(load(the_library));
    the_library.state = State::kReady;
  }
  return &the_library.functions;
}

void shut_down_s3_library() {
  Library& the_library = library();
  const std::scoped_lock guard(the_library.mutex);
  if (the_library.state == State::kReady) {
    static_cast<void>(
        call_arrow_status("stop the S3 library", [&] { return the_library.finalize(); }));
  }
  the_library.state = State::kShutDown;
}

}  // namespace assay::storage

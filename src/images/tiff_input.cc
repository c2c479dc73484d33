#include "images/samples_internal.h"
#include "images/tiff_input_internal.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <utility>

namespace assay::images {
namespace {

// No tile, strip or tag of an image within our limits comes near it.
constexpr std::int64_t kMaxAllocation = std::int64_t{1} << 30;

TiffInput& input_of(thandle_t handle) { return *static_cast<TiffInput*>(handle); }

tmsize_t read_tiff_input(thandle_t handle, void* into, tmsize_t size) {
  TiffInput& input = input_of(handle);
  const std::uint64_t left =
      input.encoded.size() - std::min<std::uint64_t>(input.position, input.encoded.size());
  const std::uint64_t num_bytes = std::min(static_cast<std::uint64_t>(size), left);
  if (std::cmp_less(num_bytes, size)) input.is_read_beyond_end = true;
  if (num_bytes > 0) std::memcpy(into, input.encoded.data() + input.position, num_bytes);
  input.position += num_bytes;
  return static_cast<tmsize_t>(num_bytes);
}

tmsize_t write_nothing(thandle_t /*handle*/, void* /*from*/, tmsize_t /*size*/) { return 0; }

toff_t seek_input(thandle_t handle, toff_t offset, int whence) {
  TiffInput& input = input_of(handle);
  if (whence == SEEK_CUR) offset += input.position;
  if (whence == SEEK_END) offset += input.encoded.size();
  input.position = offset;
  return offset;
}

int close_input(thandle_t /*handle*/) { return 0; }
toff_t size_of_input(thandle_t handle) { return input_of(handle).encoded.size(); }

int on_tiff_error(TIFF* /*tiff*/, void* handle, const char* /*module*/, const char* format,
                  va_list arguments) {
  TiffInput& input = input_of(handle);
  if (!input.complaint.empty()) return 1;
  std::array<char, 200> text{};
  std::vsnprintf(text.data(), text.size(), format, arguments);
  input.complaint = to_one_line(text.data());
  return 1;
}

int on_tiff_warning(TIFF* /*tiff*/, void* /*handle*/, const char* /*module*/,
                    const char* /*format*/, va_list /*arguments*/) {
  return 1;
}

}  // namespace

Refusal refusal_of(const TiffInput& input) {
  std::string reason = input.complaint;
  if (reason.empty()) reason = input.is_read_beyond_end ? "ends within its tags" : "damaged";
  return {input.is_read_beyond_end ? RefusalKind::kTruncated : RefusalKind::kCorrupt,
          "TIFF: " + reason};
}

Readable<OpenTiff> open_tiff(TiffInput& input) {
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(
      TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMaxAllocation);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), on_tiff_error, &input);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), on_tiff_warning, &input);
  // "m": no mapping of memory.
  OpenTiff tiff(TIFFClientOpenExt("image", "rm", &input, read_tiff_input, write_nothing, seek_input,
                                  close_input, size_of_input, nullptr, nullptr, options.get()));
  if (!tiff) return std::unexpected(refusal_of(input));
  return tiff;
}

}  // namespace assay::images

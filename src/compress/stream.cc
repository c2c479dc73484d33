#include "compress/stream.h"

namespace assay::compress {

std::optional<Format> format_of_name(std::string_view name) {
  for (const Format format : {Format::kGzip, Format::kZstd}) {
    if (name.ends_with(name_suffix(format))) return format;
  }
  return std::nullopt;
}

std::string_view name_suffix(Format format) { return format == Format::kGzip ? ".gz" : ".zst"; }

Result<std::string> compress(Format format, std::string_view text) {
  std::string compressed;
  const OnBytes keep = [&](std::span<const std::byte> bytes) -> Status {
    compressed += as_text(bytes);
    return {};
  };
  Compressor compressor(format);
  RETURN_IF_ERROR(compressor.write(as_bytes(text), keep));
  RETURN_IF_ERROR(compressor.finish(keep));
  return compressed;
}

Result<std::string> decompress(Format format, std::string_view compressed,
                               const DecompressLimits& limits) {
  std::string text;
  Decompressor decompressor(format, limits);
  RETURN_IF_ERROR(
      decompressor.write(as_bytes(compressed), [&](std::span<const std::byte> bytes) -> Status {
        text += as_text(bytes);
        return {};
      }));
  RETURN_IF_ERROR(decompressor.finish());
  return text;
}

}  // namespace assay::compress

#include "media/image_format.h"

#include "core/bytes.h"

#include <algorithm>
#include <array>

namespace assay::media {
namespace {

enum class ByteOrder : std::uint8_t { kBig, kLittle };

// Pre: the bytes are there.
std::uint32_t number_at(std::string_view bytes, std::size_t offset, std::size_t size,
                        ByteOrder order) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t at = order == ByteOrder::kBig ? i : size - 1 - i;
    number = (number << 8) | static_cast<unsigned char>(bytes[offset + at]);
  }
  return number;
}

bool is_png(std::string_view bytes) {
  // Signature, then the header chunk: length 13, name, width, height.
  constexpr std::string_view kStart("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
  return bytes.size() >= 33 && bytes.starts_with(kStart) &&
         number_at(bytes, 16, 4, ByteOrder::kBig) > 0 &&
         number_at(bytes, 20, 4, ByteOrder::kBig) > 0;
}

bool is_jpeg(std::string_view bytes) {
  // Start of image, then a marker segment with a length of at least its own two bytes.
  if (bytes.size() < 6 || !bytes.starts_with("\xFF\xD8\xFF")) return false;
  const auto marker = static_cast<unsigned char>(bytes[3]);
  return marker >= 0xC0 && marker != 0xFF && number_at(bytes, 4, 2, ByteOrder::kBig) >= 2;
}

bool is_webp(std::string_view bytes) {
  if (bytes.size() < 20 || !bytes.starts_with("RIFF") || bytes.substr(8, 4) != "WEBP") return false;
  const std::string_view chunk = bytes.substr(12, 4);
  return chunk == "VP8 " || chunk == "VP8L" || chunk == "VP8X";
}

bool is_gif(std::string_view bytes) {
  return bytes.size() >= 13 && (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a"));
}

bool is_bmp(std::string_view bytes) {
  if (bytes.size() < 26 || !bytes.starts_with("BM")) return false;
  const std::uint32_t pixels = number_at(bytes, 10, 4, ByteOrder::kLittle);
  constexpr std::array<std::uint32_t, 7> kHeaderSizes = {12, 40, 52, 56, 64, 108, 124};
  return std::ranges::count(kHeaderSizes, number_at(bytes, 14, 4, ByteOrder::kLittle)) == 1 &&
         pixels >= 26 && pixels <= bytes.size();
}

bool is_tiff(std::string_view bytes) {
  using std::string_view_literals::operator""sv;
  if (bytes.size() < 16) return false;
  const bool is_little = bytes.starts_with("II*\0"sv);
  if (!is_little && !bytes.starts_with("MM\0*"sv)) return false;
  const std::uint32_t folder =
      number_at(bytes, 4, 4, is_little ? ByteOrder::kLittle : ByteOrder::kBig);
  return folder >= 8 && folder < bytes.size();
}

// The brands of a file in the ISO media format say what it holds.
std::optional<ImageFormat> find_media_format(std::string_view bytes) {
  constexpr std::size_t kFirstBrand = 8;
  if (bytes.size() < 16 || bytes.substr(4, 4) != "ftyp") return std::nullopt;
  const std::uint32_t size = number_at(bytes, 0, 4, ByteOrder::kBig);
  if (size < 16 || size > bytes.size() || size % 4 != 0) return std::nullopt;
  bool is_heic = false;
  for (std::size_t at = kFirstBrand; at < size; at += 4) {
    const std::string_view brand = bytes.substr(at, 4);
    if (brand == "avif" || brand == "avis") return ImageFormat::kAvif;
    constexpr std::array<std::string_view, 6> kHeicBrands = {"heic", "heix", "heim",
                                                             "heis", "hevc", "hevx"};
    is_heic = is_heic || std::ranges::count(kHeicBrands, brand) == 1;
  }
  return is_heic ? std::optional(ImageFormat::kHeic) : std::nullopt;
}

}  // namespace

std::string_view extension_of(ImageFormat format) {
  switch (format) {
    case ImageFormat::kPng:
      return "png";
    case ImageFormat::kJpeg:
      return "jpeg";
    case ImageFormat::kWebp:
      return "webp";
    case ImageFormat::kGif:
      return "gif";
    case ImageFormat::kBmp:
      return "bmp";
    case ImageFormat::kTiff:
      return "tiff";
    case ImageFormat::kAvif:
      return "avif";
    case ImageFormat::kHeic:
      return "heic";
  }
  return "";
}

std::optional<ImageFormat> find_image_format(std::span<const std::byte> bytes) {
  const std::string_view text = as_text(bytes);
  if (is_png(text)) return ImageFormat::kPng;
  if (is_jpeg(text)) return ImageFormat::kJpeg;
  if (is_webp(text)) return ImageFormat::kWebp;
  if (is_gif(text)) return ImageFormat::kGif;
  if (is_bmp(text)) return ImageFormat::kBmp;
  if (is_tiff(text)) return ImageFormat::kTiff;
  return find_media_format(text);
}

}  // namespace assay::media

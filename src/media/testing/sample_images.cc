#include "media/testing/sample_images.h"

namespace assay::media::testing {

std::vector<SampleImage> sample_images() {
  using std::string_literals::operator""s;
  return {
      {"png",
       "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\0\0\0\0\x3a\x7e\x9b\x55"s
       "\0\0\0\nIDAT\x78\x9c\x63\x60\0\0\0\2\0\1\x48\xaf\xa4\x71\0\0\0\0IEND\xae\x42\x60\x82"s,
       33},
      {"jpeg", "\xFF\xD8\xFF\xE0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xFF\xD9"s, 6},
      {"webp", "RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\7\x10\x11\x11\x88\x88\xfe\7\0"s, 20},
      {"gif", "GIF89a\1\0\1\0\0\0\0!\xf9\4\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\1D\0;"s, 13},
      {"bmp",
       "BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\1\0\0\0\1\0\x18\0\0\0\0\0\4\0\0\0"s
       "\x13\x0b\0\0\x13\x0b\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\0"s,
       54},
      {"tiff", "II*\0\x08\0\0\0\1\0\0\1\3\0\1\0\0\0\1\0\0\0\0\0\0\0"s, 16},
      {"avif",
       "\0\0\0\x18"s
       "ftypmif1\0\0\0\0mif1avif\0\0\0\0meta"s,
       24},
      {"heic",
       "\0\0\0\x14"s
       "ftypheic\0\0\0\0mif1\0\0\0\0meta"s,
       20},
  };
}

}  // namespace assay::media::testing

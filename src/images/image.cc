#include "images/image.h"

#include <new>
#include <utility>

namespace assay::images {
namespace {

constexpr std::align_val_t kAlignment{64};

}  // namespace

void Image::Free::operator()(std::uint8_t* memory) const { ::operator delete(memory, kAlignment); }

Image Image::with_size(ImageSize size, Image reuse) {
  Image image = std::move(reuse);
  const std::size_t needed = (std::size_t{size.width} * size.height * kNumChannels) + kReadableTail;
  if (image.capacity_ < needed) {
    image.memory_.reset();  // before the new one is taken, so that both are never held
    image.memory_.reset(static_cast<std::uint8_t*>(::operator new(needed, kAlignment)));
    image.capacity_ = needed;
  }
  image.size_ = size;
  return image;
}

}  // namespace assay::images

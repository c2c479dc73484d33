#include "archives/tar_writer.h"

#include "core/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

namespace assay::archives {
namespace {

constexpr std::size_t kBlockSize = 512;
// Eleven octal digits.
constexpr std::uint64_t kMaxUstarSize = (std::uint64_t{1} << 33) - 1;
constexpr std::size_t kMaxUstarName = 100;
constexpr char kRegularFile = '0';
constexpr char kPaxHeader = 'x';

using Block = std::array<char, kBlockSize>;

struct Place {
  std::size_t offset;
  std::size_t size;
};
// Of a header; what is not named stays zero.
constexpr Place kName{0, 100};
constexpr Place kMode{100, 8};
constexpr Place kUid{108, 8};
constexpr Place kGid{116, 8};
constexpr Place kSize{124, 12};
constexpr Place kTime{136, 12};
constexpr Place kChecksum{148, 8};
constexpr Place kType{156, 1};
constexpr Place kMagic{257, 8};

void put(Block& block, Place place, std::string_view text) {
  std::ranges::copy(text.substr(0, place.size),
                    block.begin() + static_cast<std::ptrdiff_t>(place.offset));
}

// As many digits as fit, and a zero byte behind them.
void put_number(Block& block, Place place, std::uint64_t number) {
  put(block, place, fmt::format("{:0{}o}", number, place.size - 1));
}

// `<length> <key>=<value>\n`, where the length counts its own digits.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (fmt::formatted_size("{}", length) + rest != length) ++length;
  return fmt::format("{} {}={}\n", length, key, value);
}

bool is_printable_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

Result<TarWriter> TarWriter::create(files::FileSystem& file_system,
                                    const std::filesystem::path& target) {
  ASSIGN_OR_RETURN(auto file, files::AtomicFile::create(file_system, target));
  return TarWriter(std::move(file));
}

Status TarWriter::write_header(std::string_view name, std::uint64_t size, char type) {
  Block block{};
  put(block, kName, name);
  put_number(block, kMode, 0644);
  put_number(block, kUid, 0);
  put_number(block, kGid, 0);
  put_number(block, kSize, std::min(size, kMaxUstarSize));
  put_number(block, kTime, 0);
  put(block, kType, std::string_view(&type, 1));
  put(block, kMagic, std::string_view("ustar\00000", 8));
  // The sum is taken with blanks in its own place.
  put(block, kChecksum, "        ");
  std::uint64_t sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(block, kChecksum, fmt::format("{:06o}{} ", sum, '\0'));
  return file_.write(std::string_view(block.data(), block.size()));
}

Status TarWriter::pad(std::uint64_t size) {
  constexpr Block kZeros{};
  const auto over = static_cast<std::size_t>(size % kBlockSize);
  return over == 0 ? Status() : file_.write({kZeros.data(), kBlockSize - over});
}

Status TarWriter::begin(std::string_view name, ByteCount size) {
  CHECK(num_bytes_left_ == 0, "a file of a tar was begun within another");
  CHECK(!name.empty() && !name.contains('\0'), "no name of a file");
  std::string pax;
  if (name.size() > kMaxUstarName || !is_printable_ascii(name)) pax += pax_record("path", name);
  if (size.count() > kMaxUstarSize) pax += pax_record("size", fmt::format("{}", size.count()));
  if (!pax.empty()) {
    RETURN_IF_ERROR(write_header("pax_header", pax.size(), kPaxHeader));
    RETURN_IF_ERROR(file_.write(pax));
    RETURN_IF_ERROR(pad(pax.size()));
  }
  size_ = size.count();
  num_bytes_left_ = size_;
  return write_header(name, size_, kRegularFile);
}

Status TarWriter::write(std::string_view piece) {
  CHECK(piece.size() <= num_bytes_left_, "more bytes than the header of a tar's file says");
  if (piece.empty()) return {};
  RETURN_IF_ERROR(file_.write(piece));
  num_bytes_left_ -= piece.size();
  return num_bytes_left_ == 0 ? pad(size_) : Status();
}

Status TarWriter::add(std::string_view name, std::string_view content) {
  RETURN_IF_ERROR(begin(name, ByteCount(content.size())));
  return write(content);
}

Status TarWriter::finish() {
  CHECK(num_bytes_left_ == 0, "a tar was ended within a file");
  // Two blocks of zeros are the end.
  constexpr std::array<char, 2 * kBlockSize> kEnd{};
  RETURN_IF_ERROR(file_.write({kEnd.data(), kEnd.size()}));
  return file_.commit();
}

}  // namespace assay::archives

#include "compress/inflate.h"
#include "validator/old_state.h"
#include "validator/state_codec_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

// A .npz is a zip of .npy files; these are stored as they are, as NumPy's savez() does.

namespace assay::validator {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034B50;
constexpr std::uint32_t kCentralHeader = 0x02014B50;
constexpr std::uint32_t kEndOfZip = 0x06054B50;
constexpr std::uint16_t kZipVersion = 20;
/// 1980-01-01: the first day that the format knows, so that the same state gives the same bytes.
constexpr std::uint16_t kDate = 0x21;
/// NumPy aligns the data to this.
constexpr std::size_t kAlignment = 64;
/// Magic, version and length of the header.
constexpr std::size_t kPreambleSize = 10;

struct Member {
  std::string_view name;
  std::string content;
};

std::string npy(std::string_view type, std::string_view shape, std::string_view data) {
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", type, shape);
  const std::size_t size = kPreambleSize + header.size() + 1;
  header.append((kAlignment - size % kAlignment) % kAlignment, ' ');
  header += '\n';
  ByteWriter preamble;
  preamble.u16(static_cast<std::uint16_t>(header.size()));
  return std::string("\x93NUMPY\x01\x00", 8) + preamble.bytes() + header + std::string(data);
}

std::string vector_shape(std::size_t size) { return fmt::format("({},)", size); }

/// What the local and the central header of a member have in common, from the flags on.
void write_fields(ByteWriter& writer, const Member& member) {
  writer.u16(0);  // flags
  writer.u16(0);  // stored
  writer.u16(0);  // time
  writer.u16(kDate);
  writer.u32(compress::crc32(as_bytes(member.content)));
  writer.u32(static_cast<std::uint32_t>(member.content.size()));
  writer.u32(static_cast<std::uint32_t>(member.content.size()));
  writer.u16(static_cast<std::uint16_t>(member.name.size()));
  writer.u16(0);  // extra field
}

std::string zip_of(std::span<const Member> members) {
  std::string zip;
  std::string directory;
  for (const Member& member : members) {
    ByteWriter central;
    central.u32(kCentralHeader);
    central.u16(kZipVersion);
    central.u16(kZipVersion);
    write_fields(central, member);
    central.u16(0);  // comment
    central.u16(0);  // disk
    central.u16(0);  // internal attributes
    central.u32(0);  // external attributes
    central.u32(static_cast<std::uint32_t>(zip.size()));
    directory += central.bytes() + std::string(member.name);
    ByteWriter local;
    local.u32(kLocalHeader);
    local.u16(kZipVersion);
    write_fields(local, member);
    zip += local.bytes() + std::string(member.name) + member.content;
  }
  ByteWriter end;
  end.u32(kEndOfZip);
  end.u16(0);  // disk
  end.u16(0);  // disk of the directory
  end.u16(static_cast<std::uint16_t>(members.size()));
  end.u16(static_cast<std::uint16_t>(members.size()));
  end.u32(static_cast<std::uint32_t>(directory.size()));
  end.u32(static_cast<std::uint32_t>(zip.size()));
  end.u16(0);  // comment
  return zip + directory + end.bytes();
}

/// NumPy's texts have four bytes a character, and all the same length.
Result<std::string> text_array(std::span<const std::string> texts) {
  std::size_t longest = 1;
  for (const std::string& text : texts) longest = std::max(longest, text.size());
  ByteWriter data;
  for (const std::string& text : texts) {
    for (std::size_t i = 0; i < longest; ++i) {
      const auto letter = i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
      if (letter > 0x7F) return invalid_input("a hotkey that is no SS58 address");
      data.u32(letter);
    }
  }
  return npy(fmt::format("<U{}", longest), vector_shape(texts.size()), data.bytes());
}

}  // namespace

Result<std::string> write_old_state(const OldState& state) {
  if (state.scores.size() != state.hotkeys.size() || state.scores.size() > kMaxOldMiners) {
    return invalid_input("as many scores as hotkeys are needed, and at most 65536");
  }
  ByteWriter step;
  step.u64(state.step);
  ByteWriter scores;
  for (const float score : state.scores) scores.real32(score);
  ASSIGN_OR_RETURN(std::string hotkeys, text_array(state.hotkeys));
  const std::array<Member, 3> members = {
      Member{.name = "step.npy", .content = npy("<i8", "()", step.bytes())},
      Member{.name = "scores.npy",
             .content = npy("<f4", vector_shape(state.scores.size()), scores.bytes())},
      Member{.name = "hotkeys.npy", .content = std::move(hotkeys)}};
  return zip_of(members);
}

}  // namespace assay::validator

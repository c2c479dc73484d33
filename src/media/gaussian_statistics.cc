#include "media/gaussian_statistics.h"

#include "core/bytes.h"
#include "media/gaussian_sums_internal.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

namespace assay::media {
namespace {

// A row of text holds some 60 numbers.
constexpr std::size_t kMaxLineSize = std::size_t{256} << 10;

template <typename Stored>
Stored load(const std::byte* at, std::endian order) {
  Stored value{};
  std::array<std::byte, sizeof(Stored)> bytes;
  std::memcpy(bytes.data(), at, sizeof value);
  if (order != std::endian::native) std::ranges::reverse(bytes);
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

template <typename Stored>
void gather(const std::byte* first, std::size_t stride, std::endian order, std::span<float> into) {
  if (order == std::endian::native) {
    for (std::size_t i = 0; i < into.size(); ++i) {
      into[i] = static_cast<float>(load<Stored>(first + i * stride, std::endian::native));
    }
  } else {
    for (std::size_t i = 0; i < into.size(); ++i) {
      into[i] = static_cast<float>(load<Stored>(first + i * stride, order));
    }
  }
}

void gather(PlyType type, const std::byte* first, std::size_t stride, std::endian order,
            std::span<float> into) {
  switch (type) {
    case PlyType::kInt8:
      gather<std::int8_t>(first, stride, order, into);
      return;
    case PlyType::kUint8:
      gather<std::uint8_t>(first, stride, order, into);
      return;
    case PlyType::kInt16:
      gather<std::int16_t>(first, stride, order, into);
      return;
    case PlyType::kUint16:
      gather<std::uint16_t>(first, stride, order, into);
      return;
    case PlyType::kInt32:
      gather<std::int32_t>(first, stride, order, into);
      return;
    case PlyType::kUint32:
      gather<std::uint32_t>(first, stride, order, into);
      return;
    case PlyType::kFloat32:
      gather<float>(first, stride, order, into);
      return;
    case PlyType::kFloat64:
      gather<double>(first, stride, order, into);
      return;
  }
}

PlyDefect unsupported(std::string reason) {
  return {.kind = PlyDefectKind::kUnsupported, .reason = std::move(reason)};
}

}  // namespace

// A file is header, rows before the vertices, vertices, rows after them. In a binary file the
// others are so many bytes, in a text file so many lines.
class GaussianScanner::State {
 public:
  void feed(std::span<const std::byte> piece) {
    if (defect_) return;
    if (!sums_) {
      piece = feed_header(piece);
      if (!sums_) return;
    }
    if (format_ == PlyFormat::kAscii) {
      feed_text(as_text(piece));
    } else {
      feed_binary(piece);
    }
  }

  GaussianReport finish() {
    if (!defect_ && sums_) {
      if (format_ == PlyFormat::kAscii && !carry_.empty()) feed_text("\n");
    } else if (!defect_) {
      defect_ =
          carry_.starts_with("ply")
              ? PlyDefect{.kind = PlyDefectKind::kBadHeader, .reason = "it has no end"}
              : PlyDefect{.kind = PlyDefectKind::kNotPly, .reason = "the first line is not `ply`"};
    }
    GaussianReport report;
    if (sums_) {
      sums_->add(batch_);
      report.statistics = sums_->statistics();
    }
    if (!defect_ && num_rows_read_ < num_rows_) {
      defect_ = PlyDefect{
          .kind = PlyDefectKind::kTruncated,
          .reason = fmt::format("{} of {} vertices are there", num_rows_read_, num_rows_)};
    } else if (!defect_ && num_after_ > 0) {
      defect_ = PlyDefect{.kind = PlyDefectKind::kTruncated,
                          .reason = "the elements after the vertices are not all there"};
    }
    report.defect = std::move(defect_);
    return report;
  }

 private:
  // A column that the file has, and where.
  struct FoundColumn {
    std::size_t column = 0;
    std::size_t property = 0;
    std::size_t offset = 0;
    PlyType type = PlyType::kFloat32;
  };

  // Returns what follows the header.
  std::span<const std::byte> feed_header(std::span<const std::byte> piece) {
    const std::size_t before = carry_.size();
    const std::size_t taken = std::min(piece.size(), kMaxPlyHeaderSize - before);
    carry_ += as_text(piece.first(taken));
    constexpr std::string_view kMagic = "ply";
    const std::size_t num_known = std::min(carry_.size(), kMagic.size());
    if (carry_.compare(0, num_known, kMagic, 0, num_known) != 0) {
      defect_ = PlyDefect{.kind = PlyDefectKind::kNotPly, .reason = "the first line is not `ply`"};
      return {};
    }
    const auto end = find_ply_header_end(carry_);
    if (!end) {
      if (carry_.size() == kMaxPlyHeaderSize) {
        defect_ = PlyDefect{.kind = PlyDefectKind::kBadHeader,
                            .reason = fmt::format("no end within {} bytes", kMaxPlyHeaderSize)};
      }
      return {};
    }
    auto parsed = parse_ply_header(std::string_view(carry_).substr(0, *end));
    carry_.clear();
    if (auto* defect = std::get_if<PlyDefect>(&parsed)) {
      defect_ = std::move(*defect);
      return {};
    }
    defect_ = begin(std::get<PlyHeader>(parsed));
    return defect_ ? std::span<const std::byte>() : piece.subspan(*end - before);
  }

  std::optional<PlyDefect> begin(const PlyHeader& header) {
    format_ = header.format;
    const PlyElement* vertex = nullptr;
    for (const PlyElement& element : header.elements) {
      if (element.name == "vertex") {
        vertex = &element;
        continue;
      }
      if (vertex == nullptr && element.has_list && format_ != PlyFormat::kAscii) {
        return unsupported("an element with lists before the vertices");
      }
      const std::uint64_t unit = format_ == PlyFormat::kAscii ? 1 : element.row_size;
      std::uint64_t& total = vertex == nullptr ? num_before_ : num_after_;
      std::uint64_t size = 0;
      if (__builtin_mul_overflow(element.count, unit, &size) ||
          __builtin_add_overflow(total, size, &total)) {
        return PlyDefect{.kind = PlyDefectKind::kBadHeader,
                         .reason = "counts that no file can hold"};
      }
    }
    if (vertex == nullptr) return unsupported("no element named vertex");
    if (vertex->properties.empty()) return unsupported("vertices without properties");
    if (vertex->has_list) return unsupported("vertices with lists");
    num_rows_ = vertex->count;
    row_size_ = vertex->row_size;
    num_properties_ = vertex->properties.size();
    std::array<bool, kGaussianColumnNames.size()> has_column{};
    for (std::size_t i = 0; i < kGaussianColumnNames.size(); ++i) {
      const PlyProperty* property = vertex->find(kGaussianColumnNames[i]);
      if (property == nullptr) continue;
      has_column[i] = true;
      found_.push_back({.column = i,
                        .property = static_cast<std::size_t>(property - vertex->properties.data()),
                        .offset = property->offset,
                        .type = property->type});
    }
    sums_.emplace(has_column);
    return std::nullopt;
  }

  static std::size_t take(std::uint64_t& wanted, std::size_t available) {
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, available));
    wanted -= taken;
    return taken;
  }

  void feed_binary(std::span<const std::byte> piece) {
    piece = piece.subspan(take(num_before_, piece.size()));
    if (!carry_.empty()) {
      const std::size_t taken = std::min(row_size_ - carry_.size(), piece.size());
      carry_ += as_text(piece.first(taken));
      piece = piece.subspan(taken);
      if (carry_.size() < row_size_) return;
      add_rows(as_bytes(carry_), 1);
      carry_.clear();
    }
    const auto num_whole = static_cast<std::size_t>(
        std::min<std::uint64_t>(piece.size() / row_size_, num_rows_ - num_rows_read_));
    add_rows(piece, num_whole);
    piece = piece.subspan(num_whole * row_size_);
    if (num_rows_read_ < num_rows_) {
      carry_ = as_text(piece);
    } else {
      take(num_after_, piece.size());
    }
  }

  void add_rows(std::span<const std::byte> rows, std::size_t count) {
    const std::endian order =
        format_ == PlyFormat::kBinaryBigEndian ? std::endian::big : std::endian::little;
    num_rows_read_ += count;
    while (count > 0) {
      const std::size_t start = batch_.num_rows;
      const std::size_t num_taken = std::min(count, GaussianBatch::kCapacity - start);
      for (const FoundColumn& found : found_) {
        gather(found.type, rows.data() + found.offset, row_size_, order,
               std::span(batch_.columns[found.column]).subspan(start, num_taken));
      }
      batch_.num_rows += num_taken;
      if (batch_.num_rows == GaussianBatch::kCapacity) add_batch();
      rows = rows.subspan(num_taken * row_size_);
      count -= num_taken;
    }
  }

  void add_batch() {
    if (sums_) sums_->add(batch_);
  }

  void feed_text(std::string_view piece) {
    while (!piece.empty() && !defect_) {
      const std::size_t end = piece.find('\n');
      if (end == std::string_view::npos || !carry_.empty()) {
        const std::size_t taken = std::min(end, piece.size());
        if (carry_.size() + taken > kMaxLineSize) {
          defect_ = PlyDefect{.kind = PlyDefectKind::kBadValue, .reason = "a line without end"};
          return;
        }
        carry_ += piece.substr(0, taken);
        if (end == std::string_view::npos) return;
        const std::string line = std::exchange(carry_, {});
        add_line(line);
      } else {
        add_line(piece.substr(0, end));
      }
      piece.remove_prefix(end + 1);
    }
  }

  void add_line(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) return;
    if (num_before_ > 0) {
      --num_before_;
    } else if (num_rows_read_ < num_rows_) {
      add_row(line);
    } else if (num_after_ > 0) {
      --num_after_;
    }
  }

  void add_row(std::string_view line) {
    values_.clear();
    const char* at = line.data();
    const char* const end = line.data() + line.size();
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (true) {
      at = std::find_if_not(at, end, is_blank);
      if (at == end) break;
      if (*at == '+' && at + 1 != end && at[1] != '-') ++at;
      double value = 0.0;
      const auto read = std::from_chars(at, end, value);
      const bool is_number = read.ec != std::errc::invalid_argument;
      if (!is_number || (read.ptr != end && !is_blank(*read.ptr)) ||
          values_.size() == num_properties_) {
        refuse_row();
        return;
      }
      // Beyond a double: too small, or too large.
      if (read.ec == std::errc::result_out_of_range) {
        const bool is_small = std::string_view(at, read.ptr).find('-', 1) != std::string_view::npos;
        value = is_small ? 0.0 : std::numeric_limits<double>::infinity();
      }
      values_.push_back(static_cast<float>(value));
      at = read.ptr;
    }
    if (values_.size() != num_properties_) {
      refuse_row();
      return;
    }
    for (const FoundColumn& found : found_) {
      batch_.columns[found.column][batch_.num_rows] = values_[found.property];
    }
    ++num_rows_read_;
    if (++batch_.num_rows == GaussianBatch::kCapacity) add_batch();
  }

  void refuse_row() {
    defect_ = PlyDefect{
        .kind = PlyDefectKind::kBadValue,
        .reason = fmt::format("vertex {} is not {} numbers", num_rows_read_ + 1, num_properties_)};
  }

  std::optional<PlyDefect> defect_;
  std::string carry_;  // the header, or the beginning of a row or line
  PlyFormat format_ = PlyFormat::kAscii;
  std::uint64_t num_before_ = 0;  // bytes or lines yet to come
  std::uint64_t num_after_ = 0;
  std::uint64_t num_rows_ = 0;
  std::uint64_t num_rows_read_ = 0;
  std::size_t row_size_ = 0;
  std::size_t num_properties_ = 0;
  std::vector<FoundColumn> found_;
  std::vector<float> values_;         // of one row of text
  std::optional<GaussianSums> sums_;  // once the header is read
  GaussianBatch batch_;
};

std::string_view to_string(OpacityForm form) {
  switch (form) {
    case OpacityForm::kAbsent:
      return "absent";
    case OpacityForm::kLogit:
      return "logit";
    case OpacityForm::kUnit:
      return "unit";
  }
  return "";
}

std::string_view to_string(ScaleForm form) {
  switch (form) {
    case ScaleForm::kAbsent:
      return "absent";
    case ScaleForm::kLog:
      return "log";
    case ScaleForm::kLinear:
      return "linear";
  }
  return "";
}

GaussianScanner::GaussianScanner() : state_(std::make_unique<State>()) {}
GaussianScanner::~GaussianScanner() = default;
void GaussianScanner::feed(std::span<const std::byte> piece) { state_->feed(piece); }
GaussianReport GaussianScanner::finish() { return state_->finish(); }

GaussianReport scan_gaussians(std::span<const std::byte> file) {
  GaussianScanner scanner;
  scanner.feed(file);
  return scanner.finish();
}

}  // namespace assay::media

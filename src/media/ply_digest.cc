#include "media/ply_digest.h"

namespace assay::media {

PlyDigester::PlyDigester(PlyFigures figures, std::size_t max_queued)
    : figures_(figures), to_hash_(max_queued), to_scan_(max_queued), hashing_([this] {
        while (const auto piece = to_hash_.pop()) hasher_.update(piece->bytes);
      }) {
  if (figures_ == PlyFigures::kLeftOut) return;
  scanning_ = std::jthread([this] {
    while (const auto piece = to_scan_.pop()) scanner_.feed(piece->bytes);
  });
}

PlyDigester::~PlyDigester() { close(); }

void PlyDigester::feed(const PlyPiece& piece) {
  hash(piece);
  scan(piece);
}

void PlyDigester::hash(const PlyPiece& piece) { to_hash_.push(piece); }

void PlyDigester::scan(const PlyPiece& piece) {
  if (figures_ == PlyFigures::kComputed) to_scan_.push(piece);
}

void PlyDigester::close() {
  to_hash_.close();
  to_scan_.close();
  if (hashing_.joinable()) hashing_.join();
  if (scanning_.joinable()) scanning_.join();
}

PlyDigest PlyDigester::finish() {
  close();
  PlyDigest digest{.hash = hasher_.finish(), .report = std::nullopt};
  if (figures_ == PlyFigures::kComputed) digest.report = scanner_.finish();
  return digest;
}

PlyDigest digest_ply(std::span<const std::byte> file, PlyFigures figures) {
  PlyDigester digester(figures, 1);
  digester.feed({.bytes = file, .owner = nullptr});
  return digester.finish();
}

}  // namespace assay::media

#include "cache/served_map.h"

#include "core/check.h"

#include <atomic>
#include <span>
#include <utility>

namespace assay::cache {
namespace {

// Persisted: the words of the head, then two a slot.
constexpr std::size_t kGenerationWord = 0;
constexpr std::size_t kRetiredWord = 1;
constexpr std::size_t kHeadWords = 8;
constexpr std::size_t kSlotWords = 2;

using Word = std::atomic_ref<std::uint64_t>;

Word word_at(const files::SharedWords& words, std::size_t position) {
  const std::span<std::uint64_t> all = words.words();
  CHECK(position < all.size(), "a slot that is not mapped");
  return Word(all[position]);
}

std::size_t slot_of(std::uint64_t id) { return kHeadWords + (id * kSlotWords); }

}  // namespace

Result<ServedMap> ServedMap::open(const std::filesystem::path& path, std::size_t min_slots) {
  ASSIGN_OR_RETURN(files::SharedWords words,
                   files::SharedWords::open(path, kHeadWords + (min_slots * kSlotWords)));
  return ServedMap(std::move(words));
}

std::size_t ServedMap::num_slots() const {
  return (words_.words().size() - kHeadWords) / kSlotWords;
}

std::uint64_t ServedMap::last_served(std::uint64_t id) const {
  return word_at(words_, slot_of(id)).load(std::memory_order_relaxed);
}

std::uint64_t ServedMap::num_served(std::uint64_t id) const {
  return word_at(words_, slot_of(id) + 1).load(std::memory_order_relaxed);
}

bool ServedMap::claim(std::uint64_t id, std::uint64_t seen, std::uint64_t now) {
  if (!word_at(words_, slot_of(id)).compare_exchange_strong(seen, now)) return false;
  word_at(words_, slot_of(id) + 1).fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool ServedMap::claim_removal(std::uint64_t id, std::uint64_t seen) {
  return word_at(words_, slot_of(id)).compare_exchange_strong(seen, kGone);
}

void ServedMap::reset_if_gone(std::uint64_t id) {
  std::uint64_t seen = kGone;
  word_at(words_, slot_of(id)).compare_exchange_strong(seen, kNever);
}

void ServedMap::copy(std::uint64_t from, std::uint64_t to) {
  const std::uint64_t last = last_served(from);
  word_at(words_, slot_of(to)).store(last == kGone ? kNever : last);
  word_at(words_, slot_of(to) + 1).store(num_served(from));
}

std::uint64_t ServedMap::generation() const {
  return word_at(words_, kGenerationWord).load(std::memory_order_acquire);
}

void ServedMap::advance_generation() { word_at(words_, kGenerationWord).fetch_add(1); }

bool ServedMap::is_retired() const { return word_at(words_, kRetiredWord).load() != 0; }

void ServedMap::retire() { word_at(words_, kRetiredWord).store(1); }

}  // namespace assay::cache

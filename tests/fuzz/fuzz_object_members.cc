/// \file
/// Fuzzes the walk through a small object of a line: it never leaves the text, whatever that is.

#include "core/check.h"
#include "fuzz_target.h"
#include "history/object_members_internal.h"

#include <cstddef>
#include <cstdint>
#include <string>

FUZZ_TARGET(object_members) {
  using assay::history::ObjectMembers;
  // On the heap, so that a byte too far is found.
  const std::string object(reinterpret_cast<const char*>(data), size);
  std::size_t num_bytes = 0;
  for (ObjectMembers members(object); members.next();) {
    CHECK(!members.raw_value().empty(), "a member has a value");
    num_bytes += members.raw_name().size() + members.raw_value().size();
    static_cast<void>(members.name());
    static_cast<void>(assay::history::number_of(members.raw_value()));
  }
  CHECK(num_bytes <= size, "members are parts of the text");
  static_cast<void>(assay::history::find_label(object, "clip_score"));
  return 0;
}

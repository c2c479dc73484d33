/// \file
/// Fuzzes sidecars: any bytes give a state, and a new label makes each that can be read one that is
/// served.

#include "cache/sidecar.h"
#include "core/check.h"
#include "fuzz_target.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

FUZZ_TARGET(sidecar) {
  using namespace assay::cache;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Sidecar found = read_sidecar(text);
  CHECK(found.state != ItemState::kReady || found.label.has_value(), "what is served has a label");
  for (const Label label : {Label::kNone, Label::kRoadwork}) {
    const auto written = relabelled(text, label, "");
    CHECK(written.has_value() == (text.empty() || found.state != ItemState::kBadSidecar),
          "what is read is labelled, and nothing else");
    if (!written) continue;
    const Sidecar labelled = read_sidecar(*written);
    CHECK(labelled.state == ItemState::kReady && labelled.label == label, "the label is taken");
    CHECK(labelled.source == found.source, "other members stay");
  }
  return 0;
}

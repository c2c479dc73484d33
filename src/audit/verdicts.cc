#include "audit/verdicts.h"

#include "core/check.h"
#include "net/percent.h"

#include <fmt/format.h>

#include <array>

namespace assay::audit {
namespace {

using storage::Doubt;
using storage::ExistenceVerdict;
using storage::Presence;

// A control character that no service writes.
constexpr char kNameMark = '\x01';

std::string doubt_text(const ExistenceVerdict& verdict) {
  switch (verdict.doubt) {
    case Doubt::kBrokenAnswer:
      return "broken answer";
    case Doubt::kConnection:
      return "no connection";
    case Doubt::kTimeout:
      return "timeout";
    case Doubt::kBadAddress:
      return "bad address";
    case Doubt::kNone:
    case Doubt::kStatus:
      break;
  }
  return fmt::format("{}", verdict.status);
}

std::string four_way_error(const ExistenceVerdict& verdict) {
  if (verdict.presence == Presence::kDenied) {
    return verdict.status == 0 ? "denied" : fmt::format("denied ({})", verdict.status);
  }
  if (verdict.tries == 0) return fmt::format("unknown ({})", doubt_text(verdict));
  return fmt::format("unknown ({}, {} {})", doubt_text(verdict), verdict.tries,
                     verdict.tries == 1 ? "try" : "tries");
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string compat_error(const ExistenceVerdict& verdict, std::string_view uri_hash) {
  const std::string uri = fmt::format("uri:{}", uri_hash);
  if (verdict.status == 0) return fmt::format("GCS error: {} GET {}", doubt_text(verdict), uri);
  if (verdict.doubt == Doubt::kBrokenAnswer) return "Unexpected error: the answer is not JSON";
  std::string message = verdict.message;
  replace_all(message, std::string_view(&kNameMark, 1), uri);
  return fmt::format("GCS error: {} GET {}: {}", verdict.status, uri, message);
}

}  // namespace

void VerdictCounts::add(Presence presence) {
  switch (presence) {
    case Presence::kPresent:
      ++present;
      return;
    case Presence::kAbsent:
      ++absent;
      return;
    case Presence::kDenied:
      ++denied;
      return;
    case Presence::kUnknown:
      ++unknown;
      return;
  }
}

VerdictCells verdict_cells(const ExistenceVerdict& verdict, VerdictForm form,
                           std::string_view uri_hash) {
  if (verdict.presence == Presence::kPresent) return {.exists = "True", .error = ""};
  if (verdict.presence == Presence::kAbsent) return {.exists = "False", .error = ""};
  if (form == VerdictForm::kFour) return {.exists = "", .error = four_way_error(verdict)};
  return {.exists = "False", .error = compat_error(verdict, uri_hash)};
}

std::string without_names(std::string_view message, const storage::ObjectAddress& address) {
  std::string text(message);
  std::erase(text, kNameMark);
  const std::string_view mark(&kNameMark, 1);
  const std::string quoted = net::percent_encode(address.name);
  replace_all(text, fmt::format("{}/{}", address.bucket, address.name), mark);
  replace_all(text, fmt::format("{}/o/{}", address.bucket, quoted), mark);
  replace_all(text, address.name, mark);
  replace_all(text, quoted, mark);
  return text;
}

}  // namespace assay::audit

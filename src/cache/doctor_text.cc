#include "cache/doctor.h"
#include "json/writer.h"
#include "report/number_text.h"
#include "report/visible_text.h"

#include <fmt/format.h>

namespace assay::cache {

using report::counted;

std::string doctor_text(const DoctorReport& report) {
  if (report.diagnoses.empty()) return "Every cache has images of both labels. Nothing is wrong.\n";
  std::string text;
  for (const Diagnosis& diagnosis : report.diagnoses) {
    text +=
        fmt::format("{}{}\n    {}\n\n", diagnosis.is_remark ? "(for your information) " : "",
                    report::visible_text(diagnosis.words), report::visible_text(diagnosis.command));
  }
  const std::size_t count = report.num_findings();
  text += count == 0 ? "Nothing is wrong.\n"
                     : fmt::format("{}; each has the command that helps below it.\n",
                                   counted(count, "finding", "findings"));
  return text;
}

std::string doctor_json(const DoctorReport& report) {
  json::Writer writer(json::Layout::kPretty);
  writer.begin_object();
  writer.name("cache_dir").text(report.status.root);
  writer.name("findings").unsigned_integer(report.num_findings());
  writer.name("diagnoses").begin_list();
  for (const Diagnosis& diagnosis : report.diagnoses) {
    writer.begin_object();
    writer.name("cause").text(to_string(diagnosis.cause));
    writer.name("cache");
    diagnosis.kind ? writer.text(to_string(*diagnosis.kind)) : writer.null();
    writer.name("count").unsigned_integer(diagnosis.count);
    writer.name("words").text(diagnosis.words);
    writer.name("command").text(diagnosis.command);
    writer.name("remark").boolean(diagnosis.is_remark);
    writer.end_object();
  }
  writer.end_list();
  writer.end_object();
  return writer.take() + "\n";
}

}  // namespace assay::cache

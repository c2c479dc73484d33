/// \file
/// An analysis as one self-contained page.

#pragma once

#include "history/analyze.h"
#include "history/analyze_text.h"

#include <string>

namespace assay::history {

/// What every page shows, beside groups and a comparison where the heading asks for them: these
/// reports have to be among those of the analysis.
AnalyzeReports page_reports();

/// The same analysis gives the same bytes. `made_by` goes into the footer.
std::string analysis_page(const Analysis& analysis, const AnalyzeHeading& heading,
                          std::string_view made_by);

}  // namespace assay::history

#include "tables/arrow_error_internal.h"

#include <arrow/util/checked_cast.h>

#include <memory>
#include <string>
#include <string_view>

namespace assay::tables {

namespace {

constexpr const char* kDetailType = "assay::Error";

class ErrorDetail final : public arrow::StatusDetail {
 public:
  explicit ErrorDetail(Error error) : error_(std::move(error)) {}
  const char* type_id() const override { return kDetailType; }
  std::string ToString() const override { return error_.message; }
  const Error& error() const { return error_; }

 private:
  Error error_;
};

// Messages of Arrow can have several lines and hold bytes of the file; ours are one line of text.
std::string one_line(std::string_view text) {
  constexpr std::size_t kLongest = 300;
  std::string line;
  for (const char character : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte >= 0x7f) {
      if (!line.empty() && line.back() != ' ') line.push_back(' ');
    } else {
      line.push_back(character);
    }
  }
  while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
  return line;
}

}  // namespace

arrow::Status to_arrow_status(Error error) {
  std::string message = error.message;
  return {arrow::StatusCode::IOError, std::move(message),
          std::make_shared<ErrorDetail>(std::move(error))};
}

Error from_arrow_status(const arrow::Status& status, ErrorCode fallback) {
  if (status.detail() && std::string_view(status.detail()->type_id()) == kDetailType) {
    return arrow::internal::checked_cast<const ErrorDetail&>(*status.detail()).error();
  }
  if (status.IsOutOfMemory() || status.IsCapacityError()) {
    return exhausted(one_line(status.message()));
  }
  return {fallback, one_line(status.message())};
}

Error current_parquet_error(ErrorCode fallback) {
  try {
    throw;
  } catch (const parquet::ParquetStatusException& exception) {
    return from_arrow_status(exception.status(), fallback);
  } catch (const std::exception& exception) {
    return {fallback, one_line(exception.what())};
  } catch (...) {
    return {fallback, "an unknown exception"};
  }
}

}  // namespace assay::tables

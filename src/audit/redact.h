/// \file
/// A copy of an export that can be shared: prompts and addresses become hashes.

#pragma once

#include "core/random.h"
#include "core/result.h"
#include "crypto/secret.h"
#include "tables/dataset.h"

#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace assay::audit {

struct RedactOptions {
  /// Further columns: a dotted path takes all text and binary below it.
  std::vector<std::string> columns = {};
  /// Columns that stay although their name says prompt or address.
  std::vector<std::string> keep = {};
};

struct RedactSummary {
  std::uint64_t num_rows = 0;
  std::uint64_t num_replaced = 0;
  /// The leaves that were replaced, with the file's own names. Order: of the file.
  std::vector<std::string> columns;
};

/// Whether a column of this name is redacted unless it is kept: a part of the dotted path says
/// prompt, URI, URL, path to an object, or bucket. `prompt_hash` and `image_sha256` do not.
bool is_sensitive_column(std::string_view path);

/// Write a copy of `file` to `target` in which every value of the sensitive and the named columns
/// is the HMAC-SHA-256 of the value under `salt`, in hexadecimal digits: equal values stay equal,
/// and without the salt none can be found by trying. Nulls and blank texts stay, so that the audit
/// of the copy gives the same counts. Text columns that may hold JSON (payload, response_payload,
/// callback_metadata) are replaced as a whole. The schema stays; a page is in memory at a time.
///
/// Errors: kInvalidInput (a named column that is absent or not text or binary; nothing to redact);
///         those of tables::rewrite_parquet().
Result<RedactSummary> redact(const tables::DatasetSources& sources, const std::string& file,
                             const std::filesystem::path& target, const crypto::Secret& salt,
                             const RedactOptions& options, const std::stop_token& stop);

/// A salt of 32 bytes, in hexadecimal digits.
crypto::Secret make_salt(RandomSource& random);

}  // namespace assay::audit

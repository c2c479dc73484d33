/// \file
/// Settings that stand in a list: the tables `[[cache.source]]` of assay.toml.

#pragma once

#include "core/config.h"
#include "core/settings.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace assay {

/// Those of one table of each list, with keys like `cache.source[].weight`. Order: by key.
std::span<const Setting> list_settings();

/// The key under which Config has a setting of the table `number`, from 1:
/// `cache.source[2].weight`.
std::string list_key(std::string_view list, std::size_t number, std::string_view name);

/// The key of the table of settings that `key` stands for: `cache.source[].weight`. The key itself
/// when it is of no list.
std::string list_setting_key(std::string_view key);

/// The key under which Config has the number of tables of the list that `key` is of; empty when it
/// is of none: `cache.source[]`.
std::string list_count_key(std::string_view key);

/// How many tables the list has.
/// Pre: `list` is one of list_settings(): `cache.source`.
std::size_t count_tables(const Config& config, std::string_view list);

}  // namespace assay

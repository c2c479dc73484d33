/// \file
/// The stack machine that a pickle is a program for, cut down to what describes tensors.

#pragma once

#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace assay::models {

/// A value of the machine is an index into its values: dicts and lists are shared and change.
using PickleRef = std::uint32_t;

/// The only Python objects that a pickle may name.
enum class PickleGlobal : std::uint8_t {
  kOrderedDict,
  kFloatStorage,
  kLongStorage,
  kRebuildTensor
};

struct PickleNone {};
struct PickleTuple {
  std::vector<PickleRef> items;
};
struct PickleList {
  std::vector<PickleRef> items;
};
struct PickleDict {
  std::vector<std::pair<PickleRef, PickleRef>> items;
};
struct PickleStorage {
  std::string key;
  std::uint64_t num_elements = 0;
  bool is_index = false;  ///< Whole numbers of 64 bits.
};
struct PickleTensor {
  std::string storage;
  std::uint64_t storage_elements = 0;
  std::uint64_t first = 0;
  std::vector<std::uint64_t> shape = {};
  bool is_contiguous = true;
  bool is_index = false;
};
using PickleValue = std::variant<PickleNone, bool, std::int64_t, double, std::string, PickleGlobal,
                                 PickleTuple, PickleList, PickleDict, PickleStorage, PickleTensor>;

/// Runs one pickle. Errors of every call: kCorrupt, kExhausted, and kInvalidInput for what is not
/// on the lists.
class PickleMachine {
 public:
  explicit PickleMachine(std::string_view pickle) : pickle_(pickle) {}

  /// Run to the end; the result is what the pickle stands for.
  Result<PickleRef> run();

  const PickleValue& value(PickleRef ref) const { return values_[ref]; }
  template <typename T>
  const T* as(PickleRef ref) const {
    return std::get_if<T>(&values_[ref]);
  }

 private:
  /// Do one instruction but the last.
  Status step(std::uint8_t opcode);
  Status step_structure(std::uint8_t opcode);
  Status step_container(std::uint8_t opcode);
  Error refuse_opcode(std::uint8_t opcode) const;

  /// Read from the pickle itself.
  Result<std::uint32_t> read_number(std::size_t num_bytes);
  Result<std::string_view> read_bytes(std::size_t count);
  Result<std::string_view> read_line();

  Status push(PickleValue value);
  Result<PickleRef> pop();
  Result<std::vector<PickleRef>> pop_to_mark();
  Result<PickleRef> top() const;
  Status push_tuple(std::size_t size);

  Status name_global();
  Status load_storage();
  Status reduce();
  Status rebuild_tensor(const PickleTuple& arguments);
  Status build();
  Status add_items(const std::vector<PickleRef>& items);
  Status append_items(const std::vector<PickleRef>& items);
  Status remember(std::uint32_t slot);
  Status recall(std::uint32_t slot);
  Result<std::vector<std::uint64_t>> counts_of(PickleRef ref) const;
  Error broken(std::string_view what) const;

  std::string_view pickle_;
  std::size_t position_ = 0;
  std::vector<PickleValue> values_;
  std::vector<PickleRef> stack_;
  std::vector<std::size_t> marks_;  // heights of the stack
  std::unordered_map<std::uint32_t, PickleRef> memo_;
};

}  // namespace assay::models

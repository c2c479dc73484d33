#include "models/pickle_machine_internal.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

// The instructions are those that torch.save() emits for state dicts and for dicts of training
// state (protocol 2). Everything that could name, call or build anything else has no case here:
// the machine cannot do it, whatever the pickle says.

namespace assay::models {
namespace {

/// A state dict of a thousand tensors makes some 10,000 values.
constexpr std::size_t kMaxValues = 1'000'000;

constexpr std::uint8_t kProtocol = 0x80;
constexpr std::uint8_t kStop = '.';
constexpr std::uint8_t kGlobal = 'c';
constexpr std::uint8_t kPut = 'q';
constexpr std::uint8_t kLongPut = 'r';
constexpr std::uint8_t kGet = 'h';
constexpr std::uint8_t kLongGet = 'j';
constexpr std::uint8_t kMark = '(';
constexpr std::uint8_t kEmptyTuple = ')';
constexpr std::uint8_t kTuple = 't';
constexpr std::uint8_t kTuple1 = 0x85;
constexpr std::uint8_t kTuple2 = 0x86;
constexpr std::uint8_t kTuple3 = 0x87;
constexpr std::uint8_t kReduce = 'R';
constexpr std::uint8_t kBuild = 'b';
constexpr std::uint8_t kPersistentId = 'Q';
constexpr std::uint8_t kText = 'X';
constexpr std::uint8_t kInteger4 = 'J';
constexpr std::uint8_t kInteger1 = 'K';
constexpr std::uint8_t kInteger2 = 'M';
constexpr std::uint8_t kFloat = 'G';
constexpr std::uint8_t kNone = 'N';
constexpr std::uint8_t kTrue = 0x88;
constexpr std::uint8_t kFalse = 0x89;
constexpr std::uint8_t kEmptyDict = '}';
constexpr std::uint8_t kEmptyList = ']';
constexpr std::uint8_t kSetItem = 's';
constexpr std::uint8_t kSetItems = 'u';
constexpr std::uint8_t kAppend = 'a';
constexpr std::uint8_t kAppends = 'e';

std::optional<PickleGlobal> find_global(std::string_view module, std::string_view name) {
  if (module == "collections" && name == "OrderedDict") return PickleGlobal::kOrderedDict;
  if (module == "torch" && name == "FloatStorage") return PickleGlobal::kFloatStorage;
  if (module == "torch" && name == "LongStorage") return PickleGlobal::kLongStorage;
  if (module == "torch._utils" && name == "_rebuild_tensor_v2") return PickleGlobal::kRebuildTensor;
  return std::nullopt;
}

}  // namespace

Error PickleMachine::broken(std::string_view what) const {
  return corrupt(fmt::format("pickle, byte {}: {}", position_, what));
}

Error PickleMachine::refuse_opcode(std::uint8_t opcode) const {
  return invalid_input(
      fmt::format("pickle, byte {}: instruction 0x{:02x}, which a file of tensors does not need; "
                  "nothing was run. Save the model's state_dict() instead",
                  position_ - 1, opcode));
}

Result<PickleRef> PickleMachine::run() {
  while (true) {
    ASSIGN_OR_RETURN(const std::uint32_t opcode, read_number(1));
    if (opcode == kStop) return pop();
    RETURN_IF_ERROR(step(static_cast<std::uint8_t>(opcode)));
  }
}

// --- reading ---------------------------------------------------------------------------------

Result<std::string_view> PickleMachine::read_bytes(std::size_t count) {
  if (count > pickle_.size() - position_) return broken("cut off");
  const std::string_view bytes = pickle_.substr(position_, count);
  position_ += count;
  return bytes;
}

Result<std::uint32_t> PickleMachine::read_number(std::size_t num_bytes) {
  ASSIGN_OR_RETURN(const std::string_view bytes, read_bytes(num_bytes));
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data(), bytes.size());
  return number;
}

Result<std::string_view> PickleMachine::read_line() {
  const std::size_t end = pickle_.find('\n', position_);
  if (end == std::string_view::npos) return broken("a name without an end");
  const std::string_view line = pickle_.substr(position_, end - position_);
  position_ = end + 1;
  return line;
}

// --- the stack -------------------------------------------------------------------------------

Status PickleMachine::push(PickleValue value) {
  if (values_.size() >= kMaxValues) {
    return exhausted(fmt::format("pickle: more than {} values", kMaxValues));
  }
  stack_.push_back(static_cast<PickleRef>(values_.size()));
  values_.push_back(std::move(value));
  return {};
}

Result<PickleRef> PickleMachine::top() const {
  const std::size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= floor) return broken("a value is missing");
  return stack_.back();
}

Result<PickleRef> PickleMachine::pop() {
  ASSIGN_OR_RETURN(const PickleRef ref, top());
  stack_.pop_back();
  return ref;
}

Result<std::vector<PickleRef>> PickleMachine::pop_to_mark() {
  if (marks_.empty()) return broken("a mark is missing");
  const auto start = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleRef> items(start, stack_.end());
  stack_.erase(start, stack_.end());
  marks_.pop_back();
  return items;
}

Status PickleMachine::push_tuple(std::size_t size) {
  PickleTuple tuple;
  tuple.items.resize(size);
  for (std::size_t i = size; i-- > 0;) {
    ASSIGN_OR_RETURN(tuple.items[i], pop());
  }
  return push(std::move(tuple));
}

Status PickleMachine::remember(std::uint32_t slot) {
  ASSIGN_OR_RETURN(memo_[slot], top());
  return {};
}

Status PickleMachine::recall(std::uint32_t slot) {
  const auto found = memo_.find(slot);
  if (found == memo_.end()) return broken("a value that was never kept is asked for");
  // Bounded as push() is: a stack of references alone could grow without end too.
  if (stack_.size() >= kMaxValues) {
    return exhausted(fmt::format("pickle: more than {} values", kMaxValues));
  }
  stack_.push_back(found->second);
  return {};
}

// --- the instructions ------------------------------------------------------------------------

Status PickleMachine::step(std::uint8_t opcode) {
  switch (opcode) {
    case kProtocol: {
      ASSIGN_OR_RETURN(const std::uint32_t version, read_number(1));
      if (version != 2) return broken(fmt::format("protocol {}; expected 2", version));
      return {};
    }
    case kText: {
      ASSIGN_OR_RETURN(const std::uint32_t size, read_number(4));
      ASSIGN_OR_RETURN(const std::string_view text, read_bytes(size));
      return push(std::string(text));
    }
    case kInteger4: {
      ASSIGN_OR_RETURN(const std::uint32_t number, read_number(4));
      return push(std::int64_t{static_cast<std::int32_t>(number)});
    }
    case kInteger1:
    case kInteger2: {
      ASSIGN_OR_RETURN(const std::uint32_t number, read_number(opcode == kInteger1 ? 1 : 2));
      return push(std::int64_t{number});
    }
    case kFloat: {
      ASSIGN_OR_RETURN(const std::string_view bytes, read_bytes(sizeof(std::uint64_t)));
      std::uint64_t bits = 0;
      std::memcpy(&bits, bytes.data(), sizeof bits);
      return push(std::bit_cast<double>(__builtin_bswap64(bits)));  // big-endian, alone in a pickle
    }
    case kNone:
      return push(PickleNone{});
    case kTrue:
    case kFalse:
      return push(opcode == kTrue);
    default:
      return step_structure(opcode);
  }
}

Status PickleMachine::step_structure(std::uint8_t opcode) {
  switch (opcode) {
    case kGlobal:
      return name_global();
    case kPersistentId:
      return load_storage();
    case kReduce:
      return reduce();
    case kBuild:
      return build();
    case kPut:
    case kLongPut: {
      ASSIGN_OR_RETURN(const std::uint32_t slot, read_number(opcode == kPut ? 1 : 4));
      return remember(slot);
    }
    case kGet:
    case kLongGet: {
      ASSIGN_OR_RETURN(const std::uint32_t slot, read_number(opcode == kGet ? 1 : 4));
      return recall(slot);
    }
    default:
      return step_container(opcode);
  }
}

Status PickleMachine::step_container(std::uint8_t opcode) {
  switch (opcode) {
    case kMark:
      marks_.push_back(stack_.size());
      return {};
    case kEmptyTuple:
      return push(PickleTuple{});
    case kTuple1:
    case kTuple2:
    case kTuple3:
      return push_tuple(opcode - kTuple1 + 1U);
    case kTuple: {
      ASSIGN_OR_RETURN(auto items, pop_to_mark());
      return push(PickleTuple{std::move(items)});
    }
    case kEmptyDict:
      return push(PickleDict{});
    case kEmptyList:
      return push(PickleList{});
    case kSetItem: {
      ASSIGN_OR_RETURN(const PickleRef value, pop());
      ASSIGN_OR_RETURN(const PickleRef key, pop());
      return add_items({key, value});
    }
    case kSetItems: {
      ASSIGN_OR_RETURN(const auto items, pop_to_mark());
      return add_items(items);
    }
    case kAppend: {
      ASSIGN_OR_RETURN(const PickleRef item, pop());
      return append_items({item});
    }
    case kAppends: {
      ASSIGN_OR_RETURN(const auto items, pop_to_mark());
      return append_items(items);
    }
    default:
      return refuse_opcode(opcode);
  }
}

Status PickleMachine::add_items(const std::vector<PickleRef>& items) {
  if (items.size() % 2 != 0) return broken("a key without a value");
  ASSIGN_OR_RETURN(const PickleRef target, top());
  auto* dict = std::get_if<PickleDict>(&values_[target]);
  if (dict == nullptr) return broken("items are given to what is no dict");
  for (std::size_t i = 0; i < items.size(); i += 2) {
    dict->items.emplace_back(items[i], items[i + 1]);
  }
  return {};
}

Status PickleMachine::append_items(const std::vector<PickleRef>& items) {
  ASSIGN_OR_RETURN(const PickleRef target, top());
  auto* list = std::get_if<PickleList>(&values_[target]);
  if (list == nullptr) return broken("items are given to what is no list");
  list->items.insert(list->items.end(), items.begin(), items.end());
  return {};
}

Status PickleMachine::name_global() {
  const std::size_t start = position_ - 1;
  ASSIGN_OR_RETURN(const std::string_view module, read_line());
  ASSIGN_OR_RETURN(const std::string_view name, read_line());
  const std::optional<PickleGlobal> global = find_global(module, name);
  if (!global) {
    return invalid_input(fmt::format(
        "pickle, byte {}: asks for the Python object '{}.{}', which a file of tensors does not "
        "need; nothing was run. Save the model's state_dict() instead",
        start, module.substr(0, 200), name.substr(0, 200)));
  }
  return push(*global);
}

/// ('storage', FloatStorage or LongStorage, key, device, number of elements); the device does not
/// matter.
Status PickleMachine::load_storage() {
  ASSIGN_OR_RETURN(const PickleRef id, pop());
  const auto* tuple = as<PickleTuple>(id);
  if (tuple == nullptr || tuple->items.size() != 5) return broken("not the id of a storage");
  const auto* tag = as<std::string>(tuple->items[0]);
  const auto* global = as<PickleGlobal>(tuple->items[1]);
  const auto* key = as<std::string>(tuple->items[2]);
  const auto* size = as<std::int64_t>(tuple->items[4]);
  if (tag == nullptr || *tag != "storage" || global == nullptr ||
      (*global != PickleGlobal::kFloatStorage && *global != PickleGlobal::kLongStorage) ||
      key == nullptr || as<std::string>(tuple->items[3]) == nullptr || size == nullptr ||
      *size < 0) {
    return broken("not the id of a storage");
  }
  return push(PickleStorage{.key = *key,
                            .num_elements = static_cast<std::uint64_t>(*size),
                            .is_index = *global == PickleGlobal::kLongStorage});
}

Status PickleMachine::reduce() {
  ASSIGN_OR_RETURN(const PickleRef arguments_ref, pop());
  ASSIGN_OR_RETURN(const PickleRef function_ref, pop());
  const auto* arguments = as<PickleTuple>(arguments_ref);
  const auto* function = as<PickleGlobal>(function_ref);
  if (arguments == nullptr || function == nullptr) return broken("a call of what is no function");
  if (*function == PickleGlobal::kOrderedDict && arguments->items.empty()) {
    return push(PickleDict{});
  }
  if (*function == PickleGlobal::kRebuildTensor) return rebuild_tensor(*arguments);
  return broken("a call that a file of tensors does not need");
}

Result<std::vector<std::uint64_t>> PickleMachine::counts_of(PickleRef ref) const {
  const auto* tuple = as<PickleTuple>(ref);
  if (tuple == nullptr) return broken("a shape is not a tuple");
  std::vector<std::uint64_t> counts;
  counts.reserve(tuple->items.size());
  for (const PickleRef item : tuple->items) {
    const auto* count = as<std::int64_t>(item);
    if (count == nullptr || *count < 0) return broken("a shape holds what is no size");
    counts.push_back(static_cast<std::uint64_t>(*count));
  }
  return counts;
}

/// (storage, first element, shape, strides, requires_grad, hooks)
Status PickleMachine::rebuild_tensor(const PickleTuple& arguments) {
  if (arguments.items.size() != 6) return broken("a tensor is described by six values");
  const auto* storage = as<PickleStorage>(arguments.items[0]);
  const auto* first = as<std::int64_t>(arguments.items[1]);
  const auto* hooks = as<PickleDict>(arguments.items[5]);
  if (storage == nullptr || first == nullptr || *first < 0 ||
      as<bool>(arguments.items[4]) == nullptr || hooks == nullptr || !hooks->items.empty()) {
    return broken("not the description of a tensor");
  }
  PickleTensor tensor{.storage = storage->key,
                      .storage_elements = storage->num_elements,
                      .first = static_cast<std::uint64_t>(*first),
                      .is_index = storage->is_index};
  ASSIGN_OR_RETURN(tensor.shape, counts_of(arguments.items[2]));
  ASSIGN_OR_RETURN(const auto strides, counts_of(arguments.items[3]));
  if (strides.size() != tensor.shape.size()) return broken("a tensor with a stride too many");
  std::uint64_t expected = 1;  // of the dimension at hand, when nothing lies between
  bool is_empty = false;
  for (std::size_t i = tensor.shape.size(); i-- > 0;) {
    const std::uint64_t size = tensor.shape[i];
    is_empty |= size == 0;
    if (size > 1 && strides[i] != expected) tensor.is_contiguous = false;
    if (size != 0 && expected > std::numeric_limits<std::uint64_t>::max() / size) {
      return broken("a tensor larger than any file");
    }
    expected *= size == 0 ? 1 : size;
  }
  const std::uint64_t count = is_empty ? 0 : expected;
  if (tensor.is_contiguous &&
      (tensor.first > tensor.storage_elements || count > tensor.storage_elements - tensor.first)) {
    return broken("a tensor reaches beyond its storage");
  }
  return push(std::move(tensor));
}

/// Gives a dict its attributes: torch keeps the version of its layers there, which say nothing
/// about the numbers.
Status PickleMachine::build() {
  ASSIGN_OR_RETURN(const PickleRef state, pop());
  ASSIGN_OR_RETURN(const PickleRef target, top());
  const auto* attributes = as<PickleDict>(state);
  if (as<PickleDict>(target) == nullptr || attributes == nullptr) {
    return broken("attributes are given to what is no dict");
  }
  for (const auto& [key, unused] : attributes->items) {
    const auto* name = as<std::string>(key);
    if (name == nullptr || *name != "_metadata") return broken("an attribute other than _metadata");
  }
  return {};
}

}  // namespace assay::models

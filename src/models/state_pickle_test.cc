#include "models/state_pickle.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace assay::models {
namespace {

using std::string_literals::operator""s;

const std::string kStorage =
    "((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"
    "0X\3\0\0\0mpsK\6tQ"s;

/// A dict of one tensor of six elements, the parts of which a test may replace.
std::string pickle_of(const std::string& name, const std::string& after_storage) {
  return "\x80\2}(X"s + static_cast<char>(name.size()) + "\0\0\0"s + name +
         "ctorch._utils\n_rebuild_tensor_v2\n"s + kStorage + after_storage + "tRu."s;
}
const std::string kTwoByThree =
    "K\0K\2K\3\x86K\3K\1\x86\x89"
    "ccollections\nOrderedDict\n)R"s;

TEST(StatePickle, ReadsATensorAndIgnoresItsDevice) {
  const auto tensors = read_state_pickle(pickle_of("net.0.weight", kTwoByThree));
  ASSERT_TRUE(tensors) << tensors.error().message;
  ASSERT_EQ(tensors->size(), 1U);
  EXPECT_EQ(tensors->front().name, "net.0.weight");
  EXPECT_EQ(tensors->front().storage, "0");
  EXPECT_EQ(tensors->front().storage_elements, 6U);
  EXPECT_EQ(tensors->front().shape, (std::vector<std::uint64_t>{2, 3}));
}

TEST(StatePickle, TellsIndicesFromWeights) {
  std::string pickle = pickle_of("embeddings.position_ids", kTwoByThree);
  pickle.replace(pickle.find("FloatStorage"), "FloatStorage"s.size(), "LongStorage");
  const auto tensors = read_state_pickle(pickle);
  ASSERT_TRUE(tensors) << tensors.error().message;
  ASSERT_EQ(tensors->size(), 1U);
  EXPECT_TRUE(tensors->front().is_index);
  EXPECT_FALSE(read_state_pickle(pickle_of("a", kTwoByThree))->front().is_index);
}

TEST(StatePickle, RefusesAnyOtherPythonObjectByItsName) {
  const auto read = read_state_pickle("\x80\2cos\nsystem\nX\2\0\0\0id\x85R."s);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kInvalidInput);
  EXPECT_NE(read.error().message.find("'os.system'"), std::string::npos);
  for (const char* storage : {"DoubleStorage", "ByteStorage", "LongStorage2", "longstorage"}) {
    const auto other = read_state_pickle("\x80\2ctorch\n"s + storage + "\n."s);
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().message.find("'torch."s + storage + "'"), std::string::npos);
  }
  EXPECT_FALSE(read_state_pickle("\x80\2ccollections\nOrderedDict.fromkeys\n."s));
}

TEST(StatePickle, RefusesInstructionsThatAreNotListed) {
  // NEWOBJ, INST, OBJ, EXT1, STACK_GLOBAL, MEMOIZE, FRAME, DUP, LONG1, BINBYTES, POP
  for (const char opcode :
       "\x81io\x82\x93\x94\x95"
       "2\x8a"
       "B0"s) {
    const auto read = read_state_pickle("\x80\2}"s + opcode + "."s);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::kInvalidInput) << static_cast<int>(opcode);
  }
}

TEST(StatePickle, RefusesATensorThatDoesNotFitItsStorage) {
  const std::string hooks =
      "\x89"
      "ccollections\nOrderedDict\n)R"s;
  const auto code_of = [&](const std::string& place) {
    const auto read = read_state_pickle(pickle_of("a", place + hooks));
    return read ? ErrorCode::kInternal : read.error().code;
  };
  EXPECT_EQ(code_of("K\1K\2K\3\x86K\3K\1\x86"s), ErrorCode::kCorrupt);          // begins too late
  EXPECT_EQ(code_of("K\0K\7\x85K\1\x85"s), ErrorCode::kCorrupt);                // too long
  EXPECT_EQ(code_of("K\0J\xff\xff\xff\xff\x85K\1\x85"s), ErrorCode::kCorrupt);  // of size -1
  EXPECT_EQ(code_of("K\0K\2K\3\x86K\1\x85"s), ErrorCode::kCorrupt);          // a stride is missing
  EXPECT_EQ(code_of("K\0K\3K\2\x86K\1K\3\x86"s), ErrorCode::kInvalidInput);  // transposed
  EXPECT_EQ(code_of("K\0J\xff\xff\xff\x7fJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x87K\0K\0K\1\x87"s),
            ErrorCode::kCorrupt);  // a product beyond 64 bits
}

TEST(StatePickle, RefusesStacksThatRunEmptyAndMemosThatWereNeverFilled) {
  for (const std::string& broken :
       {"\x80\2."s, "\x80\2"s, ""s, "\x80\2t."s, "\x80\2}s."s, "\x80\2h\0."s, "\x80\2(}u."s,
        "\x80\2}(K\1u."s, "\x80\2K\1R."s, "\x80\2K\1Q."s, "\x80\2K\1K\1b."s, "\x80\4}."s,
        "\x80\2X\xff\xff\xff\xff"
        "a"s,
        "\x80\2]K\1K\2s."s, "\x80\2cno end"s}) {
    const auto read = read_state_pickle(broken);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  }
  EXPECT_EQ(read_state_pickle("\x80\2K\1."s).error().code, ErrorCode::kInvalidInput);
  EXPECT_EQ(read_state_pickle("\x80\2}."s).error().code, ErrorCode::kInvalidInput);
}

TEST(StatePickle, StopsAtItsLimits) {
  EXPECT_EQ(read_state_pickle("\x80\2"s + std::string(1'100'000, '}') + "."s).error().code,
            ErrorCode::kExhausted);
  EXPECT_EQ(read_state_pickle(std::string(kMaxPickleSize.count() + 1, '}')).error().code,
            ErrorCode::kExhausted);
}

}  // namespace
}  // namespace assay::models

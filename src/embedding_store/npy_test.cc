#include "embedding_store/npy.h"

#include "core/bytes.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace assay::embedding_store {
namespace {

// What numpy.save (2.4) writes for arange(3, dtype="<f4").
std::string numpy_file() {
  std::string file("\x93NUMPY\x01\x00v\x00", 10);
  file += "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }";
  file.append(127 - file.size(), ' ');
  file += '\n';
  file += std::string("\0\0\0\0\0\0\x80\x3f\0\0\0\x40", 12);
  return file;
}

std::string with_header(std::string_view header, std::string_view values, char major = 1) {
  std::string file("\x93NUMPY", 6);
  file += major;
  file += '\0';
  file += static_cast<char>(header.size() & 0xFFU);
  file += static_cast<char>(header.size() >> 8U);
  if (major == 2) file += std::string(2, '\0');
  file += header;
  file += values;
  return file;
}

ErrorCode code_of(std::string_view file) {
  const auto array = parse_npy(as_bytes(file));
  EXPECT_FALSE(array);
  return array ? ErrorCode::kInternal : array.error().code;
}

TEST(Npy, WritesWhatNumpyWrites) {
  EXPECT_EQ(npy_of(std::vector<float>{0.0F, 1.0F, 2.0F}), numpy_file());
}

TEST(Npy, HeaderOfAMatrixIsNumpys) {
  std::string expected("\x93NUMPY\x01\x00v\x00", 10);
  expected += "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  expected.append(127 - expected.size(), ' ');
  EXPECT_EQ(npy_header(2, 3), expected + '\n');
}

TEST(Npy, ReadsVersionsOneAndTwo) {
  const auto first = parse_npy(as_bytes(numpy_file()));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->shape, std::vector<std::size_t>{3});
  EXPECT_EQ(first->values, (std::vector<float>{0.0F, 1.0F, 2.0F}));
  const std::string version_two = with_header(
      "{\"shape\":(1,2),'descr':'<f4', 'fortran_order':False}\n", numpy_file().substr(132), 2);
  const auto second = parse_npy(as_bytes(version_two));
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->shape, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(second->values, (std::vector<float>{1.0F, 2.0F}));
}

TEST(Npy, NamesOtherKindsAsSuch) {
  EXPECT_EQ(code_of("PK\x03\x04"), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(""), ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(with_header("{'descr':'<f8','fortran_order':False,'shape':(0,)}", "")),
            ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(with_header("{'descr':'<f4','fortran_order':True,'shape':(0,)}", "")),
            ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(with_header("{'descr':'<f4','fortran_order':False,'shape':(1,1,1)}", "abcd")),
            ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(with_header("{'descr':'<f4','fortran_order':False,'shape':()}", "abcd")),
            ErrorCode::kInvalidInput);
  EXPECT_EQ(code_of(with_header("{}", "", 3)), ErrorCode::kInvalidInput);
}

TEST(Npy, EveryCutIsFound) {
  const std::string file = numpy_file();
  for (std::size_t size = 6; size < file.size(); ++size) {
    EXPECT_EQ(code_of(std::string_view(file).substr(0, size)), ErrorCode::kCorrupt) << size;
  }
  EXPECT_EQ(code_of(file + "x"), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(file + "four"), ErrorCode::kCorrupt);
}

TEST(Npy, RefusesHeadersThatAreNotOne) {
  for (const std::string_view header :
       {"{'descr':'<f4','fortran_order':False}",
        "{'descr':'<f4','fortran_order':False,'shape':(1)}",
        "{'descr':'<f4','fortran_order':False,'shape':(-1,)}",
        "{'descr':'<f4','fortran_order':False,'shape':(99999999999999999999,)}",
        "{'descr':'<f4','fortran_order':False,'shape':(1,),'more':1}",
        "{'descr':'<f4','descr':'<f4','fortran_order':False,'shape':(1,)}",
        "{'descr':'<f4','fortran_order':False,'shape':(1,)} x", "{'descr", ""}) {
    EXPECT_EQ(code_of(with_header(header, "abcd")), ErrorCode::kCorrupt) << header;
  }
  EXPECT_EQ(code_of(with_header(
                "{'descr':'<f4','fortran_order':False,'shape':(4611686018427387905,4)}", "abcd")),
            ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(with_header(std::string(20'000, ' '), "")), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace assay::embedding_store

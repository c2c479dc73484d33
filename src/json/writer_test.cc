#include "json/writer.h"

#include "json/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace assay::json {
namespace {

void write_example(Writer& writer) {
  writer.begin_object();
  writer.name("text").text("a \"b\"\n");
  writer.name("numbers").begin_list().integer(-1).unsigned_integer(
      std::numeric_limits<std::uint64_t>::max());
  writer.number(0.1).number(1e22).number(std::nan("")).end_list();
  writer.name("empty").begin_list().end_list();
  writer.name("none").begin_object().end_object();
  writer.name("flags").begin_object().name("on").boolean(true).name("off").null().end_object();
  writer.end_object();
}

TEST(Writer, WritesCompactText) {
  Writer writer;
  write_example(writer);
  EXPECT_TRUE(writer.is_complete());
  EXPECT_EQ(writer.take(),
            R"({"text":"a \"b\"\n","numbers":[-1,18446744073709551615,0.1,1e+22,null],)"
            R"("empty":[],"none":{},"flags":{"on":true,"off":null}})");
}

TEST(Writer, WritesPrettyTextAsPythonDoes) {
  Writer writer(Layout::kPretty);
  write_example(writer);
  EXPECT_EQ(writer.take(), R"({
  "text": "a \"b\"\n",
  "numbers": [
    -1,
    18446744073709551615,
    0.1,
    1e+22,
    null
  ],
  "empty": [],
  "none": {},
  "flags": {
    "on": true,
    "off": null
  }
})");
}

TEST(Writer, GoesOnAfterAPartWasTaken) {
  Writer writer;
  writer.begin_list().integer(1);
  std::string text = writer.take();
  EXPECT_FALSE(writer.is_complete());
  writer.integer(2).end_list();
  EXPECT_EQ(text + writer.take(), "[1,2]");
}

TEST(Writer, ParsesBack) {
  Writer writer(Layout::kPretty);
  write_example(writer);
  const auto value = parse(writer.take());
  ASSERT_TRUE(value);
  EXPECT_EQ(*value->find("text")->text(), "a \"b\"\n");
  EXPECT_EQ((*value->find("numbers")->list())[2].number(), 0.1);
}

TEST(WriterDeathTest, AnOrderThatGivesNoJsonIsABug) {
  EXPECT_DEATH(Writer().begin_object().integer(1), "has a name");
  EXPECT_DEATH(Writer().begin_list().name("x"), "stands in an object");
  EXPECT_DEATH(Writer().begin_list().end_object(), "was begun");
  EXPECT_DEATH(Writer().integer(1).integer(2), "one root");
  EXPECT_DEATH(Writer().begin_object().name("x").end_object(), "followed by a value");
}

}  // namespace
}  // namespace assay::json

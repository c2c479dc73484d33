#include "cache/rescan.h"
#include "cache/sampler.h"
#include "cache/testing/cache_fixture.h"
#include "files/atomic_file.h"
#include "json/value.h"
#include "json/writer.h"

#include <gtest/gtest.h>

#include <set>

namespace assay::cache {
namespace {

using testing::CacheFixture;

const json::Value& at(const json::Value& object, std::string_view name) {
  static const json::Value kNothing;
  const json::Value* const member = object.find(name);
  return member == nullptr ? kNothing : *member;
}

std::string text_in(const json::Value& value) {
  const std::string* const text = value.text();
  return text == nullptr ? std::string() : *text;
}

json::Value::List list_in(const json::Value& value) {
  const json::Value::List* const list = value.list();
  return list == nullptr ? json::Value::List() : *list;
}

std::string sidecar_json(const json::Value& sidecar) {
  const json::Value::Object* const members = sidecar.object();
  if (members == nullptr) return text_in(sidecar);
  json::Writer writer;
  writer.begin_object();
  for (const auto& [name, value] : *members) {
    writer.name(name);
    if (value.text() != nullptr) {
      writer.text(text_in(value));
    } else if (const auto boolean = value.boolean()) {
      writer.boolean(*boolean);
    } else if (const auto integer = value.integer()) {
      writer.integer(*integer);
    } else if (const auto number = value.number()) {
      writer.number(*number);
    } else {
      writer.null();
    }
  }
  writer.end_object();
  return writer.take();
}

/// Every name that comes in 40 draws; "None" when nothing came.
std::set<std::string> drawn(CacheFixture& fixture, Store& store, std::optional<Label> label) {
  auto sampler = Sampler::open(store);
  std::set<std::string> names;
  for (int i = 0; i < 40; ++i) {
    fixture.clock.advance(std::chrono::milliseconds(1));
    const auto draw = sampler->draw({.label = label});
    EXPECT_TRUE(draw);
    names.insert(draw && *draw ? (*draw)->name : "None");
  }
  return names;
}

// What the program that these folders are for serves, as it was seen to. Two of its answers are
// faults: "None" beside an item that fits, and a description of nothing that counts as one.
TEST(Eligibility, IsThatOfTheOldSampler) {
  const auto text = files::read_file(files::posix_file_system(),
                                     std::string(ASSAY_TESTS) + "/data/cache/eligibility.json",
                                     ByteCount(1 << 20));
  ASSERT_TRUE(text) << text.error().message;
  const auto cases = json::parse(*text);
  ASSERT_TRUE(cases);
  const json::Value::List all = list_in(at(*cases, "cases"));
  ASSERT_EQ(all.size(), 15U);
  for (const json::Value& one : all) {
    const std::string name = text_in(at(one, "name"));
    SCOPED_TRACE(name);
    CacheFixture fixture;
    std::uint64_t seed = 0;
    for (const json::Value& input : list_in(at(one, "inputs"))) {
      const std::filesystem::path file = "Roadwork/image/" + text_in(at(input, "file"));
      const bool is_whole = at(input, "valid_jpeg").boolean().value_or(false);
      if (at(input, "has_bytes").boolean().value_or(false)) {
        fixture.drop(file.native(),
                     is_whole ? testing::jpeg_picture(seed++) : std::string("\xFF\xD8\xFF\xE0 no"));
      }
      if (at(input, "sidecar").is_null()) continue;
      fixture.drop(std::filesystem::path(file).replace_extension(".json").native(),
                   sidecar_json(at(input, "sidecar")));
    }
    const auto store = fixture.open();
    ASSERT_TRUE(rescan(*store, ScanDepth::kFolders));
    for (const auto& [wanted, label] : std::map<std::string, std::optional<Label>>{
             {"None", std::nullopt}, {"0", Label::kNone}, {"1", Label::kRoadwork}}) {
      std::set<std::string> expected;
      for (const json::Value& file : list_in(at(at(one, "outputs"), wanted))) {
        expected.insert(text_in(file));
      }
      if (expected.size() > 1) expected.erase("None");
      const bool is_fault =
          name == "description_string_nan" || name == "whitespace_description_counts_as_nonempty";
      if (is_fault && wanted == "1") expected = {"None"};
      EXPECT_EQ(drawn(fixture, *store, label), expected) << "label " << wanted;
    }
  }
}

}  // namespace
}  // namespace assay::cache

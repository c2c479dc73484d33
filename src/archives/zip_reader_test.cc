#include "archives/zip_reader.h"

#include "archives/testing/command_output.h"
#include "archives/testing/zip_builder.h"
#include "archives/testing/zip_contents.h"
#include "core/random.h"
#include "core/thread_pool.h"
#include "files/testing/temporary_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace assay::archives {
namespace {

using testing::content_of;
using testing::Contents;
using testing::contents_of;
using testing::little_endian;
using testing::long_text;
using testing::open_bytes;
using testing::outcome_of;
using testing::output_of;
using testing::ZipBuilder;
using testing::ZipEntrySpec;

TEST(ZipReader, ReadsStoredAndDeflatedEntriesInTheOrderOfTheirPaths) {
  const std::string zip =
      ZipBuilder()
          .add("b/2.png", "two")
          .add({.name = "b/10.png", .content = long_text(), .is_deflated = true})
          .add({.name = "a", .content = "", .is_deflated = true})
          .add({.name = "c", .content = "later", .flags = 8})
          .add({.name = "B", .content = long_text(), .is_deflated = true, .flags = 8})
          .finish();
  EXPECT_EQ(contents_of(zip), (Contents{{"B", long_text()},
                                        {"a", ""},
                                        {"b/10.png", long_text()},
                                        {"b/2.png", "two"},
                                        {"c", "later"}}));
}

TEST(ZipReader, ReadsZip64) {
  const std::string wide = little_endian(1, 2) + little_endian(24, 2) + little_endian(5, 8) +
                           little_endian(5, 8) + little_endian(0, 8);
  ZipBuilder builder;
  builder.add({.name = "wide",
               .content = "12345",
               .extra = wide,
               .local_extra = wide.substr(0, 2) + little_endian(16, 2) + wide.substr(4, 16),
               .size = 0xffffffff,
               .compressed_size = 0xffffffff,
               .header_offset = 0xffffffff});
  builder.add("plain", "x");
  const Contents expected{{"plain", "x"}, {"wide", "12345"}};
  EXPECT_EQ(contents_of(builder.finish({.has_zip64 = true})), expected);
  EXPECT_EQ(contents_of("prefix" + builder.finish({.comment = "c", .has_zip64 = true})), expected);
  // The same fields, but nothing in the extra field to take their place.
  EXPECT_EQ(outcome_of({.name = "x", .content = "x", .size = 0xffffffff}), "<broken_record>");
}

TEST(ZipReader, PassesOverAPrefixACommentAndWhatFollows) {
  const ZipBuilder builder = ZipBuilder().add("x", "content").add("y", long_text());
  const Contents expected{{"x", "content"}, {"y", long_text()}};
  EXPECT_EQ(contents_of("#!/bin/sh\n" + builder.finish()), expected);
  EXPECT_EQ(contents_of(builder.finish({.comment = std::string(65'535, 'c')})), expected);
  EXPECT_EQ(contents_of(builder.finish({.comment = "PK\5\6 is no end of a comment"})), expected);
  EXPECT_EQ(contents_of(builder.finish() + std::string(100, '\0')), expected);
}

TEST(ZipReader, SortsPathsThatBeginAlike) {
  SeededRandom random(3);
  ZipBuilder builder;
  const std::vector<std::string> pieces = {"a", "b", std::string(1, '\0'), "\u00e9", "\u20ac"};
  std::vector<std::string> expected;
  for (int k = 0; k < 3000; ++k) {
    // Zero bytes and what is above 127 too: the order is that of bytes.
    std::string path = "a folder with a long name/" + std::to_string(random.below(3));
    for (std::uint64_t length = random.below(20); length > 0; --length) {
      path += pieces.at(random.below(pieces.size()));
    }
    builder.add({.name = path, .content = "x", .flags = 0x800});
    expected.push_back(path);
  }
  std::ranges::sort(expected);
  const auto zip = open_bytes(builder.finish());
  ASSERT_TRUE(zip);
  const auto entries = zip->entries();
  ASSERT_EQ(entries.size(), expected.size());
  for (std::size_t k = 0; k < expected.size(); ++k) {
    if (k > 0 && entries[k - 1].path == entries[k].path) {
      EXPECT_LT(entries[k - 1].record_offset, entries[k].record_offset) << k;
    }
  }
  EXPECT_TRUE(std::ranges::equal(entries, expected, {}, &ZipEntry::path));
}

TEST(ZipReader, AnEmptyZipHasNoEntries) {
  EXPECT_EQ(contents_of(ZipBuilder().finish()), Contents());
}

TEST(ZipReader, TakesPathsToUtf8) {
  const auto path_of = [](const ZipEntrySpec& spec) {
    return contents_of(ZipBuilder().add(spec).finish()).front();
  };
  using Pair = Contents::value_type;
  EXPECT_EQ(path_of({.name = "a\\b\\c.png", .content = "x", .made_by = 0}), Pair("a/b/c.png", "x"));
  EXPECT_EQ(path_of({.name = "caf\xc3\xa9", .content = "x", .flags = 0x800}),
            Pair("caf\u00e9", "x"));
  // As the Mac writes it.
  EXPECT_EQ(path_of({.name = "cafe\xcc\x81", .content = "x"}), Pair("cafe\u0301", "x"));
  EXPECT_EQ(path_of({.name = "caf\x82\xe1", .content = "x", .made_by = 0}),
            Pair("caf\u00e9\u00df", "x"));
  EXPECT_EQ(path_of({.name = "\xff\x80", .content = "x", .flags = 0x800}),
            Pair("\u00a0\u00c7", "x"));
  // Shift-JIS, of which the second byte of a character can be a backslash.
  EXPECT_EQ(path_of({.name = "\x83\\.png", .content = "x", .made_by = 0}),
            Pair("\u00e2\\.png", "x"));
  EXPECT_EQ(path_of({.name = "a/\x95\\1.png", .content = "x"}), Pair("a/\u00f2\\1.png", "x"));
  EXPECT_EQ(path_of({.name = "a\\\x95\\1.png", .content = "x", .made_by = 0}),
            Pair("a/\u00f2\\1.png", "x"));
  // The first bytes of such characters are also letters of code page 437: what ends a Western word
  // ends a folder.
  EXPECT_EQ(path_of({.name = "caf\x82\\1.png", .content = "x", .made_by = 0}),
            Pair("caf\u00e9/1.png", "x"));
  EXPECT_EQ(path_of({.name = "f\x81r\x82\\1.png", .content = "x", .made_by = 0}),
            Pair("f\u00fcr\u00e9/1.png", "x"));
  EXPECT_EQ(path_of({.name = "a\\Malm\x94\\1.png", .content = "x", .made_by = 0}),
            Pair("a/Malm\u00f6/1.png", "x"));
  EXPECT_EQ(path_of({.name = "pi\x97\\", .content = ""}).first, "pi\u00f9/");
  // No folder of a hidden file; a word of Katakana; a byte that is no letter of the West.
  EXPECT_EQ(path_of({.name = "IMG\x95\\.png", .content = "x"}).first, "IMG\u00f2\\.png");
  EXPECT_EQ(path_of({.name = "\x83\x41\x83\\1.png", .content = "x"}).first, "\u00e2A\u00e2\\1.png");
  EXPECT_EQ(path_of({.name = "IMG\x95\\\x8e\xa6.png", .content = "x"}).first,
            "IMG\u00f2\\\u00c4\u00aa.png");
  // Behind a whole character of Shift-JIS, or of GBK.
  EXPECT_EQ(path_of({.name = "\x93\x8c\x8b\x9e\\1.png", .content = "x"}).first,
            "\u00f4\u00ee\u00ef\u20a7/1.png");
  EXPECT_EQ(path_of({.name = "\xd6\xd0\xce\xc4\\1.png", .content = "x"}).first,
            "\u2553\u2568\u256c\u2500/1.png");
  // Behind half-width Katakana, which are single bytes.
  EXPECT_EQ(path_of({.name = "\xb1\x95\\1.png", .content = "x"}).first, "\u2592\u00f2\\1.png");
  const auto unicode_path = [](std::uint32_t crc) {
    return little_endian(0x7075, 2) + little_endian(8, 2) + '\1' + little_endian(crc, 4) +
           "\xe2\x82\xac";
  };
  EXPECT_EQ(path_of({.name = "\x9c", .content = "x", .extra = unicode_path(0xcf6be56fU)}).second,
            "x");
  EXPECT_EQ(path_of({.name = "\x9c", .content = "x", .extra = unicode_path(1)}).first, "\u00a3");
}

TEST(ZipReader, TellsWhereAStoredEntryBegins) {
  const std::string zip = ZipBuilder()
                              .add("w/data.pkl", "pickle")
                              .add({.name = "w/data/0",
                                    .content = "floats",
                                    .flags = 8,
                                    .local_extra = std::string("FB\2\0ZZ", 6)})
                              .finish();
  const auto reader = open_bytes("prefix" + zip);
  ASSERT_TRUE(reader);
  const auto place = reader->place_of(*reader->find("w/data/0"));
  ASSERT_TRUE(place);
  EXPECT_EQ(place->verdict, EntryVerdict::kOk);
  EXPECT_EQ(("prefix" + zip).substr(place->offset, 6), "floats");
}

TEST(ZipReader, TheFingerprintTellsArchivesApart) {
  const auto fingerprint_of = [](const std::string& bytes) {
    return open_bytes(bytes)->fingerprint();
  };
  const Sha256 one = fingerprint_of(ZipBuilder().add("x", "1").finish());
  EXPECT_EQ(one, fingerprint_of(ZipBuilder().add("x", "1").finish()));
  EXPECT_NE(one, fingerprint_of(ZipBuilder().add("x", "2").finish()));
  EXPECT_NE(one, fingerprint_of(ZipBuilder().add("y", "1").finish()));
  EXPECT_NE(one, fingerprint_of("-" + ZipBuilder().add("x", "1").finish()));
}

/// Nothing but zeros, except where something was put.
class SparseSource final : public files::ByteSource {
 public:
  SparseSource(std::map<std::uint64_t, std::string> pieces, std::uint64_t size)
      : pieces_(std::move(pieces)), size_(size) {}
  const std::string& name() const override { return name_; }
  ByteCount size() const override { return ByteCount(size_); }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    if (offset >= size_) return std::size_t{0};
    into = into.first(std::min<std::uint64_t>(into.size(), size_ - offset));
    std::ranges::fill(into, std::byte{0});
    for (const auto& [start, piece] : pieces_) {
      for (std::size_t k = 0; k < piece.size(); ++k) {
        const std::uint64_t at = start + k;
        if (at >= offset && at - offset < into.size()) {
          into[at - offset] = static_cast<std::byte>(piece[k]);
        }
      }
    }
    return into.size();
  }

 private:
  std::string name_ = "sparse.zip";
  std::map<std::uint64_t, std::string> pieces_;
  std::uint64_t size_;
};

// The Mac's Finder writes no zip64: what is beyond 4 GiB loses its high bits.
TEST(ZipReader, FindsWhatTheFinderWroteBeyond4GiB) {
  const std::vector<std::pair<std::string, std::uint64_t>> wanted = {{"a", 0},
                                                                     {"b", 0xf000'0000},
                                                                     {"c", 0x1'8000'0000},
                                                                     {"d", 0x1'f000'0000},
                                                                     {"e", 0x2'8000'0000}};
  std::map<std::uint64_t, std::string> pieces;
  ZipBuilder builder;
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    const auto& [name, offset] = wanted[k];
    // The entries but the last fill what is between them.
    const std::uint64_t next = k + 1 < wanted.size() ? wanted[k + 1].second : offset + 100;
    const auto filler =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(next - offset - 100, 0xf000'0000));
    ZipEntrySpec spec{.name = name, .content = "content of " + name};
    if (k == 2 || k == 4) {
      pieces[offset] = ZipBuilder().add(spec).finish().substr(0, 31 + spec.content.size());
    } else {
      spec.size = filler;
      spec.compressed_size = filler;
    }
    spec.header_offset = static_cast<std::uint32_t>(offset);
    builder.add(spec);
  }
  const std::string zip = builder.finish();
  const std::uint64_t directory = 0x2'9000'0000;
  std::string end = zip.substr(zip.find("PK\1\2"));
  end.replace(end.size() - 6, 4, little_endian(directory & 0xffffffff, 4));
  pieces[directory] = end;
  const std::uint64_t size = directory + end.size();
  const auto reader = ZipReader::open(std::make_unique<SparseSource>(pieces, size),
                                      {.max_entry_size = ByteCount(1ULL << 40)});
  ASSERT_TRUE(reader) << reader.error().message;
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    EXPECT_EQ(reader->entries()[k].header_offset, wanted[k].second) << wanted[k].first;
  }
  EXPECT_EQ(content_of(*reader, reader->entries()[2]), "content of c");
  EXPECT_EQ(content_of(*reader, reader->entries()[4]), "content of e");
}

TEST(ZipReader, ManyThreadsReadAtOnce) {
  ZipBuilder builder;
  for (int k = 0; k < 40; ++k) {
    builder.add({.name = std::to_string(k),
                 .content = std::to_string(k) + long_text(),
                 .is_deflated = k % 3 != 0});
  }
  const auto zip = open_bytes(builder.finish());
  ASSERT_TRUE(zip);
  ThreadPool pool({.num_threads = 4});
  EXPECT_TRUE(parallel_for(pool, 400, [&](std::size_t k) -> Status {
    const ZipEntry& entry = zip->entries()[k % 40];
    if (content_of(*zip, entry) != entry.path + long_text()) return internal(entry.path);
    return {};
  }));
}

TEST(ZipReader, ReadsWhatPythonWrites) {
  const files::testing::TemporaryFolder folder;
  const auto path = folder.path() / "python.zip";
  std::ofstream(folder.path() / "make.py") << R"(
import io, sys, zipfile
class Pipe(io.RawIOBase):  # cannot seek: sizes follow the bytes
    def __init__(self, file): self.file = file
    def writable(self): return True
    def write(self, data): return self.file.write(data)
with open(sys.argv[1], "wb") as file:
    out = Pipe(file) if sys.argv[2] == "pipe" else file
    with zipfile.ZipFile(out, "w") as zip:
        for k in range(200):
            info = zipfile.ZipInfo(f"f{k % 7}/{k}-\u00e9.txt" if k % 2 else f"{k}.txt")
            info.compress_type = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)[k % 2]
            with zip.open(info, "w", force_zip64=k % 3 == 0) as entry:
                entry.write(f"{k} ".encode() * k)
        zip.comment = b"a comment PK"
with zipfile.ZipFile(sys.argv[1]) as zip:
    print(*(f"{i.filename} {i.file_size} {i.CRC:08x}" for i in sorted(zip.infolist(), key=lambda i: i.filename.encode())), sep="\n")
)";
  for (const std::string mode : {"file", "pipe"}) {
    const std::string expected =
        output_of("PYTHONIOENCODING=utf-8 python3 " + (folder.path() / "make.py").native() + " " +
                  path.native() + " " + mode + " 2>&1");
    const auto zip =
        ZipReader::open(files::open_byte_source(files::posix_file_system(), path).value());
    ASSERT_TRUE(zip) << zip.error().message << expected;
    std::string got;
    for (const ZipEntry& entry : zip->entries()) {
      const std::string content = content_of(*zip, entry);
      EXPECT_FALSE(content.starts_with('<')) << entry.path << content;
      std::array<char, 40> sums{};
      std::snprintf(sums.data(), sums.size(), " %zu %08x\n", content.size(), entry.crc32);
      got += entry.path + sums.data();
    }
    EXPECT_EQ(got, expected) << mode;
  }
}

}  // namespace
}  // namespace assay::archives

#include "models/clip_text.h"

#include "files/byte_source.h"
#include "models/testing/clip_weights.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

namespace assay::models {
namespace {

using testing::TestTensor;
using Tensors = std::map<std::string, TestTensor>;
using Row = std::vector<double>;
using Rows = std::vector<Row>;

// The tower once more, by the definitions alone: loops over doubles, one head after the other.
class PlainTower {
 public:
  PlainTower(const Tensors& tensors, const testing::ClipTextWeights& sizes, Activation activation)
      : tensors_(tensors), sizes_(sizes), activation_(activation) {}

  Row encode(const std::vector<std::int32_t>& ids, std::size_t end) const {
    Rows rows;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      Row row(sizes_.width);
      for (std::size_t k = 0; k < row.size(); ++k) {
        row[k] = at("token_embedding.weight", (static_cast<std::size_t>(ids[i]) * row.size()) + k) +
                 at("positional_embedding", (i * row.size()) + k);
      }
      rows.push_back(std::move(row));
    }
    for (std::size_t layer = 0; layer < sizes_.num_layers; ++layer) {
      const std::string name = "transformer.resblocks." + std::to_string(layer) + ".";
      add(rows,
          attention(name, map(rows, [&](const Row& row) { return norm(name + "ln_1", row); })));
      add(rows, map(rows, [&](const Row& row) { return perceptron(name, row); }));
    }
    const Row last = norm("ln_final", rows[end]);
    Row vector(sizes_.output_width);
    for (std::size_t out = 0; out < vector.size(); ++out) {
      for (std::size_t in = 0; in < last.size(); ++in) {
        vector[out] += last[in] * at("text_projection", (in * vector.size()) + out);
      }
    }
    return vector;
  }

 private:
  double at(const std::string& name, std::size_t i) const {
    return static_cast<double>(tensors_.at(name).values.at(i));
  }

  static Rows map(const Rows& rows, const std::function<Row(const Row&)>& function) {
    Rows results;
    std::ranges::transform(rows, std::back_inserter(results), function);
    return results;
  }

  static void add(Rows& rows, const Rows& others) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t k = 0; k < rows[i].size(); ++k) rows[i][k] += others[i][k];
    }
  }

  Row norm(const std::string& name, const Row& row) const {
    double mean = 0;
    double variance = 0;
    for (const double value : row) mean += value / static_cast<double>(row.size());
    for (const double value : row) {
      variance += (value - mean) * (value - mean) / static_cast<double>(row.size());
    }
    Row result(row.size());
    for (std::size_t k = 0; k < row.size(); ++k) {
      result[k] = ((row[k] - mean) / std::sqrt(variance + 1e-5) * at(name + ".weight", k)) +
                  at(name + ".bias", k);
    }
    return result;
  }

  // Rows of the matrix from `first` on.
  Row linear(const std::string& weight, const std::string& bias, std::size_t first,
             std::size_t count, const Row& row) const {
    Row result(count);
    for (std::size_t out = 0; out < count; ++out) {
      result[out] = at(bias, first + out);
      for (std::size_t in = 0; in < row.size(); ++in) {
        result[out] += at(weight, ((first + out) * row.size()) + in) * row[in];
      }
    }
    return result;
  }

  Row perceptron(const std::string& name, const Row& row) const {
    Row wide = linear(name + "mlp.c_fc.weight", name + "mlp.c_fc.bias", 0, 4 * sizes_.width,
                      norm(name + "ln_2", row));
    for (double& value : wide) {
      value = activation_ == Activation::kGelu
                  ? value * (1 + std::erf(value / std::numbers::sqrt2)) / 2
                  : value / (1 + std::exp(-1.702 * value));
    }
    return linear(name + "mlp.c_proj.weight", name + "mlp.c_proj.bias", 0, sizes_.width, wide);
  }

  Rows attention(const std::string& name, const Rows& rows) const {
    constexpr std::size_t kHeadWidth = 64;
    const std::size_t width = sizes_.width;
    const auto part = [&](std::size_t which) {
      return map(rows, [&](const Row& row) {
        return linear(name + "attn.in_proj_weight", name + "attn.in_proj_bias", which * width,
                      width, row);
      });
    };
    const Rows query = part(0);
    const Rows key = part(1);
    const Rows value = part(2);
    Rows mixed(rows.size(), Row(width));
    for (std::size_t head = 0; head < width; head += kHeadWidth) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        Row weights(i + 1);  // of what stands before it, and itself
        double sum = 0;
        for (std::size_t j = 0; j <= i; ++j) {
          double product = 0;
          for (std::size_t k = head; k < head + kHeadWidth; ++k) product += query[i][k] * key[j][k];
          weights[j] = std::exp(product / 8);
          sum += weights[j];
        }
        for (std::size_t j = 0; j <= i; ++j) {
          for (std::size_t k = head; k < head + kHeadWidth; ++k) {
            mixed[i][k] += weights[j] / sum * value[j][k];
          }
        }
      }
    }
    return map(mixed, [&](const Row& row) {
      return linear(name + "attn.out_proj.weight", name + "attn.out_proj.bias", 0, width, row);
    });
  }

  const Tensors& tensors_;
  testing::ClipTextWeights sizes_;
  Activation activation_;
};

const testing::ClipTextWeights kSizes;

Checkpoint checkpoint_of(const Tensors& tensors) {
  auto opened = open_checkpoint(
      files::memory_byte_source("text.safetensors", testing::make_safetensors(tensors)));
  return std::move(opened.value());
}

ClipTextEncoder load_text_encoder(const Tensors& tensors,
                                  Activation activation = Activation::kGelu) {
  auto loaded = ClipTextEncoder::load(checkpoint_of(tensors),
                                      {.activation = activation, .precision = Precision::kFp32});
  EXPECT_TRUE(loaded) << loaded.error().message;
  return *std::move(loaded);
}

const std::vector<std::int32_t> kIds = {683, 320, 551, 549, 518, 534, 684, 0, 0, 0, 0, 0};
constexpr std::size_t kEnd = 6;

double largest_difference(const std::vector<float>& got, const Row& expected) {
  double largest = got.size() == expected.size() ? 0 : 1e9;
  for (std::size_t i = 0; i < std::min(got.size(), expected.size()); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(got[i]) - expected[i]));
  }
  return largest;
}

TEST(ClipText, GivesWhatTheDefinitionGives) {
  const Tensors tensors = testing::make_text_tensors(kSizes, 7);
  for (const Activation activation : {Activation::kGelu, Activation::kQuickGelu}) {
    const Row expected = PlainTower(tensors, kSizes, activation).encode(kIds, kEnd);
    const auto got = load_text_encoder(tensors, activation).encode(kIds, kEnd);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_LT(largest_difference(*got, expected), 1e-4) << to_string(activation);
  }
}

TEST(ClipText, NamesOfHuggingFaceGiveTheSameTower) {
  const Tensors tensors = testing::make_text_tensors(kSizes, 7);
  const ClipTextEncoder other = load_text_encoder(testing::rename_for_hugging_face(tensors));
  EXPECT_EQ(other.shape().names, ClipNames::kHuggingFace);
  const auto expected = load_text_encoder(tensors).encode(kIds, kEnd);
  const auto got = other.encode(kIds, kEnd);
  ASSERT_TRUE(expected && got);
  for (std::size_t i = 0; i < expected->size(); ++i) EXPECT_NEAR((*got)[i], (*expected)[i], 1e-5);
}

/// As open_clip names them where the text tower is a part of its own.
Tensors behind_text(const Tensors& tensors) {
  Tensors renamed;
  for (const auto& [name, tensor] : tensors) {
    renamed[name == "logit_scale" ? name : "text." + name] = tensor;
  }
  return renamed;
}

TEST(ClipText, ATextTowerThatIsAPartOfItsOwnIsTheSameTower) {
  const Tensors tensors = testing::make_text_tensors(kSizes, 7);
  const ClipTextEncoder other = load_text_encoder(behind_text(tensors));
  EXPECT_EQ(other.shape().names, ClipNames::kOpenClipText);
  EXPECT_EQ(other.encode(kIds, kEnd).value(),
            load_text_encoder(tensors).encode(kIds, kEnd).value());
}

TEST(ClipText, WhatPadsATextChangesNothing) {
  const ClipTextEncoder encoder = load_text_encoder(testing::make_text_tensors(kSizes, 7));
  std::vector<std::int32_t> padded = kIds;
  std::fill(padded.begin() + kEnd + 1, padded.end(), 684);
  EXPECT_EQ(encoder.encode(kIds, kEnd).value(), encoder.encode(padded, kEnd).value());
  EXPECT_NE(encoder.encode(kIds, kEnd).value(), encoder.encode(kIds, kEnd - 1).value());
}

TEST(ClipText, ATokenOfAnotherVocabularyIsRefused) {
  const ClipTextEncoder encoder = load_text_encoder(testing::make_text_tensors(kSizes, 7));
  for (const std::int32_t id : {685, -1}) {
    std::vector<std::int32_t> ids = kIds;
    ids[2] = id;
    const auto got = encoder.encode(ids, kEnd);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, ErrorCode::kInvalidInput);
    EXPECT_TRUE(got.error().message.contains("has 685 tokens")) << got.error().message;
  }
}

TEST(ClipTextShape, IsReadFromTheTensors) {
  const auto shape = read_clip_text_shape(checkpoint_of(testing::make_text_tensors(kSizes, 7)));
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_EQ(shape->width, 128U);
  EXPECT_EQ(shape->num_heads, 2U);
  EXPECT_EQ(shape->num_layers, 2U);
  EXPECT_EQ(shape->context_length, 12U);
  EXPECT_EQ(shape->vocabulary_size, 685U);
}

TEST(ClipTextShape, NamesTheTensorThatIsMissing) {
  const Tensors whole = testing::make_text_tensors(kSizes, 7);
  for (const auto& [name, tensor] : whole) {
    if (name == "logit_scale") continue;
    Tensors rest = whole;
    rest.erase(name);
    const auto read = read_clip_text_shape(checkpoint_of(rest));
    ASSERT_FALSE(read) << name;
    EXPECT_TRUE(read.error().message.contains("'" + name + "'")) << read.error().message;
  }
  Tensors with_class_token = behind_text(whole);
  with_class_token["text.cls_emb"] = {{kSizes.width}, std::vector<float>(kSizes.width)};
  const auto of_another_kind = read_clip_text_shape(checkpoint_of(with_class_token));
  ASSERT_FALSE(of_another_kind);
  EXPECT_EQ(of_another_kind.error().code, ErrorCode::kMissing);
  EXPECT_TRUE(of_another_kind.error().message.contains("'text.cls_emb'"));
  const auto image_alone = open_checkpoint(files::memory_byte_source(
      "image.safetensors", testing::make_clip_weights(testing::kTinyClip, 7)));
  EXPECT_EQ(read_clip_text_shape(*image_alone).error().code, ErrorCode::kMissing);
}

TEST(LogitScale, IsReadOrThatOfTheTrainedTowers) {
  Tensors tensors = testing::make_text_tensors(kSizes, 7);
  EXPECT_NEAR(read_logit_scale(checkpoint_of(tensors)).value(), std::exp(4.0), 1e-4);
  tensors["logit_scale"].values = {1e9F};
  EXPECT_EQ(read_logit_scale(checkpoint_of(tensors)).error().code, ErrorCode::kInvalidInput);
  tensors["logit_scale"] = {{2}, {1, 2}};
  EXPECT_EQ(read_logit_scale(checkpoint_of(tensors)).error().code, ErrorCode::kInvalidInput);
  tensors.erase("logit_scale");
  EXPECT_EQ(read_logit_scale(checkpoint_of(tensors)).value(), 100);
}

}  // namespace
}  // namespace assay::models

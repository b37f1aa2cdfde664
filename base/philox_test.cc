// SPDX-License-Identifier: Apache-2.0
// Philox and what is made of its words, against base/testdata/known_answers.json: three published
// answers of Random123 and the numbers of an independent program written from the definitions.
#include "base/philox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/file.h"

namespace lockstep {
namespace {

using Json = nlohmann::json;

const Json& KnownAnswers() {
  static const Json answers =
      Json::parse(*ReadFile(LOCKSTEP_SOURCE_DIR "/base/testdata/known_answers.json"));
  return answers;
}

TEST(PhiloxTest, WordsArePublishedOnes) {
  const Json& answers = KnownAnswers().at("philox");
  ASSERT_EQ(answers.size(), 3u);
  for (const Json& answer : answers) {
    EXPECT_EQ(
        Philox4x32(answer.at("counter").get<PhiloxCounter>(), answer.at("key").get<PhiloxKey>()),
        answer.at("out").get<PhiloxCounter>());
  }
}

TEST(PhiloxTest, StreamKeys) {
  const Json& answers = KnownAnswers().at("key");
  ASSERT_GE(answers.size(), 5u);
  for (const Json& answer : answers) {
    EXPECT_EQ(StreamKey(answer.at("seed").get<uint64_t>(), answer.at("purpose").get<std::string>(),
                        answer.at("name").get<std::string>()),
              answer.at("words").get<PhiloxKey>())
        << answer;
  }
}

TEST(PhiloxTest, DropoutUniforms) {
  const Json& answer = KnownAnswers().at("dropout_uniforms");
  const PhiloxKey key =
      StreamKey(answer.at("seed").get<uint64_t>(), "dropout", answer.at("path").get<std::string>());
  uint64_t element = answer.at("first_element").get<uint64_t>();
  ASSERT_FALSE(answer.at("values").empty());
  for (const Json& value : answer.at("values")) {
    const PhiloxCounter words =
        Philox4x32({answer.at("step").get<uint32_t>(), answer.at("lane").get<uint32_t>(),
                    LowWord(element / 4), HighWord(element / 4)},
                   key);
    EXPECT_EQ(UniformFloat(words[element % 4]), value.get<float>()) << "element " << element;
    ++element;
  }
}

TEST(PhiloxTest, InitNormals) {
  const Json& answer = KnownAnswers().at("init_normals");
  const PhiloxKey key =
      StreamKey(answer.at("seed").get<uint64_t>(), "init", answer.at("name").get<std::string>());
  uint64_t element = 0;
  ASSERT_FALSE(answer.at("values").empty());
  for (const Json& value : answer.at("values")) {
    const auto word = [&](uint32_t draw) {
      return Philox4x32({LowWord(element), HighWord(element), draw, 0}, key)[0];
    };
    const double normal = NormalFromWords(word(0), word(1));
    EXPECT_NEAR(normal, value.get<double>(), 4e-16 * std::abs(normal)) << "element " << element;
    EXPECT_EQ(static_cast<float>(normal), static_cast<float>(value.get<double>()));
    ++element;
  }
}

TEST(PhiloxTest, AugmentWords) {
  const Json& answer = KnownAnswers().at("augment_words");
  const PhiloxKey key = StreamKey(answer.at("seed").get<uint64_t>(), "augment");
  const auto id = answer.at("id").get<uint64_t>();
  uint32_t draw = answer.at("op").get<uint32_t>() << 24;
  ASSERT_FALSE(answer.at("values").empty());
  for (const Json& value : answer.at("values")) {
    const auto epoch = answer.at("epoch").get<uint32_t>();
    EXPECT_EQ(Philox4x32({epoch, LowWord(id), HighWord(id), draw}, key)[0], value.get<uint32_t>());
    ++draw;
  }
}

TEST(PhiloxTest, UniformFloatsEndBelowOne) {
  EXPECT_EQ(UniformFloat(0), 0.0f);
  EXPECT_EQ(UniformFloat(255), 0.0f);
  EXPECT_EQ(UniformFloat(0xffffffff), 1.0f - 0x1p-24f);
}

TEST(PhiloxTest, ARejectedWordTakesTheNextAttempt) {
  // 2^32 mod 3 = 1: only a product whose low half is 0 is rejected, and word 0 makes one.
  EXPECT_EQ(UniformBelow(3, [](uint32_t attempt) { return attempt == 0 ? 0u : 0xffffffffu; }), 2u);
  EXPECT_EQ(UniformBelow(1, [](uint32_t) { return 0u; }), 0u);  // nothing to reject
  EXPECT_EQ(UniformBelow(4, [](uint32_t) { return 0x80000000u; }), 2u);
}

TEST(PhiloxTest, ShuffledIsAPermutation) {
  const PhiloxKey key = KeyOf(17);
  for (uint32_t n : {0u, 1u, 2u, 1000u}) {
    auto a = Shuffled(n, [&](uint32_t i, uint32_t attempt) {
      return Philox4x32({i, 0, attempt, 0}, key)[0];
    });
    EXPECT_TRUE(n < 1000 || !std::is_sorted(a.begin(), a.end()));
    std::sort(a.begin(), a.end());
    std::vector<uint32_t> all(n);
    std::iota(all.begin(), all.end(), 0u);
    EXPECT_EQ(a, all);
  }
}

TEST(PhiloxTest, NormalsAreFiniteAtTheEndsAndHaveMeanZeroAndVarianceOne) {
  for (uint32_t a : {0u, 0xffffffffu}) {
    for (uint32_t b : {0u, 0xffffffffu}) EXPECT_TRUE(std::isfinite(NormalFromWords(a, b)));
  }
  double sum = 0;
  double squares = 0;
  constexpr int kCount = 100000;
  for (uint32_t i = 0; i < kCount; ++i) {
    const PhiloxCounter words = Philox4x32({i, 0, 0, 0}, {3, 4});
    const double z = NormalFromWords(words[0], words[1]);
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(sum / kCount, 0, 5 / std::sqrt(kCount));
  EXPECT_NEAR(squares / kCount, 1, 5 * std::sqrt(2.0 / kCount));
}

}  // namespace
}  // namespace lockstep

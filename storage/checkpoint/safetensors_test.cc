// SPDX-License-Identifier: Apache-2.0
#include "storage/checkpoint/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "storage/dataset/little_endian.h"
#include "storage/env/files.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

// A file of this header and so many zero bytes of data.
std::string FileOf(const std::string& header, size_t data = 0) {
  std::string bytes;
  AppendLittleEndian<uint64_t>(header.size(), &bytes);
  return bytes + header + std::string(data, '\0');
}

std::string Entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

void ExpectRefused(const std::string& bytes, const std::string& text,
                   StatusCode code = StatusCode::kDataLoss) {
  const Status status = SafetensorsFile::Parse(bytes, "f.safetensors").status();
  EXPECT_EQ(status.code(), code) << status << bytes;
  EXPECT_THAT(status.message(), HasSubstr(text));
  EXPECT_THAT(status.message(), HasSubstr("'f.safetensors'"));
}

TEST(Safetensors, GiveBackNamesTypesShapesAndBytes) {
  const std::vector<float> weight = {1.5f, -0.0f, 3.25f, 1e-30f, 7, 8};
  const std::vector<double> mean = {0.1, 2e300};
  const int64_t batches = 12345678901;
  const std::vector<uint8_t> mask = {1, 2, 3};
  const int32_t number = -7;
  const ScratchDirectory scratch;
  const std::string path = scratch / "state.safetensors";
  ASSERT_TRUE(WriteSafetensors(path,
                               {{"conv.weight", {DType::kFloat32, {2, 3}}, weight.data()},
                                {"bn.num_batches_tracked", {DType::kInt64, {}}, &batches},
                                {"mask", {DType::kUInt8, {3}}, mask.data()},
                                {"bn.mean", {DType::kFloat64, {2}}, mean.data()},
                                {"empty", {DType::kFloat32, {0, 4}}, nullptr},
                                {"n", {DType::kInt32, {1}}, &number}},
                               {{"format", "pt"}, {"step", "120"}})
                  .ok());
  EXPECT_THAT(*ListDir(scratch.path()), ::testing::ElementsAre("state.safetensors"));
  const auto file = SafetensorsFile::Read(path);
  ASSERT_TRUE(file.ok()) << file.status();
  std::vector<std::string> names;
  for (const TensorView& t : file->tensors()) {
    names.push_back(t.name);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(t.data) % static_cast<size_t>(SizeOf(t.type.dtype)), 0u);
  }
  EXPECT_THAT(names, ::testing::ElementsAre("conv.weight", "bn.num_batches_tracked", "mask",
                                            "bn.mean", "empty", "n"));
  EXPECT_EQ(file->metadata().at("step"), "120");
  const TensorView found = *file->Find("conv.weight");
  EXPECT_EQ(found.type, (TensorType{DType::kFloat32, {2, 3}}));
  EXPECT_EQ(std::memcmp(found.data, weight.data(), 24), 0);
  EXPECT_EQ(std::memcmp(file->Find("bn.mean")->data, mean.data(), 16), 0);
  EXPECT_EQ(std::memcmp(file->Find("bn.num_batches_tracked")->data, &batches, 8), 0);
  EXPECT_EQ(std::memcmp(file->Find("mask")->data, mask.data(), 3), 0);
  EXPECT_EQ(std::memcmp(file->Find("n")->data, &number, 4), 0);
  EXPECT_THAT(file->Find("conv.weigth").status().message(), HasSubstr("'conv.weight'"));
}

// What the Python package safetensors 0.8.0 writes for
// save({"a": float32 [1.5, -2], "b": int64 [7]}, {"format": "pt"}).
TEST(Safetensors, ReadWhatTheFormatsOwnPackageWrites) {
  const std::string header =
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},)"
      R"("a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}     )";
  ASSERT_EQ(header.size(), 0x90u);
  const std::string data("\x07\0\0\0\0\0\0\0\0\0\xc0?\0\0\0\xc0", 16);
  const auto file = SafetensorsFile::Parse(FileOf(header) + data, "f");
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(file->tensors().size(), 2u);
  EXPECT_EQ(file->metadata().at("format"), "pt");
  const auto* a = static_cast<const float*>(file->Find("a")->data);
  EXPECT_EQ(a[0], 1.5f);
  EXPECT_EQ(a[1], -2.0f);
  EXPECT_EQ(*static_cast<const int64_t*>(file->Find("b")->data), 7);
}

TEST(Safetensors, AFileOfNoTensorsIsWhole) {
  const auto bytes = SerializeSafetensors({});
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(SafetensorsFile::Parse(*bytes, "f")->tensors().size(), 0u);
}

TEST(Safetensors, NamesThatCannotStandAreRefused) {
  const float x = 1;
  const TensorType type{DType::kFloat32, {}};
  EXPECT_FALSE(SerializeSafetensors({{"", type, &x}}).ok());
  EXPECT_FALSE(SerializeSafetensors({{"__metadata__", type, &x}}).ok());
  EXPECT_FALSE(SerializeSafetensors({{"\xff", type, &x}}).ok());
  EXPECT_THAT(SerializeSafetensors({{"x", type, &x}, {"x", type, &x}}).status().message(),
              HasSubstr("two tensors are named 'x'"));
}

TEST(Safetensors, HeadersThatLieAboutSizesAreRefused) {
  ExpectRefused("", "at least 8 expected");
  ExpectRefused("1234567", "at least 8 expected");
  ExpectRefused(std::string(8, '\xff') + "{}", "100,000,000 is the most");
  ExpectRefused(FileOf("{}").substr(0, 9), "says its header has 2 bytes");
  ExpectRefused(FileOf("{}", 1), "the tensors end at 0 of 1");
  const auto one = [](const std::string& shape, const std::string& offsets, size_t data) {
    return FileOf("{" + Entry("a", "F32", shape, offsets) + "}", data);
  };
  ASSERT_TRUE(SafetensorsFile::Parse(one("[2]", "[0,8]", 8), "f").ok());
  ExpectRefused(one("[2]", "[0,8]", 7), "the data has 7");
  ExpectRefused(one("[2]", "[0,8]", 9), "the tensors end at 8 of 9");
  ExpectRefused(one("[3]", "[0,8]", 8), "needs 12 bytes");
  ExpectRefused(one("[2]", "[8,0]", 8), "data_offsets");
  ExpectRefused(one("[2]", "[4,12]", 12), "there is a hole");
  ExpectRefused(one("[4294967296,4294967296,4]", "[0,8]", 8), "beyond 2^63");
  ExpectRefused(one("[18446744073709551615]", "[0,8]", 8), "beyond 2^63");
  ExpectRefused(one("[2]", "[0,18446744073709551615]", 8), "data_offsets");
  const std::string a = Entry("a", "F32", "[2]", "[0,8]");
  ExpectRefused(FileOf("{" + a + "," + Entry("b", "F32", "[2]", "[4,12]") + "}", 12), "overlaps");
  ExpectRefused(FileOf("{" + a + "," + Entry("b", "F32", "[1]", "[12,16]") + "}", 16), "a hole");
}

TEST(Safetensors, HeadersThatAreNotOfTheFormatAreRefused) {
  const std::string a = Entry("a", "U8", "[]", "[0,1]");
  ASSERT_TRUE(SafetensorsFile::Parse(FileOf("{" + a + "}  ", 1), "f").ok());
  ExpectRefused(FileOf(" {" + a + "}", 1), "does not begin with '{'");
  ExpectRefused(FileOf("{" + a, 1), "no valid JSON");
  ExpectRefused(FileOf("{" + a + "}x", 1), "no valid JSON");
  ExpectRefused(FileOf("{" + a + "," + a + "}", 1), "the name 'a' stands twice");
  ExpectRefused(FileOf(R"({"a":1})"), "a number where none belongs");
  ExpectRefused(FileOf(R"({"a":[]})"), "a list where none belongs");
  ExpectRefused(FileOf(R"({"a":{}})"), "lacks dtype");
  ExpectRefused(FileOf(R"({"a":{"dtype":"U8","dtype":"U8"}})"), "stands twice");
  ExpectRefused(FileOf(R"({"a":{"dtype":"U8","color":"red"}})"), "unknown field 'color'");
  ExpectRefused(FileOf(R"({"a":{"dtype":{"x":1}}})"), "an object where none belongs");
  ExpectRefused(FileOf(R"({"a":{"shape":[[1]]}})"), "a list where none belongs");
  ExpectRefused(FileOf(R"({"a":{"shape":[-1]}})"), "a negative number");
  ExpectRefused(FileOf(R"({"a":{"shape":[1.5]}})"), "a fraction");
  ExpectRefused(FileOf(R"({"a":{"shape":[null]}})"), "null");
  ExpectRefused(FileOf(R"({"__metadata__":{"a":1}})"), "a number where none belongs");
  ExpectRefused(FileOf(R"({"__metadata__":{"a":"1","a":"2"}})"), "metadata 'a' stands twice");
  ExpectRefused(FileOf("{" + Entry("a", "U8", "[]", "[0]") + "}", 1), "are not two numbers");
  ExpectRefused(FileOf("{" + Entry("", "U8", "[]", "[0,1]") + "}", 1), "has no name");
  ExpectRefused(FileOf("{" + Entry("a", "BF16", "[]", "[0,2]") + "}", 2), "dtype 'BF16'",
                StatusCode::kInvalidArgument);
}

TEST(Safetensors, AFileCutAnywhereIsRefused) {
  const std::vector<float> x = {1, 2, 3};
  const std::string bytes = *SerializeSafetensors({{"x", {DType::kFloat32, {3}}, x.data()}});
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(SafetensorsFile::Parse(bytes.substr(0, size), "f").ok()) << size;
  }
}

}  // namespace
}  // namespace lockstep::storage

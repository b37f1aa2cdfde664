// SPDX-License-Identifier: Apache-2.0
// A SAX handler: unlike the library's tree it sees a name that stands twice, and nothing nests
// deeper than the format does.
#include "storage/checkpoint/safetensors_header.h"

#include <nlohmann/json.hpp>
#include <set>

namespace lockstep::storage {
namespace {

class HeaderHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  SafetensorsHeader header;
  std::string error;

  bool start_object(std::size_t) override {
    ++depth_;
    if (depth_ == 1) return true;
    if (depth_ != 2 || in_list_) return Fail("an object where none belongs");
    return true;
  }

  bool key(std::string& name) override {
    if (depth_ == 1) return BeginEntry(name);
    if (in_metadata_) {
      field_ = name;
      return header.metadata.count(name) == 0 || Fail("metadata '" + name + "' stands twice");
    }
    field_ = name;
    if (name != "dtype" && name != "shape" && name != "data_offsets") {
      return Fail("unknown field '" + name + "' of " + Where());
    }
    return fields_.insert(name).second || Fail("field '" + name + "' stands twice in " + Where());
  }

  bool end_object() override {
    --depth_;
    if (depth_ != 1 || in_metadata_) return true;
    if (fields_.size() != 3) return Fail(Where() + " lacks dtype, shape or data_offsets");
    if (offsets_.size() != 2) return Fail("data_offsets of " + Where() + " are not two numbers");
    header.entries.back().begin = offsets_[0];
    header.entries.back().end = offsets_[1];
    return true;
  }

  bool string(std::string& value) override {
    if (depth_ != 2 || in_list_) return Fail("a text where none belongs");
    if (in_metadata_) {
      header.metadata[field_] = value;
      return true;
    }
    if (field_ != "dtype") return Fail(field_ + " of " + Where() + " is a text");
    header.entries.back().dtype = value;
    return true;
  }

  bool start_array(std::size_t) override {
    const bool wanted = field_ == "shape" || field_ == "data_offsets";
    if (depth_ != 2 || in_metadata_ || in_list_ || !wanted) {
      return Fail("a list where none belongs");
    }
    in_list_ = true;
    return true;
  }
  bool end_array() override {
    in_list_ = false;
    return true;
  }

  bool number_unsigned(std::uint64_t value) override {
    if (!in_list_) return Fail("a number where none belongs");
    std::vector<uint64_t>& list = field_ == "shape" ? header.entries.back().shape : offsets_;
    list.push_back(value);
    return list.size() <= 32 || Fail(field_ + " of " + Where() + " has more than 32 numbers");
  }
  bool number_integer(std::int64_t) override { return Fail("a negative number"); }
  bool number_float(double, const std::string&) override { return Fail("a fraction"); }
  bool boolean(bool) override { return Fail("true or false where none belongs"); }
  bool null() override { return Fail("null where none belongs"); }
  bool binary(nlohmann::json::binary_t&) override { return Fail("binary data"); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception&) override {
    return Fail("no valid JSON at byte " + std::to_string(position));
  }

 private:
  bool BeginEntry(const std::string& name) {
    if (!names_.insert(name).second) return Fail("the name '" + name + "' stands twice");
    in_metadata_ = name == "__metadata__";
    if (in_metadata_) return true;
    if (name.empty()) return Fail("a tensor has no name");
    header.entries.push_back({name, "", {}, 0, 0});
    fields_.clear();
    offsets_.clear();
    field_.clear();
    return true;
  }

  bool Fail(const std::string& message) {
    if (error.empty()) error = message;
    return false;
  }
  std::string Where() const {
    return header.entries.empty() ? "the header" : "tensor '" + header.entries.back().name + "'";
  }

  int depth_ = 0;  // open objects
  bool in_list_ = false;
  bool in_metadata_ = false;
  std::string field_;
  std::set<std::string> names_, fields_;
  std::vector<uint64_t> offsets_;
};

}  // namespace

Result<SafetensorsHeader> ParseSafetensorsHeader(std::string_view text) {
  HeaderHandler handler;
  const bool whole = nlohmann::json::sax_parse(text, &handler);
  if (!handler.error.empty()) return DataLoss("its header has " + handler.error);
  if (!whole) return DataLoss("its header is no valid JSON");
  return std::move(handler.header);
}

}  // namespace lockstep::storage

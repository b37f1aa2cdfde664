// SPDX-License-Identifier: Apache-2.0
// Attributes of an op. An op lists the fields of its attribute struct once:
//
//   struct Pool2dAttrs {
//     int64_t kernel = 2, stride = 2, padding = 0;
//     template <typename V> void Visit(V&& v) { v("kernel", kernel); v("stride", stride); ... }
//   };
//
// and everything else is derived from that list: `Attrs`, the erased form a graph node carries,
// with equality, hash, and a text form that parses back to the same value. Where a person may set a
// field, the list also says what it means (base/options/option.h).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"

namespace lockstep {

using AttrValue = std::variant<int64_t, double, bool, std::string, std::vector<int64_t>,
                               std::vector<std::string>, std::vector<double>>;

class Attrs {
 public:
  using Field = std::pair<std::string, AttrValue>;

  Attrs() = default;
  Attrs(std::initializer_list<Field> fields) {  // {{"rate", 0.5}, {"mode", "same"}}
    for (const Field& field : fields) Set(field.first, field.second);
  }

  const std::vector<Field>& fields() const { return fields_; }
  void Set(std::string name, AttrValue value);         // replaces a field of the same name
  const AttrValue* Find(std::string_view name) const;  // nullptr when absent
  bool operator==(const Attrs&) const = default;

  uint64_t Hash() const;       // of the text form
  std::string ToText() const;  // {kernel=2, rate=0.5, mode="same", pads=[1,1]}; "{}" when empty
  // The inverse of ToText. Doubles print so that they read back to the same bits; an empty list
  // reads as one of integers.
  static Result<Attrs> FromText(std::string_view text);

 private:
  std::vector<Field> fields_;
};

struct NoAttrs {
  template <typename V>
  void Visit(V&&) {}
};

// Erases an attribute struct.
template <typename T>
Attrs Pack(T attrs) {
  Attrs packed;
  attrs.Visit([&packed](const char* name, auto& field, const auto&...) {
    packed.Set(name, AttrValue(field));
  });
  return packed;
}

Status UnknownAttr(std::string_view name);
Status MissingAttr(std::string_view name);
Status WrongAttrType(std::string_view name);

// Restores an attribute struct: every field present, of the right type, and no others.
template <typename T>
Result<T> Unpack(const Attrs& packed) {
  T attrs;
  Status status;
  size_t known = 0;
  attrs.Visit([&](const char* name, auto& field, const auto&...) {
    const AttrValue* value = packed.Find(name);
    if (value == nullptr) {
      if (status.ok()) status = MissingAttr(name);
      return;
    }
    ++known;
    using Field = std::decay_t<decltype(field)>;
    if (const Field* typed = std::get_if<Field>(value)) {
      field = *typed;
    } else if (status.ok()) {
      status = WrongAttrType(name);
    }
  });
  if (!status.ok()) return status;
  if (known != packed.fields().size()) {
    for (const auto& [name, value] : packed.fields()) {
      bool listed = false;
      attrs.Visit([&](const char* own, auto&, const auto&...) { listed = listed || name == own; });
      if (!listed) return UnknownAttr(name);
    }
  }
  return attrs;
}

}  // namespace lockstep

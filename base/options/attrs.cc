// SPDX-License-Identifier: Apache-2.0
#include "base/options/attrs.h"

#include <array>
#include <charconv>

#include "base/hash.h"

namespace lockstep {
namespace {

std::string DoubleText(double value) {
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string text(buffer.data(), end);
  // A double always shows that it is one: "1" would read back as an integer.
  if (text.find_first_of(".eni") == std::string::npos) text += ".0";
  return text;
}

struct ValueText {
  std::string operator()(int64_t v) const { return std::to_string(v); }
  std::string operator()(double v) const { return DoubleText(v); }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(const std::string& v) const { return "\"" + v + "\""; }
  std::string operator()(const std::vector<int64_t>& v) const {
    std::string text = "[";
    for (size_t i = 0; i < v.size(); ++i) text += (i > 0 ? "," : "") + std::to_string(v[i]);
    return text + "]";
  }
  std::string operator()(const std::vector<double>& v) const {
    std::string text = "[";
    for (size_t i = 0; i < v.size(); ++i) text += (i > 0 ? "," : "") + DoubleText(v[i]);
    return text + "]";
  }
  std::string operator()(const std::vector<std::string>& v) const {
    std::string text = "[";
    for (size_t i = 0; i < v.size(); ++i) text += (i > 0 ? "," : "") + (*this)(v[i]);
    return text + "]";
  }
};

// A cursor over the text form. Failures name the place.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  void SkipSpaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool Take(char c) {
    SkipSpaces();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool AtEnd() {
    SkipSpaces();
    return at_ == text_.size();
  }
  Status Fail(std::string_view expected) const {
    return InvalidArgument("attributes '" + std::string(text_) + "': expected " +
                           std::string(expected) + " at character " + std::to_string(at_));
  }
  std::string_view TakeUntil(std::string_view stops) {
    const size_t end = std::min(text_.find_first_of(stops, at_), text_.size());
    const std::string_view token = text_.substr(at_, end - at_);
    at_ = end;
    return token;
  }

  Result<AttrValue> TakeValue() {
    SkipSpaces();
    if (AtQuote()) {
      ASSIGN_OR_RETURN(std::string value, TakeString());
      return AttrValue(std::move(value));
    }
    if (Take('[')) return AtQuote() ? TakeStrings() : TakeList();
    const std::string_view token = TakeUntil(",} ");
    if (token == "true") return AttrValue(true);
    if (token == "false") return AttrValue(false);
    return Number(token);
  }

 private:
  bool AtQuote() {
    SkipSpaces();
    return at_ < text_.size() && text_[at_] == '"';
  }

  Result<std::string> TakeString() {
    if (!Take('"')) return Fail("a string");
    std::string value(TakeUntil("\""));
    if (!Take('"')) return Fail("a closing quote");
    return value;
  }

  Result<AttrValue> TakeStrings() {
    std::vector<std::string> list;
    do {
      ASSIGN_OR_RETURN(std::string item, TakeString());
      list.push_back(std::move(item));
    } while (Take(','));
    if (!Take(']')) return Fail("']'");
    return AttrValue(std::move(list));
  }

  Result<AttrValue> Number(std::string_view token) const {
    const char* end = token.data() + token.size();
    int64_t integer = 0;
    auto parsed = std::from_chars(token.data(), end, integer);
    if (parsed.ec == std::errc() && parsed.ptr == end) return AttrValue(integer);
    double real = 0;
    parsed = std::from_chars(token.data(), end, real);
    if (parsed.ec == std::errc() && parsed.ptr == end) return AttrValue(real);
    return Fail("a value");
  }

  // Of integers, or of doubles: the first says which.
  Result<AttrValue> TakeList() {
    std::vector<int64_t> list;
    std::vector<double> reals;
    if (Take(']')) return AttrValue(list);
    do {
      SkipSpaces();
      ASSIGN_OR_RETURN(const AttrValue item, Number(TakeUntil(",] ")));
      const auto* real = std::get_if<double>(&item);
      if (real != nullptr && list.empty()) {
        reals.push_back(*real);
      } else if (real == nullptr && reals.empty()) {
        list.push_back(std::get<int64_t>(item));
      } else {
        return Fail(reals.empty() ? "an integer" : "a number with a decimal point");
      }
    } while (Take(','));
    if (!Take(']')) return Fail("']'");
    return reals.empty() ? AttrValue(std::move(list)) : AttrValue(std::move(reals));
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

void Attrs::Set(std::string name, AttrValue value) {
  for (Field& field : fields_) {
    if (field.first == name) {
      field.second = std::move(value);
      return;
    }
  }
  fields_.emplace_back(std::move(name), std::move(value));
}

const AttrValue* Attrs::Find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (field.first == name) return &field.second;
  }
  return nullptr;
}

uint64_t Attrs::Hash() const { return Hash64(ToText()); }

std::string Attrs::ToText() const {
  std::string text = "{";
  for (size_t i = 0; i < fields_.size(); ++i) {
    if (i > 0) text += ", ";
    text += fields_[i].first + "=" + std::visit(ValueText{}, fields_[i].second);
  }
  return text + "}";
}

Result<Attrs> Attrs::FromText(std::string_view text) {
  Parser parser(text);
  Attrs attrs;
  if (!parser.Take('{')) return parser.Fail("'{'");
  if (!parser.Take('}')) {
    do {
      parser.SkipSpaces();
      std::string name(parser.TakeUntil("= ,}"));
      if (name.empty() || !parser.Take('=')) return parser.Fail("'name='");
      if (attrs.Find(name) != nullptr) return parser.Fail("a name not yet given");
      ASSIGN_OR_RETURN(AttrValue value, parser.TakeValue());
      attrs.Set(std::move(name), std::move(value));
    } while (parser.Take(','));
    if (!parser.Take('}')) return parser.Fail("'}'");
  }
  if (!parser.AtEnd()) return parser.Fail("the end");
  return attrs;
}

Status UnknownAttr(std::string_view name) {
  return InvalidArgument("unknown attribute '" + std::string(name) + "'");
}
Status MissingAttr(std::string_view name) {
  return InvalidArgument("attribute '" + std::string(name) + "' is missing");
}
Status WrongAttrType(std::string_view name) {
  return InvalidArgument("attribute '" + std::string(name) + "' has the wrong type");
}

}  // namespace lockstep

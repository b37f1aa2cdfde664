// SPDX-License-Identifier: Apache-2.0
#include "storage/source/xml.h"

#include <expat.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/exceptions.h"
#include "base/format.h"

namespace lockstep::storage {
namespace {

using Parser = std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)>;

void Trim(std::string* text) {
  constexpr char kSpaces[] = " \t\r\n";
  text->erase(text->find_last_not_of(kSpaces) + 1);
  text->erase(0, std::min(text->find_first_not_of(kSpaces), text->size()));
}

// Builds the tree while expat calls. Nothing is thrown through expat, which is C.
class TreeBuilder {
 public:
  TreeBuilder(XML_Parser parser, const std::string& name, const XmlOptions& options)
      : parser_(parser), name_(name), options_(options) {
    ::XML_SetUserData(parser_, this);
    ::XML_SetElementHandler(parser_, &OnStart, &OnEnd);
    ::XML_SetCharacterDataHandler(parser_, &OnText);
    ::XML_SetStartDoctypeDeclHandler(parser_, &OnDoctype);
  }

  Result<XmlElement> Parse(std::string_view text) {
    const XML_Status parsed =
        ::XML_Parse(parser_, text.data(), static_cast<int>(text.size()), XML_TRUE);
    if (!status_.ok()) return status_;
    if (parsed != XML_STATUS_OK) {
      const XML_Error error = ::XML_GetErrorCode(parser_);
      if (error == XML_ERROR_NO_MEMORY) {
        return ResourceExhausted("out of memory to read " + Quoted(name_));
      }
      return Refusal(std::string("it is no well-formed XML (") + ::XML_ErrorString(error) + ")");
    }
    return std::move(root_);
  }

 private:
  static TreeBuilder* From(void* data) { return static_cast<TreeBuilder*>(data); }

  // Does `work`, which returns a Status; a failure ends the parsing.
  template <typename Work>
  void Guard(Work&& work) {
    if (!status_.ok()) return;
    status_ = CatchAll("cannot read " + Quoted(name_), std::forward<Work>(work));
    if (!status_.ok()) ::XML_StopParser(parser_, XML_FALSE);
  }

  static void XMLCALL OnStart(void* data, const XML_Char* name, const XML_Char**) {
    TreeBuilder* const self = From(data);
    self->Guard([&] { return self->Start(name); });
  }
  static void XMLCALL OnEnd(void* data, const XML_Char*) {
    TreeBuilder* const self = From(data);
    self->Guard([&] { return self->End(); });
  }
  static void XMLCALL OnText(void* data, const XML_Char* text, int size) {
    TreeBuilder* const self = From(data);
    self->Guard([&] {
      self->open_.back().text.append(text, static_cast<size_t>(size));
      return OkStatus();
    });
  }
  static void XMLCALL OnDoctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*,
                                int) {
    TreeBuilder* const self = From(data);
    self->Guard([&] {
      return self->Refusal("a document type declaration (<!DOCTYPE) is not taken; remove it");
    });
  }

  Status Start(const XML_Char* name) {
    if (open_.size() == options_.most_depth) {
      return Refusal("elements in more than " + std::to_string(options_.most_depth) + " elements");
    }
    if (++elements_ > options_.most_elements) {
      return Refusal("more than " + std::to_string(options_.most_elements) + " elements");
    }
    open_.push_back({name, "", Line(), {}});
    return {};
  }

  Status End() {
    XmlElement done = std::move(open_.back());
    open_.pop_back();
    Trim(&done.text);
    if (open_.empty()) {
      root_ = std::move(done);
    } else {
      open_.back().children.push_back(std::move(done));
    }
    return {};
  }

  int64_t Line() const { return static_cast<int64_t>(::XML_GetCurrentLineNumber(parser_)); }

  Status Refusal(const std::string& what) const {
    return DataLoss(Quoted(name_) + ", line " + std::to_string(Line()) + ": " + what);
  }

  XML_Parser parser_;
  const std::string& name_;
  const XmlOptions& options_;
  std::vector<XmlElement> open_;  // the elements that are not closed yet, the root first
  XmlElement root_;
  size_t elements_ = 0;
  Status status_;
};

}  // namespace

const XmlElement* XmlElement::Child(std::string_view child) const {
  const auto at = std::find_if(children.begin(), children.end(),
                               [&](const XmlElement& e) { return e.name == child; });
  return at == children.end() ? nullptr : &*at;
}

Result<XmlElement> ParseXml(std::string_view text, const std::string& name,
                            const XmlOptions& options) {
  if (text.size() > std::min(options.most_bytes, size_t{1} << 30)) {
    return DataLoss(Quoted(name) + " has " + std::to_string(text.size()) + " bytes; at most " +
                    std::to_string(options.most_bytes) + " are taken");
  }
  const Parser parser(::XML_ParserCreate(nullptr), &::XML_ParserFree);
  if (parser == nullptr) return ResourceExhausted("out of memory to read " + Quoted(name));
  return TreeBuilder(parser.get(), name, options).Parse(text);
}

}  // namespace lockstep::storage

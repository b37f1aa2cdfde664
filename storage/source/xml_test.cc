// SPDX-License-Identifier: Apache-2.0
#include "storage/source/xml.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep::storage {
namespace {

using ::testing::HasSubstr;

std::string RefusalOf(std::string_view text, const XmlOptions& options = {}) {
  const Status status = ParseXml(text, "x.xml", options).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << text;
  EXPECT_THAT(status.message(), HasSubstr("'x.xml'"));
  return status.message();
}

std::string TextOf(std::string_view text) {
  const auto root = ParseXml(text, "x.xml");
  EXPECT_TRUE(root.ok()) << root.status();
  return root.ok() ? root->text : "";
}

TEST(Xml, AnAnnotationFileBecomesATree) {
  const auto root = ParseXml(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- made by hand -->\n"
      "<annotation verified=\"yes\">\n\t<filename>a.jpg</filename>\n\t<object>\n"
      "\t\t<name> dog </name>\n\t\t<bndbox><xmin>1</xmin><xmax>2.5</xmax></bndbox>\n"
      "\t</object>\n\t<object><name>cat</name></object>\n</annotation>\n",
      "x.xml");
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(root->name, "annotation");
  EXPECT_EQ(root->text, "");
  ASSERT_EQ(root->children.size(), 3u);
  EXPECT_EQ(root->Child("filename")->text, "a.jpg");
  const XmlElement* const object = root->Child("object");
  EXPECT_EQ(object->line, 5);
  EXPECT_EQ(object->Child("name")->text, "dog");
  EXPECT_EQ(object->Child("bndbox")->Child("xmax")->text, "2.5");
  EXPECT_EQ(root->children[2].Child("name")->text, "cat");
  EXPECT_EQ(root->Child("size"), nullptr);
}

TEST(Xml, TheEntitiesOfXmlAndNumbersAreRead) {
  EXPECT_EQ(TextOf("<a>&lt;b&gt; &amp; &quot;c&apos; &#233;&#x1F600;</a>"),
            "<b> & \"c' \xc3\xa9\xf0\x9f\x98\x80");
  EXPECT_EQ(TextOf("<a><![CDATA[<x> & y]]></a>"), "<x> & y");
  EXPECT_EQ(TextOf("<a>one<!-- two --> three</a>"), "one three");
  EXPECT_EQ(TextOf("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4</a>"), "\xc3\xa4");
}

TEST(Xml, DeclarationsOfDocumentTypesAreRefused) {
  EXPECT_THAT(RefusalOf("<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>"), HasSubstr("<!DOCTYPE"));
  EXPECT_THAT(RefusalOf("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"), HasSubstr("<!DOCTYPE"));
  EXPECT_THAT(RefusalOf("<a>&e;</a>"), HasSubstr("undefined entity"));
}

TEST(Xml, WhatIsNotWellFormedIsRefusedWithItsLine) {
  EXPECT_THAT(RefusalOf(""), HasSubstr("no element found"));
  EXPECT_THAT(RefusalOf("<a>\n<b>\n</a>"),
              HasSubstr("line 3: it is no well-formed XML (mismatched"));
  for (const auto text :
       {"<a>", "<a/><b/>", "a", "<a>\xff</a>", "<a b></a>", "<a>\x01</a>", "<a>&#0;</a>",
        "{\"json\": 1}", "<?xml version='1.0' encoding='x'?><a/>"}) {
    EXPECT_THAT(RefusalOf(text), HasSubstr("well-formed")) << text;
  }
}

TEST(Xml, LimitsHold) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "<a>";
    for (int i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  EXPECT_TRUE(ParseXml(nested(32), "x.xml").ok());
  EXPECT_THAT(RefusalOf(nested(33)), HasSubstr("more than 32 elements"));
  EXPECT_THAT(RefusalOf(nested(100000)), HasSubstr("more than 32 elements"));
  EXPECT_TRUE(ParseXml("<a><b/><b/></a>", "x.xml", {.most_elements = 3}).ok());
  EXPECT_THAT(RefusalOf("<a><b/><b/><b/></a>", {.most_elements = 3}), HasSubstr("3 elements"));
  EXPECT_THAT(RefusalOf("<abc/>", {.most_bytes = 5}), HasSubstr("has 6 bytes; at most 5"));
}

}  // namespace
}  // namespace lockstep::storage

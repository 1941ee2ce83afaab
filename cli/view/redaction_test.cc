#include "cli/view/redaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/view/archive.h"
#include "cli/view/testing.h"
#include "common/k8s/base64.h"

namespace rha::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kSecret = "c0rrect-horse/battery+staple";

Redaction Knowing() {
  Redaction redaction;
  redaction.AddSecretObject(
      {{"kind", "Secret"}, {"data", {{"password", k8s::EncodeBase64(kSecret)}}}});
  return redaction;
}

TEST(Redaction, AKnownValueIsFoundHoweverItIsWritten) {
  const Redaction redaction = Knowing();
  EXPECT_EQ(redaction.Text(std::string("AUTH ") + kSecret + " said twice " + kSecret),
            "AUTH (redacted) said twice (redacted)");
  EXPECT_THAT(redaction.Text("data: " + k8s::EncodeBase64(kSecret)), HasSubstr("(redacted)"));
  EXPECT_THAT(redaction.Text("data: " + k8s::EncodeBase64(std::string(kSecret) + "\n")),
              Not(HasSubstr(k8s::EncodeBase64(kSecret).substr(0, 30))));
  EXPECT_EQ(redaction.Text("hex 63307272656374"), "hex 63307272656374") << "only the whole of it";
}

TEST(Redaction, EveryLineOfAKeyFileIsASecret) {
  Redaction redaction;
  redaction.AddKnown("first-key\nsecond-key\n");
  EXPECT_EQ(redaction.Text("x second-key y first-key z"), "x (redacted) y (redacted) z");
}

TEST(Redaction, SecretsKeepTheirKeysAndLoseTheirValues) {
  const Json out = Redaction().Object(
      Parse(R"({"kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "dg=="},
                "stringData": {"l": "v"}})"));
  EXPECT_EQ(out["data"]["k"], "(redacted)");
  EXPECT_EQ(out["stringData"]["l"], "(redacted)");
  EXPECT_EQ(out["metadata"]["name"], "a");
}

TEST(Redaction, WhatIsSecretByItsNameIsTakenOutUnseen) {
  const Json out = Redaction().Object(Parse(
      R"({"metadata": {"annotations":
            {"kubectl.kubernetes.io/last-applied-configuration": "{everything}", "a": "b"}},
          "spec": {"env": [{"name": "REDIS_PASSWORD", "value": "x1"}, {"name": "A", "value": "x2"},
                           {"name": "API_TOKEN", "valueFrom": {"secretKeyRef": {"name": "s"}}}],
                   "config": {"masterauth": "x3", "maxmemory": "1gb"},
                   "auth": {"password": "x4", "secretRef": {"name": "demo-auth"}},
                   "volumes": [{"secret": {"secretName": "demo-peer"}}]}})"));
  const std::string text = out.dump();
  for (const char* secret : {"x1", "x3", "x4", "everything"}) {
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  }
  for (const char* kept : {"x2", "1gb", "demo-auth", "demo-peer", "\"b\""}) {
    EXPECT_THAT(text, HasSubstr(kept));
  }
}

TEST(Redaction, LinesOfConfigurationAreToo) {
  EXPECT_EQ(Redaction().Text("port 1\nrequirepass x\n  masterauth y\nuser bob on >z ~*\nsave 1 1"),
            "port 1\nrequirepass (redacted)\n  masterauth (redacted)\nuser (redacted)\nsave 1 1");
  EXPECT_EQ(Redaction().Text("sentinel auth-pass cart x"), "sentinel auth-pass (redacted)");
  const std::string log = "2026-11-28T21:32:23.297+00:00 info  user bob has connected";
  EXPECT_EQ(Redaction().Text(log), log);
}

TEST(Redaction, ShortValuesAreNotLookedForEverywhere) {
  Redaction redaction;
  redaction.AddKnown("a");
  EXPECT_EQ(redaction.Text("a banana"), "a banana");
}

TEST(Archive, WhatIsPackedComesOutAgain) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += std::to_string(i);
  EXPECT_EQ(*Gunzip(Gzip(text), 1 << 20), text);
  EXPECT_EQ(Gunzip(Gzip(text), 1000).status().code(), Code::kExhausted);
  EXPECT_EQ(Gunzip(Gzip(text).substr(0, 100), 1 << 20).status().code(), Code::kCorrupt);
  EXPECT_EQ(Gunzip("no gzip", 100).status().code(), Code::kCorrupt);
}

TEST(Archive, ATarFileIsBlocksOf512WithAChecksum) {
  Tar tar;
  tar.Add("a/b.txt", "hello", 1);
  const std::string bytes = tar.Take();
  EXPECT_EQ(bytes.size(), 4u * 512);
  EXPECT_EQ(bytes.substr(512, 5), "hello");
  EXPECT_EQ(bytes.substr(257, 5), "ustar");
}

}  // namespace
}  // namespace rha::cli

#include "cli/view/failover_story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/view/testing.h"

namespace rha::cli {
namespace {

using ::testing::HasSubstr;

Subject Cart() {
  Subject subject = Healthy();
  for (int i = 0; i < 3; ++i) subject.pods[i]["status"]["podIP"] = "10.0.0.1" + std::to_string(i);
  subject.pods[0]["status"]["containerStatuses"][0]["lastState"]["terminated"] = {
      {"exitCode", 137}, {"reason", "OOMKilled"}};
  return subject;
}

// cart-1 is elected after cart-0 has died.
std::vector<LogLine> Logs() {
  const std::string day = "2026-11-28T21:32:2";
  const auto line = [&day](const std::string& time, const std::string& text) {
    return day + time + "+00:00 " + text + "\n";
  };
  const std::string zero =
      line("3.297", "warning +switch-master shop.cart 0.0.0.0 0 10.0.0.10 6379") +
      line("7.501", "info  the process of 10.0.0.10:6379 has ended") +
      line("7.507", "warning +odown master shop.cart 10.0.0.10 6379 #quorum 2/2") +
      line("7.522", "warning +switch-master shop.cart 10.0.0.10 6379 10.0.0.11 6379");
  const std::string one =
      line("7.502", "warning +odown master shop.cart 10.0.0.10 6379 #quorum 2/2") +
      line("7.502", "warning +vote-for-leader aa 2") +
      line("7.510", "warning +elected-leader master shop.cart 10.0.0.10 6379") +
      line("7.524", "warning +promoted-slave slave 10.0.0.11:6379 10.0.0.11 6379 @ shop.cart") +
      line("7.524", "warning +switch-master shop.cart 10.0.0.10 6379 10.0.0.11 6379") +
      line("7.539", "info  labelled pod shop/cart-1 as primary") +
      line("7.715", "warning +failover-end master shop.cart 10.0.0.11 6379");
  const std::string node =
      line("7.600",
           "info  full synchronisation of replica 10.0.0.10:6379: it has history a up to 300, of "
           "which this node has 200");
  return MergeLogs({ParseLog(zero, "cart-0/sentinel"), ParseLog(one, "cart-1/sentinel"),
                    ParseLog(node, "cart-1/node")});
}

TEST(FailoverStory, Golden) {
  const auto story = TellLastFailover(Cart(), Logs());
  ASSERT_TRUE(story);
  EXPECT_EQ(StoryText(Cart(), *story),
            "The last failover of shop/cart: cart-0 ─▶ cart-1, 2026-11-28T21:32:27Z\n"
            "\n"
            "  why     the process of cart-0 ended (exit code 137, out of memory: raise "
            "resources.limits.memory); the sentinel beside it saw its socket close\n"
            "  votes   cart-1 for aa in epoch 2\n"
            "  lost    at most 100 B of the stream (hellos of sentinels are in it too), which "
            "cart-0 held and cart-1 did not (from offset 200 to 300)\n"
            "\n"
            "  detect    1 ms     at 1 ms     a quorum of the sentinels agrees\n"
            "  elect     8 ms     at 9 ms     the sentinel of cart-1 leads\n"
            "  promote   14 ms    at 23 ms    cart-1 has the role of primary\n"
            "  name      0 ms     at 21 ms    the first sentinel names it\n"
            "  route     15 ms    at 38 ms    its pod is labelled: the Service leads there\n"
            "  settle    176 ms   at 214 ms   all replicas that are there follow it\n");
  EXPECT_EQ(StoryJson(*story)["millisecondsUntil"]["route"], 38);
}

TEST(FailoverStory, TheFirstPrimaryIsNoFailover) {
  const auto lines =
      ParseLog("2026-11-28T21:32:23.297+00:00 warning +switch-master c 0.0.0.0 0 10.0.0.10 6379\n",
               "cart-0/sentinel");
  EXPECT_FALSE(TellLastFailover(Cart(), lines));
  EXPECT_FALSE(TellLastFailover(Cart(), {}));
}

TEST(FailoverStory, SaysWhatItDoesNotKnow) {
  const auto lines = ParseLog(
      "2026-11-28T21:32:23.297+00:00 warning +switch-master c 10.9.9.9 6379 10.0.0.10 6379\n",
      "cart-0/sentinel");
  const auto story = TellLastFailover(Cart(), lines);
  ASSERT_TRUE(story);
  EXPECT_EQ(story->from, "10.9.9.9");
  EXPECT_EQ(story->cause, "no log says why");
  EXPECT_THAT(StoryText(Cart(), *story), HasSubstr("no log tells of votes"));
}

TEST(FailoverStory, APodThatWasReplacedIsNamedAsTheOperatorSawIt) {
  Subject subject = Cart();
  subject.redisha["status"]["lastFailover"] = {
      {"from", "cart-1"}, {"to", "cart-0"}, {"observedTime", "2026-11-28T21:32:24Z"}};
  const auto lines = ParseLog(
      "2026-11-28T21:32:23.1+00:00 info  death of 10.9.9.9:6379 in group c confirmed\n"
      "2026-11-28T21:32:23.3+00:00 warning +switch-master c 10.9.9.9 6379 10.0.0.10 6379\n",
      "cart-2/sentinel");
  EXPECT_EQ(TellLastFailover(subject, lines)->from, "cart-1");
  EXPECT_EQ(TellLastFailover(subject, lines)->cause,
            "the sentinel beside cart-1 told of its death");
}

TEST(FailoverStory, APrimaryThatCameBackAtOnceWasNotSilent) {
  const auto lines = ParseLog(
      "2026-11-28T21:32:23.100+00:00 info  -role-change master c 10.0.0.10 6379 new reported role "
      "is slave\n"
      "2026-11-28T21:32:23.100+00:00 warning +sdown master c 10.0.0.10 6379\n"
      "2026-11-28T21:32:23.200+00:00 warning +switch-master c 10.0.0.10 6379 10.0.0.11 6379\n",
      "cart-2/sentinel");
  EXPECT_EQ(TellLastFailover(Cart(), lines)->cause,
            "cart-0 has started anew, and so without the role of primary");
}

// The new pod of the old primary knows itself by another address, and names the switch by that.
TEST(FailoverStory, WhatAReplacedPodSaysOfItsNewAddressIsTheSameFailover) {
  const auto others = ParseLog(
      "2026-11-28T21:32:23.100+00:00 info  death of 10.9.9.9:6379 in group c confirmed\n"
      "2026-11-28T21:32:23.102+00:00 warning +odown master c 10.9.9.9 6379 #quorum 2/2\n"
      "2026-11-28T21:32:23.104+00:00 warning +elected-leader master c 10.9.9.9 6379\n"
      "2026-11-28T21:32:23.106+00:00 warning +switch-master c 10.9.9.9 6379 10.0.0.11 6379\n",
      "cart-1/sentinel");
  const auto replaced = ParseLog(
      "2026-11-28T21:32:23.150+00:00 warning +sdown master c 10.0.0.10 6379\n"
      "2026-11-28T21:32:23.160+00:00 warning +switch-master c 10.0.0.10 6379 10.0.0.11 6379\n",
      "cart-0/sentinel");
  Subject subject = Cart();
  subject.redisha["status"]["lastFailover"] = {
      {"from", "cart-0"}, {"to", "cart-1"}, {"observedTime", "2026-11-28T21:32:23Z"}};
  const auto story = TellLastFailover(subject, MergeLogs({others, replaced}));
  ASSERT_TRUE(story);
  EXPECT_EQ(story->from, "cart-0");
  EXPECT_EQ(story->cause, "the sentinel beside cart-0 told of its death");
  EXPECT_EQ(story->leader, "cart-1");
  EXPECT_EQ(story->named_us - story->began_us, 6'000);
}

TEST(FailoverStory, AnOrderIsTheCauseEvenIfThePrimaryIsFoundDownLater) {
  const auto lines = ParseLog(
      "2026-11-28T21:32:23.1+00:00 info  Executing user requested FAILOVER of 'c'\n"
      "2026-11-28T21:32:23.2+00:00 warning +sdown master c 10.0.0.10 6379\n"
      "2026-11-28T21:32:23.3+00:00 warning +switch-master c 10.0.0.10 6379 10.0.0.11 6379\n",
      "cart-2/sentinel");
  EXPECT_THAT(TellLastFailover(Cart(), lines)->cause, HasSubstr("asked for it"));
}

TEST(FailoverStory, AnOldPrimaryThatGoesOnFromWhereItStoodHasLostNothing) {
  for (const std::string begin :
       {"partial synchronisation with ", "Successful partial resynchronization with master "}) {
    const auto lines = MergeLogs(
        {ParseLog("2026-11-28T21:32:23.3+00:00 warning +switch-master c 10.0.0.10 6379 10.0.0.11 "
                  "6379\n",
                  "cart-1/sentinel"),
         ParseLog("2026-11-28T21:32:23.5+00:00 info  " + begin + "10.0.0.11:6379 from offset 300\n",
                  "cart-0/node")});
    EXPECT_THAT(TellLastFailover(Cart(), lines)->loss, HasSubstr("nothing: cart-0 went on"));
  }
}

TEST(LogLines, TheProgramsOwnTimeCounts) {
  const LogLine line = ParseLogLine(
      "2026-11-28T21:32:23.900000000Z 2026-11-28T21:32:23.297+00:00 info  text", "p/node", -1);
  EXPECT_EQ(line.text, "2026-11-28T21:32:23.297+00:00 info  text");
  EXPECT_EQ(line.time_us, ParseLogTime("2026-11-28T21:32:23.297Z"));
}

TEST(LogLines, ALineWithoutATimeStaysBehindTheOneBefore) {
  const auto merged = MergeLogs({ParseLog("2026-11-28T21:00:01Z a\n  stack of a\n", "x"),
                                 ParseLog("2026-11-28T21:00:02Z b\n", "y")});
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[1].text, "  stack of a");
}

TEST(LogLines, Offsets) {
  EXPECT_EQ(ParseLogTime("2026-11-28T23:00:01.5+02:00"), ParseLogTime("2026-11-28T21:00:01.5Z"));
  EXPECT_EQ(ParseLogTime("2026-11-28T23:00:01.5+0200"), -1);
  EXPECT_EQ(ParseLogTime("yesterday"), -1);
  EXPECT_EQ(ParseLogTime(""), -1);
}

}  // namespace
}  // namespace rha::cli

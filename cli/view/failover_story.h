// What the logs of the sentinels and nodes say about the last change of primary. Pure; any thread.
//
//   a death or silence ─▶ found ─▶ a quorum agrees ─▶ elected ─▶ promoted ─▶ named ─▶ routed
//
// The clocks are those of the pods' machines: a step that they put before the one it
// follows took no time, and stands where they put it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/view/log_lines.h"
#include "cli/view/subject.h"

namespace rha::cli {

struct Vote {
  std::string by, for_whom;  // pods
  std::string epoch;
};

struct FailoverStory {
  std::string from, to;  // pods, or addresses of pods that are gone
  std::string cause;     // a sentence
  std::string leader;    // pod
  std::vector<Vote> votes;
  std::string loss;  // a sentence
  // In microseconds; -1: nobody says so.
  int64_t began_us = -1, agreed_us = -1, elected_us = -1, promoted_us = -1, named_us = -1,
          routed_us = -1, settled_us = -1;
  std::vector<LogLine> lines;  // what it is drawn from, in order
};

// Nothing where the logs know of no change. `lines` by time.
std::optional<FailoverStory> TellLastFailover(const Subject& subject,
                                              const std::vector<LogLine>& lines);
std::string StoryText(const Subject& subject, const FailoverStory& story);
Json StoryJson(const FailoverStory& story);

}  // namespace rha::cli

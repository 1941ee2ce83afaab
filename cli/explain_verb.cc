// `redisha explain-last-failover NAME`.
#include <cstdio>

#include "cli/pod/logs.h"
#include "cli/program.h"
#include "cli/subjects.h"
#include "cli/verbs.h"
#include "cli/view/failover_story.h"
#include "cli/view/text.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

Status Run(const NamedOptions& options) {
  RHA_ASSIGN_OR_RETURN(const auto client, ClusterClient::Connect(options.access));
  RHA_ASSIGN_OR_RETURN(const Subject subject, ReadSubject(*client, options.name));
  std::vector<std::string> problems;
  const auto lines = ReadLogs(*client, subject, {}, &problems);
  for (const std::string& problem : problems) {
    std::fprintf(stderr, "redisha: not read: %s\n", problem.c_str());
  }
  const auto story = TellLastFailover(subject, lines);
  if (!story) {
    const std::string seen =
        local::object::Str(subject.redisha, {"status", "lastFailover", "observedTime"});
    return Status(Code::kNotFound, seen.empty() ? options.name + " has had no failover yet"
                                                : "the failover of " + seen +
                                                      " is in no log any more; the operator "
                                                      "saw it: kubectl describe redisha " +
                                                      options.name);
  }
  if (options.output == "log") {
    for (const LogLine& line : story->lines) {
      std::printf("%-18s %s\n", line.source.c_str(), line.text.c_str());
    }
    return Status::Ok();
  }
  const std::string text =
      options.output == "json" ? ToJson(StoryJson(*story)) : StoryText(subject, *story);
  std::fputs(text.c_str(), stdout);
  return Status::Ok();
}

}  // namespace

int ExplainLastFailover(const NamedOptions& options) {
  const Status done = Run(options);
  return done.ok() ? kDone : Fail(done);
}

}  // namespace rha::cli

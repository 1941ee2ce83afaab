#include "cli/view/failover_story.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "cli/view/names.h"
#include "cli/view/sentinel_event.h"
#include "cli/view/text.h"
#include "common/k8s/time_format.h"
#include "local/object/json.h"

namespace rha::cli {
namespace {

namespace object = local::object;

constexpr int64_t kLookBackUs = 600 * kSecondUs;   // from the switch to what began it
constexpr int64_t kLookAheadUs = 120 * kSecondUs;  // to the last replica that follows
constexpr int64_t kSameSwitchUs = 60 * kSecondUs;  // within this all sentinels have named it
constexpr std::string_view kNobody = "0.0.0.0";    // before the first primary

// A replica's line on how it found its primary again; the first is that of nodes up to 0.1.
bool ContinuedSync(std::string_view message) {
  return message.starts_with("partial synchronisation with ") ||
         message.starts_with("Successful partial resynchronization with master ");
}

// A line without time and level: "+sdown master …".
struct Entry {
  const LogLine* line;
  std::string pod;
  std::string message;
  SentinelEvent event;
};

std::string Message(const std::string& text) {
  size_t at =
      ParseLogTime(std::string_view(text).substr(0, text.find(' '))) < 0 ? 0 : text.find(' ') + 1;
  for (const std::string_view level : {"info", "warning", "error", "debug"}) {
    if (text.compare(at, level.size(), level) == 0) {
      at = std::min(text.find_first_not_of(' ', at + level.size()), text.size());
      break;
    }
  }
  return text.substr(at);
}

std::vector<Entry> Entries(const std::vector<LogLine>& lines) {
  std::vector<Entry> entries;
  for (const LogLine& line : lines) {
    Entry entry{.line = &line,
                .pod = line.source.substr(0, line.source.find('/')),
                .message = Message(line.text),
                .event = {}};
    const size_t space = entry.message.find(' ');
    if (!entry.message.empty() && (entry.message[0] == '+' || entry.message[0] == '-') &&
        space != std::string::npos) {
      entry.event = SentinelEvent::Parse(entry.message.substr(0, space),
                                         std::string_view(entry.message).substr(space + 1));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

bool IsSwitch(const Entry& entry) {
  return entry.event.channel == "+switch-master" && entry.event.words.size() >= 5 &&
         entry.event.words[1] != kNobody;
}

// Whether both name the same new primary. The old one's address may differ: a pod that was deleted
// comes back under another, and names itself by that.
bool SameSwitch(const Entry& one, const Entry& other) {
  const auto& a = one.event.words;
  const auto& b = other.event.words;
  return a[0] == b[0] && a[3] == b[3] && a[4] == b[4];
}

// The first sentinel to name the newest primary; null where nobody ever did.
const Entry* FirstOfLastSwitch(const std::vector<Entry>& entries) {
  const Entry* first = nullptr;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (!IsSwitch(*entry)) continue;
    if (first != nullptr && (!SameSwitch(*entry, *first) ||
                             first->line->time_us - entry->line->time_us > kSameSwitchUs)) {
      break;
    }
    first = &*entry;
  }
  return first;
}

// Where the failover before this one was over: nothing older belongs to this one.
int64_t EndOfTheOneBefore(const std::vector<Entry>& entries, const Entry& last) {
  int64_t end_us = last.line->time_us - kLookBackUs;
  for (const Entry& entry : entries) {
    if (IsSwitch(entry) && entry.line->time_us <= last.line->time_us && !SameSwitch(entry, last)) {
      end_us = std::max(end_us, entry.line->time_us);
    }
  }
  return end_us;
}

// Of the container that ended last, as the kubelet tells it.
std::string HowItEnded(const Subject& subject, const std::string& pod) {
  for (const Json& candidate : subject.pods) {
    if (object::Name(candidate) != pod) continue;
    for (const Json& status : object::Items(candidate, {"status", "containerStatuses"})) {
      const Json& ended = object::Map(status, {"lastState", "terminated"});
      if (object::Str(status, {"name"}) != "node" || ended.empty()) continue;
      const int64_t code = object::Int(ended, {"exitCode"});
      const std::string reason = object::Str(ended, {"reason"});
      std::string text = "exit code " + std::to_string(code);
      if (reason == "OOMKilled") return text + ", out of memory: raise resources.limits.memory";
      if (code == 137) return text + ", SIGKILL";
      if (code == 139) return text + ", SIGSEGV";
      if (code == 143) return text + ", SIGTERM";
      return text + (reason.empty() || reason == "Error" ? "" : ", " + reason);
    }
    return "";
  }
  return "its pod is gone";
}

void SetFirst(int64_t time_us, int64_t* into) {
  if (*into < 0) *into = time_us;
}

std::string WholeMillis(int64_t us) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f ms", static_cast<double>(us) / 1000);
  return text;
}

// The most telling sign of how the loss was noticed.
struct Cause {
  int rank = 0;
  std::string text;
};

class Teller {
 public:
  Teller(const Subject& subject, const Entry& last)
      : subject_(subject),
        names_(subject),
        old_ip_(last.event.words[1]),
        new_ip_(last.event.words[3]) {
    story_.from = names_.Of(old_ip_);
    if (story_.from == old_ip_) story_.from = NameOfAGonePod(last);
    story_.to = names_.Of(new_ip_);
    story_.named_us = last.line->time_us;
  }

  void See(const Entry& entry) {
    const int64_t now = entry.line->time_us;
    const bool sentinel = entry.line->source.ends_with("/sentinel");
    const bool told = sentinel ? SeeSentinel(entry, now) : SeeNode(entry);
    if (told) story_.lines.push_back(*entry.line);
  }

  FailoverStory Take() {
    story_.cause = cause_.text.empty() ? "no log says why" : cause_.text;
    if (story_.loss.empty()) {
      story_.loss = "no log says; it is told once " + story_.from + " is back and has synchronised";
    }
    return std::move(story_);
  }

 private:
  // The address is another pod's or nobody's now; the operator has seen the name.
  std::string NameOfAGonePod(const Entry& last) const {
    const Json& seen = object::Map(subject_.redisha, {"status", "lastFailover"});
    const int64_t seen_us = k8s::ParseTime(object::Str(seen, {"observedTime"}));
    const bool same = object::Str(seen, {"to"}) == names_.Of(new_ip_) &&
                      std::abs(seen_us - last.line->time_us) < kSameSwitchUs;
    return same ? object::Str(seen, {"from"}, old_ip_) : old_ip_;
  }

  void Because(int rank, int64_t now, const std::string& text) {
    SetFirst(now, &story_.began_us);
    if (rank > cause_.rank) cause_ = {rank, text};
  }

  bool SeeCause(const Entry& entry, int64_t now) {
    const std::string address = old_ip_ + ":";
    if (entry.message.find("requested FAILOVER") != std::string::npos) {
      Because(4, now, "a person or program asked for it (SENTINEL FAILOVER at " + entry.pod + ")");
    } else if (entry.message.starts_with("the process of " + address)) {
      const std::string how = HowItEnded(subject_, story_.from);
      Because(3, now,
              "the process of " + story_.from + " ended" + (how.empty() ? "" : " (" + how + ")") +
                  "; the sentinel beside it saw its socket close");
    } else if (entry.message.starts_with("death of " + address)) {
      Because(2, now, "the sentinel beside " + story_.from + " told of its death");
    } else if (entry.event.channel == "-role-change" && entry.event.Address() == old_ip_ &&
               entry.message.ends_with("reported role is slave")) {
      Because(2, now, story_.from + " has started anew, and so without the role of primary");
    } else if (entry.event.channel == "+sdown" && entry.event.Address() == old_ip_ &&
               entry.event.words[0] == "master") {
      Because(1, now, story_.from + " had been silent for downAfterMilliseconds");
    } else {
      return false;
    }
    return true;
  }

  bool SeeSentinel(const Entry& entry, int64_t now) {
    if (now <= story_.named_us && SeeCause(entry, now)) return true;
    const std::string& channel = entry.event.channel;
    const auto& words = entry.event.words;
    if (channel == "+odown") {
      SetFirst(now, &story_.agreed_us);
    } else if (channel == "+vote-for-leader" && words.size() > 1) {
      story_.votes.push_back({entry.pod, names_.Of(words[0]), words[1]});
    } else if (channel == "+elected-leader") {
      story_.leader = entry.pod;
      story_.elected_us = now;
    } else if (channel == "+promoted-slave") {
      SetFirst(now, &story_.promoted_us);
    } else if (channel == "+failover-end" && now >= story_.named_us) {
      SetFirst(now, &story_.settled_us);
    } else if (now >= story_.named_us && entry.pod == story_.to &&
               entry.message.ends_with(" as primary") && entry.message.starts_with("labelled ")) {
      SetFirst(now, &story_.routed_us);
    } else {
      return channel == "+try-failover" || channel == "+selected-slave" || IsSwitch(entry) ||
             channel.starts_with("-failover-abort");
    }
    return true;
  }

  // "full synchronisation of replica X: it has history H up to A, of which this node has B", in the
  // new primary's log, or the partial one of the replica that was primary.
  bool SeeNode(const Entry& entry) {
    if (entry.pod == story_.to && entry.message.starts_with("this node is a primary now"))
      return true;
    const size_t up_to = entry.message.find(" up to ");
    const size_t of_which = entry.message.find(", of which this node has ");
    if (entry.pod == story_.to && up_to != std::string::npos && of_which != std::string::npos) {
      const int64_t theirs = std::strtoll(entry.message.c_str() + up_to + 7, nullptr, 10);
      const int64_t ours = std::strtoll(entry.message.c_str() + of_which + 25, nullptr, 10);
      if (theirs <= ours) return false;
      story_.loss = "at most " + Bytes(theirs - ours) +
                    " of the stream (hellos of sentinels are in it too), which " + story_.from +
                    " held and " + story_.to + " did not (from offset " + std::to_string(ours) +
                    " to " + std::to_string(theirs) + ")";
      return true;
    }
    if (entry.pod == story_.from && ContinuedSync(entry.message)) {
      if (story_.loss.empty()) {
        story_.loss = "nothing: " + story_.from + " went on from where it stood";
      }
      return true;
    }
    if (entry.pod == story_.from && entry.message.starts_with("full synchronisation with ")) {
      if (story_.loss.empty()) {
        story_.loss = "not known: " + story_.from + " came back without what it had in memory";
      }
      return true;
    }
    return false;
  }

  const Subject& subject_;
  const PodNames names_;
  const std::string old_ip_, new_ip_;
  Cause cause_;
  FailoverStory story_;
};

std::string VotesText(const FailoverStory& story) {
  std::string text;
  for (const Vote& vote : story.votes) {
    if (!text.empty()) text += ", ";
    text += vote.by + " for " + vote.for_whom + " in epoch " + vote.epoch;
  }
  return text.empty() ? "no log tells of votes" : text;
}

struct Step {
  const char* name;
  int64_t at_us;
  std::string what;
};

std::vector<Step> Steps(const FailoverStory& story) {
  return {{"detect", story.agreed_us, "a quorum of the sentinels agrees"},
          {"elect", story.elected_us, "the sentinel of " + story.leader + " leads"},
          {"promote", story.promoted_us, story.to + " has the role of primary"},
          {"name", story.named_us, "the first sentinel names it"},
          {"route", story.routed_us, "its pod is labelled: the Service leads there"},
          {"settle", story.settled_us, "all replicas that are there follow it"}};
}

}  // namespace

std::optional<FailoverStory> TellLastFailover(const Subject& subject,
                                              const std::vector<LogLine>& lines) {
  const std::vector<Entry> entries = Entries(lines);
  const Entry* last = FirstOfLastSwitch(entries);
  if (last == nullptr) return std::nullopt;
  const int64_t from_us = EndOfTheOneBefore(entries, *last);
  Teller teller(subject, *last);
  for (const Entry& entry : entries) {
    const int64_t now = entry.line->time_us;
    if (now > from_us && now <= last->line->time_us + kLookAheadUs) teller.See(entry);
  }
  return teller.Take();
}

std::string StoryText(const Subject& subject, const FailoverStory& story) {
  std::string text = "The last failover of " + object::Namespace(subject.redisha) + "/" +
                     object::Name(subject.redisha) + ": " + story.from + " ─▶ " + story.to + ", " +
                     k8s::FormatTime(story.named_us) + "\n\n";
  text += "  why     " + story.cause + "\n";
  text += "  votes   " + VotesText(story) + "\n";
  text += "  lost    " + story.loss + "\n\n";
  std::vector<std::vector<std::string>> rows;
  int64_t before = story.began_us;
  for (const Step& step : Steps(story)) {
    if (step.at_us < 0) {
      rows.push_back({std::string("  ") + step.name, "-", "", "no log tells of it"});
      continue;
    }
    rows.push_back({std::string("  ") + step.name,
                    before < 0 ? "-" : WholeMillis(std::max<int64_t>(step.at_us - before, 0)),
                    story.began_us < 0 ? "" : "at " + WholeMillis(step.at_us - story.began_us),
                    step.what});
    before = std::max(before, step.at_us);
  }
  return text + Table(rows);
}

Json StoryJson(const FailoverStory& story) {
  Json out = {{"from", story.from},     {"to", story.to},     {"cause", story.cause},
              {"leader", story.leader}, {"loss", story.loss}, {"votes", Json::array()}};
  for (const Vote& vote : story.votes) {
    out["votes"].push_back({{"by", vote.by}, {"for", vote.for_whom}, {"epoch", vote.epoch}});
  }
  out["began"] = story.began_us < 0 ? Json() : Json(k8s::FormatMicroTime(story.began_us));
  for (const Step& step : Steps(story)) {
    const bool known = step.at_us >= 0 && story.began_us >= 0;
    out["millisecondsUntil"][step.name] =
        known ? Json((step.at_us - story.began_us) / 1000) : Json();
  }
  return out;
}

}  // namespace rha::cli

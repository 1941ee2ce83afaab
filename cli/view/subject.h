// One RedisHA as the verbs look at it: the resource and its pods. Pure; any thread.
//
// Who is primary is asked of the pods' labels, whose owners are the sentinels: they are right while
// the operator is away, and status.currentPrimary may be old then.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rha::cli {

using Json = nlohmann::json;

struct Subject {
  Json redisha;
  std::vector<Json> pods;  // by name, ordinals as numbers
};

// Each RedisHA of a list with the pods that carry its name.
std::vector<Subject> Subjects(const Json& redishas, const Json& pods);

std::string RoleOf(const Json& pod);  // primary, replica, or "" for none yet
bool IsReady(const Json& pod);
bool IsPrimary(const Json& pod);  // labelled, and not being deleted
// The condition of that type, or an empty object.
const Json& Condition(const Json& redisha, std::string_view type);
// The primary that is ready, or the only one there is; null without one.
const Json* PrimaryOf(const Subject& subject);

// What a script is told (`redisha status` ends with it).
enum class Health {
  kHealthy = 0,
  kDegraded = 3,  // writes are possible, something is missing or under way
  kDown = 4,      // no primary takes writes
};
struct Verdict {
  Health health = Health::kDown;
  std::string word;    // Ready, Degraded, Down; while nothing is wrong but unfinished: Progressing
  std::string reason;  // a sentence; empty when healthy
};
Verdict Judge(const Subject& subject);

}  // namespace rha::cli

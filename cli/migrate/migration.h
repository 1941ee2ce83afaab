// From what somebody runs today to a RedisHA: the resource, the steps, and what was not carried
// over. Pure; any thread.
//
// Nothing is dropped in silence: every value of the source that its mapping has not read is named,
// with the field to use where there is one.
#pragma once

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cli/view/subject.h"
#include "common/base/status.h"

namespace rha::cli {

struct LeftOut {
  std::string path;  // "replica.sidecars"
  std::string advice;
};

struct Migration {
  std::string source;  // "Helm release shop (Bitnami redis 20.1.0)"
  Json redisha;
  std::vector<std::string> notes;  // carried over, but not as it was
  std::vector<LeftOut> left;
  // For the steps.
  std::string snapshot_pod, snapshot_container;                // where the data are taken from
  std::string secret, secret_key;                              // the password's, "" without one
  bool secret_goes = false;                                    // it is deleted with the source
  std::vector<std::pair<std::string, std::string>> addresses;  // of clients: before, after
  std::string removal;                                         // how the source is removed at last
};

struct Advice {
  std::string_view prefix;  // of paths
  std::string_view text;
};

// The values of a source, and which of them have been read.
class SourceValues {
 public:
  // `user`: what somebody has set; `defaults`: what counts elsewhere. Both must outlive this.
  SourceValues(const Json& user, const Json& defaults) : user_(user), defaults_(defaults) {}

  // By a path with dots; null where it is not set.
  Json Get(const std::string& path);
  std::string Text(const std::string& path);
  bool Flag(const std::string& path, bool fallback);
  int64_t Number(const std::string& path, int64_t fallback);
  bool SetByUser(const std::string& path) const;
  // What it says holds for a RedisHA without a field.
  void Ignore(std::initializer_list<const char*> paths);
  // Whatever the user has set and nobody has read; empty values say nothing.
  std::vector<LeftOut> Left(const std::vector<Advice>& advice) const;

 private:
  void Collect(const Json& value, const std::string& path, const std::vector<Advice>& advice,
               std::vector<LeftOut>* left) const;

  const Json& user_;
  const Json& defaults_;
  std::set<std::string> read_;
};

// The parts that all sources have.
Json NewRedisHa(const std::string& name, const std::string& name_space);
// 2 is no number of voters.
void SetReplicas(int64_t pods, Migration* to);
void SetQuorum(int64_t quorum, Migration* to);
// Lines of redis.conf to spec.config and spec.persistence.
void AddConfigLines(const std::vector<std::string>& lines, const std::string& path, Migration* to);
// Without an append-only file what is said of one is dropped.
void SetPersistenceMode(const std::string& mode, Migration* to);
void AddPodField(const std::string& field, const Json& value, Migration* to);
void SetUnlessEmpty(Json* object, const std::string& key, const Json& value);

// Release JSON as Helm keeps it (chart, config); name: of the RedisHA, "" for a default.
Result<Migration> FromBitnami(const Json& release, const std::string& name);
Result<Migration> FromSpotahome(const Json& redis_failover, const std::string& name);
Result<Migration> FromOpstree(const Json& redis_replication, const std::string& name);

// The release in a Secret sh.helm.release.v1.NAME.vN (its data.release).
Result<Json> DecodeHelmRelease(const Json& secret);

// The YAML of the resource, with everything else as comments, so that it can be applied as it is.
std::string MigrationText(const Migration& migration);

}  // namespace rha::cli

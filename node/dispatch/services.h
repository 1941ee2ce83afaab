// What administrative commands ask of persist, repl and app: the only way from a command to them.
//
// Interfaces are small and virtual, which costs nothing here: no command on the hot path uses them,
// except the sinks of changes, and those only while NodeState::feed_active(). Thread rule: the
// engine's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/resp/parser.h"

namespace rha::resp {
class Writer;
}

namespace rha::node::dispatch {

class Session;
using resp::Args;

// Who keeps the log of changes: the replication stream (node/repl), the append-only file (app).
// Called after the command has changed the keyspace, in the order of changes, with what replicas
// must execute, as a request on the wire; MULTI and EXEC come as commands of their own.
class ChangeSink {
 public:
  virtual ~ChangeSink() = default;
  // It writes the request where it keeps it (see resp::WriteRequest), so there is no copy between.
  // `wire` is just that, where it came so and can be copied; or empty.
  virtual void Append(int db, resp::Args request, std::string_view wire) = 0;
};

// What a node shall be, in which election that was decided, and by whom.
struct RoleOrder {
  enum class Kind : uint8_t {
    kLead,
    kFollow,  // host and port
    kSeal,    // nothing: it takes no more writes, nor anybody's stream, until the next order
  };
  uint64_t epoch = 0;
  std::string leader;
  Kind kind = Kind::kLead;
  // So many must hold a change, this node's among them, before it is told. kSeal: if more than one
  // must, no primary of an older epoch is followed any more. kFollow: then a process that has not
  // followed yet shows nothing before it does.
  int copies = 1;
  std::string host;
  uint16_t port = 0;
};

// REPLICAOF, ROLE, PSYNC, REPLCONF, WAIT and INFO replication (node/repl).
class ReplicationService {
 public:
  virtual ~ReplicationService() = default;
  virtual ChangeSink& changes() = 0;

  // REPLICAOF host port. Returns false when already connected to that primary.
  virtual Result<bool> ReplicaOf(const std::string& host, uint16_t port) = 0;
  // REPLICAOF NO ONE; ends the undecided state.
  virtual void BecomePrimary() = 0;

  // Why REPLICAOF may not say what this node is; empty: it may.
  virtual std::string PlainRoleRefusal() const = 0;
  // REDISHA ROLE, of a peer. The message of an error begins with its code.
  virtual Status AssignRole(const RoleOrder& order) = 0;
  // REDISHA ADOPT uid: the foreign dataset found here belongs to this cluster from now on.
  virtual Status AdoptDataset(std::string_view uid) = 0;

  // ROLE: writes the whole reply.
  virtual void WriteRole(resp::Writer& reply) = 0;
  // The lines of INFO's section, without its title.
  virtual void AppendInfo(std::string* info) = 0;

  // SYNC, PSYNC replid offset: takes over the session's output (Session::set_stream) or writes an
  // error.
  virtual void Psync(Session& session, Args args) = 0;
  virtual void Replconf(Session& session, Args args, resp::Writer& reply) = 0;

  // WAIT: how many replicas have acknowledged `offset`; `on_disk` (WAITAOF): have it in their
  // append-only file, synced. And ask all for an acknowledgement soon.
  virtual int ReplicasAcknowledged(int64_t offset, bool on_disk) = 0;
  virtual void RequestAcknowledgements() = 0;

  // FAILOVER: writes the reply.
  virtual void Failover(Args args, resp::Writer& reply) = 0;
  // DEBUG CHANGE-REPL-ID.
  virtual void ChangeReplicationId() = 0;
  // The dataset is not what its history says any more: nobody continues from it, nor does it.
  virtual void ForgetHistory() {}
};

// SAVE, BGSAVE, LASTSAVE and INFO persistence (node/persist and app).
class PersistenceService {
 public:
  virtual ~PersistenceService() = default;
  // Blocks until the file is written.
  virtual Status Save() = 0;
  // kExists: one is running. `schedule`: then run it as soon as that has ended, and answer Ok.
  // True: started; false: scheduled.
  virtual Result<bool> BackgroundSave(bool schedule) = 0;
  virtual bool BackgroundSaveRunning() const = 0;
  virtual int64_t LastSaveUnixS() const = 0;
  virtual void AppendInfo(std::string* info) = 0;
  // FLUSHALL: with save points an empty file takes the place of the old one, or a restart would
  // bring it back.
  virtual void DatasetFlushed() {}
  // BGREWRITEAOF; false: scheduled.
  virtual Result<bool> RewriteLog() = 0;
  // ---- the log of a replica; asked only while NodeState::log_active
  // Whole requests of the primary's stream that were applied, SELECTs among them; they begin in
  // database `db` and end in `db_after`.
  virtual void AppendStream(int /*db*/, std::string_view /*requests*/, int /*db_after*/) {}
  // A full synchronisation is about to replace the data; it has.
  virtual void DatasetGoes() {}
  virtual void DatasetCame() {}
  // DEBUG LOADAOF: what the append-only file holds takes the place of the data.
  virtual Status ReloadLog() = 0;
  // DEBUG FAIL-SNAPSHOT: the file that is being written fails, as on a broken disk. False: there is
  // none.
  virtual bool FailSnapshot() { return false; }
  // DEBUG AOF-FLUSH-SLEEP: so long before each write of the append-only file.
  virtual void DelayLog(int64_t /*microseconds*/) {}
  // DEBUG RELOAD: load, after what is asked for.
  struct ReloadHow {
    bool save = true, flush = true;
    bool merge = false;  // a library in the file may take another's place
  };
  virtual Status Reload(ReloadHow how) = 0;
};

// CONFIG (app).
class ConfigService {
 public:
  virtual ~ConfigService() = default;
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  // Options whose name matches one of the glob patterns, each once.
  virtual Pairs Get(Args patterns) const = 0;
  // All or nothing. `asker` says whether protected options may change. The message of an error
  // begins with its code.
  virtual Status Set(const Pairs& pairs, const Session& asker) = 0;
  // An option whose value nobody should see in MONITOR or SLOWLOG.
  virtual bool IsSecret(std::string_view option) const = 0;
  // `everything`: also what is at its default (DEBUG CONFIG-REWRITE-FORCE-ALL).
  virtual Status Rewrite(bool everything) = 0;
};

struct ShutdownRequest {
  enum class Save { kByConfig, kSave, kNoSave };
  Save save = Save::kByConfig;
  bool now = false;    // do not wait for replicas
  bool force = false;  // leave even if saving fails
};

// Bytes, for MEMORY STATS and INFO memory.
struct MemoryReport {
  int64_t used = 0;  // by the program, as its allocator counts, but for Lua
  int64_t peak = 0;
  int64_t allocated = 0;  // with Lua
  int64_t startup = 0;
  int64_t backlog = 0;
  int64_t replicas = 0;
  int64_t clients = 0;
  int64_t log_buffer = 0;
  int64_t overhead = 0;  // what is there beside the data
  int64_t active = 0;    // pages of the allocator: in use, and held
  int64_t resident = 0;
  int64_t rss = 0;  // of the process, by the kernel

  int64_t dataset() const { return used > overhead ? used - overhead : 0; }
};

// INFO's other sections, SHUTDOWN and what else only the process knows (app).
class ServerService {
 public:
  virtual ~ServerService() = default;
  // Lines of a section ("server", "clients", "memory", "stats", "cpu", ...), without its title.
  virtual void AppendInfo(std::string_view section, std::string* info) = 0;
  // Ok: the process is about to end (or waits for replicas); no reply is sent.
  virtual Status Shutdown(const ShutdownRequest& request) = 0;
  // True: one was under way, or was to begin.
  virtual bool AbortShutdown() = 0;
  // What is done ten times a second waits, and signals that end the process wait with it.
  virtual void PauseCron(bool pause) = 0;
  virtual void ResetStats() = 0;
  virtual MemoryReport Memory() = 0;
  // The allocator's own statistics, as text.
  virtual std::string AllocatorReport() = 0;
  // A figure or a switch of the allocator by its name in mallctl(3), set first if there is a value.
  // Null: it can be set and not read.
  virtual Result<std::optional<int64_t>> AllocatorNumber(const std::string& name,
                                                         std::optional<int64_t> value) = 0;
  // The same of what is no number: a text, which is read, or something to do.
  virtual Result<std::string> AllocatorText(const std::string& name) = 0;
  virtual Status AllocatorDo(const std::string& name) = 0;
  // Much was freed and is not needed soon: to the kernel with it, beside the loop.
  virtual void ReturnFreedMemory() {}
  virtual int64_t UnixMicros() = 0;
  // In the middle of a command that takes long, one short look at what has come. Everybody is
  // refused nearly everything (NodeState::busy); watchers (Session::takes_busy_for_alive) are told
  // so if they ask by PING, and wait for the end with all else.
  enum class Whom : uint8_t { kWatchers, kEverybody };
  virtual void ServeWhileBusy(Whom) {}
};

// EVAL, FCALL and what belongs to them (commands/script).
class ScriptService {
 public:
  virtual ~ScriptService() = default;
  struct Usage {
    int64_t interpreter_bytes = 0, cache_bytes = 0;
    int64_t scripts = 0;
    int64_t function_interpreter_bytes = 0, library_bytes = 0;
    int64_t libraries = 0, functions = 0;
    int64_t evicted_scripts = 0;  // of EVAL, for others, since the start
  };
  virtual Usage usage() const = 0;
  // What the interpreters hold at this moment: not in maxmemory, which only says how much that is.
  virtual const int64_t& held_bytes() const = 0;
  virtual void LimitMemory(int64_t maxmemory) = 0;
  // The process is about to end: what runs ends now, and nobody is told what it has changed.
  virtual void Abandon() = 0;
};

// MIGRATE: values on their way to another server (app).
class MigrationService {
 public:
  virtual ~MigrationService() = default;
  struct Value {
    std::string key, payload;
    int64_t ttl_ms = 0;  // 0: it does not expire
  };
  struct Request {
    std::string host, port;         // as the client wrote them
    std::vector<std::string> auth;  // AUTH and its words; empty: none is sent
    int64_t db = 0;                 // there
    Millis timeout{1000};           // without any progress
    bool replace = false;
    std::function<bool()> may_leave;  // not before it says so; none: at once
    std::vector<Value> values;
    size_t bytes() const {
      size_t sum = 0;
      for (const Value& value : values) sum += value.key.size() + value.payload.size();
      return sum;
    }
  };
  struct Outcome {
    std::vector<bool> accepted;  // each value
    std::string error;           // what the client is told; empty: all were accepted
  };
  // `done` is called once, in a later turn of the loop.
  virtual void Migrate(Request request, std::function<void(const Outcome&)> done) = 0;
  // Of the values of all requests that are not done.
  virtual size_t bytes_under_way() const = 0;
};

struct Services {
  ReplicationService* replication = nullptr;
  PersistenceService* persistence = nullptr;
  ConfigService* config = nullptr;
  ServerService* server = nullptr;
  ScriptService* scripts = nullptr;
  MigrationService* migration = nullptr;
};

}  // namespace rha::node::dispatch

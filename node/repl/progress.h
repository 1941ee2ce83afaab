// The primary's view of one replica.
//
//           PSYNC ? -1                file ready             all sent, announced length
//   (new) ─────────────▶ Waiting ────────────────▶ Sending ─────────────────────────────▶ Streaming
//     │                ForSnapshot                 Snapshot                                 ▲   ▲
//     │                                               │ all sent, end mark                  │   │
//     │                                               └───────────────▶ AwaitingFirstAck ───┘   │
//     │                                                                        REPLCONF ACK     │
//     └── PSYNC id offset, still held ──────────────────────────────────────────────────────────┘
//
// After a snapshot with an end mark the stream must pause until the replica has spoken: Redis looks
// for the mark only where its read ended (replication.c, readSyncBulkPayload).
// Thread rule: one owner. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "common/base/clock.h"

namespace rha::node::repl {

struct WaitingForSnapshot {};
struct SendingSnapshot {};
struct AwaitingFirstAck {};
struct Streaming {};
using ProgressState =
    std::variant<WaitingForSnapshot, SendingSnapshot, AwaitingFirstAck, Streaming>;

struct Progress {
  ProgressState state = WaitingForSnapshot{};
  int64_t cursor = 0;    // position of the next byte of the stream to be sent
  int64_t acked = 0;     // bytes the replica says it has, at most those that were sent to it
  int64_t applied = -1;  // and has said since it asked for the stream; -1: nothing yet
  int64_t synced = 0;    // and in its append-only file, synced
  MonoTime heard_at{};   // last acknowledgement, or when it was attached

  bool streaming() const { return std::holds_alternative<Streaming>(state); }
  bool wants_stream() const { return streaming(); }

  void OnSnapshotBegins(int64_t position);
  void OnSnapshotSent(bool announced_length, MonoTime now);
  void OnContinue(int64_t position, MonoTime now);
  // True when this made it a streaming replica. `on_disk`: what REPLCONF … FACK says; -1: nothing.
  bool OnAck(int64_t offset, MonoTime now, int64_t on_disk = -1);

  // Whole seconds since it was heard of; what INFO calls lag.
  int64_t LagSeconds(MonoTime now) const;
  // INFO's word for the state.
  const char* InfoState() const;
};

}  // namespace rha::node::repl

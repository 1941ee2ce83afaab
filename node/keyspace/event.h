// What happened to a key, in the words of keyspace notifications (notify-keyspace-events).
//
// Every change goes through the door (db.h) with one of these, so that WATCH, notifications and the
// dirty counter cannot be forgotten by a command.
#pragma once

#include <cstdint>

namespace rha::node::keyspace {

// Bits of notify-keyspace-events; the letters are Redis'.
enum EventKind : uint32_t {
  kKeyspaceChannel = 1 << 0,  // K
  kKeyeventChannel = 1 << 1,  // E
  kGenericEvent = 1 << 2,     // g
  kStringEvent = 1 << 3,      // $
  kListEvent = 1 << 4,        // l
  kSetEvent = 1 << 5,         // s
  kHashEvent = 1 << 6,        // h
  kZsetEvent = 1 << 7,        // z
  kExpiredEvent = 1 << 8,     // x
  kEvictedEvent = 1 << 9,     // e
  kStreamEvent = 1 << 10,     // t
  kKeyMissEvent = 1 << 11,    // m, not in A
  kModuleEvent = 1 << 13,     // d
  kNewKeyEvent = 1 << 14,     // n, not in A
  kAllEvents = kGenericEvent | kStringEvent | kListEvent | kSetEvent | kHashEvent | kZsetEvent |
               kExpiredEvent | kEvictedEvent | kStreamEvent | kModuleEvent,  // A
};

struct Event {
  uint32_t kind;
  const char* name;
  // Whoever waits for the key has to look again, although it was there before.
  bool wakes = false;
};

namespace events {
constexpr Event kSet{kStringEvent, "set"};
constexpr Event kAppend{kStringEvent, "append"};
constexpr Event kSetBit{kStringEvent, "setbit"};
constexpr Event kSetRange{kStringEvent, "setrange"};
constexpr Event kPfAdd{kStringEvent, "pfadd"};
constexpr Event kIncrBy{kStringEvent, "incrby"};
constexpr Event kIncrByFloat{kStringEvent, "incrbyfloat"};
constexpr Event kLPush{kListEvent, "lpush"};
constexpr Event kRPush{kListEvent, "rpush"};
constexpr Event kLPop{kListEvent, "lpop"};
constexpr Event kRPop{kListEvent, "rpop"};
constexpr Event kLInsert{kListEvent, "linsert"};
constexpr Event kLSet{kListEvent, "lset"};
constexpr Event kLRem{kListEvent, "lrem"};
constexpr Event kLTrim{kListEvent, "ltrim"};
constexpr Event kSAdd{kSetEvent, "sadd"};
constexpr Event kSRem{kSetEvent, "srem"};
constexpr Event kSPop{kSetEvent, "spop"};
constexpr Event kSInterStore{kSetEvent, "sinterstore"};
constexpr Event kSUnionStore{kSetEvent, "sunionstore"};
constexpr Event kSDiffStore{kSetEvent, "sdiffstore"};
constexpr Event kHSet{kHashEvent, "hset"};
constexpr Event kHDel{kHashEvent, "hdel"};
constexpr Event kHExpire{kHashEvent, "hexpire"};
constexpr Event kHExpired{kHashEvent, "hexpired"};
constexpr Event kHPersist{kHashEvent, "hpersist"};
constexpr Event kHIncrBy{kHashEvent, "hincrby"};
constexpr Event kHIncrByFloat{kHashEvent, "hincrbyfloat"};
constexpr Event kZAdd{kZsetEvent, "zadd"};
constexpr Event kZIncr{kZsetEvent, "zincr"};
constexpr Event kZRem{kZsetEvent, "zrem"};
constexpr Event kZRemRangeByScore{kZsetEvent, "zremrangebyscore"};
constexpr Event kZRemRangeByRank{kZsetEvent, "zremrangebyrank"};
constexpr Event kZRemRangeByLex{kZsetEvent, "zremrangebylex"};
constexpr Event kZPopMin{kZsetEvent, "zpopmin"};
constexpr Event kZPopMax{kZsetEvent, "zpopmax"};
constexpr Event kZUnionStore{kZsetEvent, "zunionstore"};
constexpr Event kZInterStore{kZsetEvent, "zinterstore"};
constexpr Event kZDiffStore{kZsetEvent, "zdiffstore"};
constexpr Event kGeoRadiusStore{kZsetEvent, "georadiusstore"};
constexpr Event kGeoSearchStore{kZsetEvent, "geosearchstore"};
constexpr Event kZRangeStore{kZsetEvent, "zrangestore"};
constexpr Event kXAdd{kStreamEvent, "xadd", true};
constexpr Event kXTrim{kStreamEvent, "xtrim"};
constexpr Event kXDel{kStreamEvent, "xdel"};
constexpr Event kXSetId{kStreamEvent, "xsetid"};
constexpr Event kXGroupCreate{kStreamEvent, "xgroup-create"};
constexpr Event kXGroupSetId{kStreamEvent, "xgroup-setid"};
constexpr Event kXGroupDestroy{kStreamEvent, "xgroup-destroy", true};
constexpr Event kXGroupCreateConsumer{kStreamEvent, "xgroup-createconsumer"};
constexpr Event kXGroupDelConsumer{kStreamEvent, "xgroup-delconsumer"};
constexpr Event kSortStore{kListEvent, "sortstore"};
constexpr Event kDel{kGenericEvent, "del"};
constexpr Event kExpire{kGenericEvent, "expire"};
constexpr Event kPersist{kGenericEvent, "persist"};
constexpr Event kRenameFrom{kGenericEvent, "rename_from"};
constexpr Event kRenameTo{kGenericEvent, "rename_to"};
constexpr Event kMoveFrom{kGenericEvent, "move_from"};
constexpr Event kMoveTo{kGenericEvent, "move_to"};
constexpr Event kCopyTo{kGenericEvent, "copy_to"};
constexpr Event kRestore{kGenericEvent, "restore"};
constexpr Event kExpired{kExpiredEvent, "expired"};
constexpr Event kEvicted{kEvictedEvent, "evicted"};
constexpr Event kKeyMiss{kKeyMissEvent, "keymiss"};
constexpr Event kNew{kNewKeyEvent, "new"};
}  // namespace events

}  // namespace rha::node::keyspace

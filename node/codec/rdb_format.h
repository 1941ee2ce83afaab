// The RDB file format: its opcodes, value types and string encodings.
//
//   file     = magic item* kEof crc64(8, little endian; from version 5 on)
//   magic    = "REDIS" version(4 digits) | "VALKEY" version(3 digits)
//   item     = kAux name:string value:string            | kSelectDb length
//            | kResizeDb keys:length expiring:length     | kFunction code:string
//            | kModuleAux module:length part*            | kSlotInfo slot keys expiring (lengths)
//            | key
//   key      = [expiry] [idle | freq] type(1) name:string value
//   expiry   = kExpireMs unix_ms(8, little endian)       | kExpireSeconds unix_s(4, little endian)
//   idle     = kIdle seconds:length          freq = kFreq counter(1)
//   value    = string                                                  kTypeString
//            | count member*                                           kTypeList, kTypeSet
//            | count (field:string value:string)*                      kTypeHash
//            | least_end(8, little endian) count (end field:string value:string)*
//                                                                      kTypeHashTimed
//            | least_end(8, little endian) blob:string                 kTypeHashTimedListpack
//            | count (member:string text_score)*                       kTypeZset
//            | count (member:string ieee754(8, little endian))*        kTypeZset2
//            | blob:string                                             kType…Ziplist, …Listpack,
//                                                                      …Zipmap, …Intset
//            | nodes (ziplist:string)*                                 kTypeListQuicklist
//            | nodes (1 element:string | 2 listpack:string)*           kTypeListQuicklist2
//            | stream                                                  kTypeStream, …2, …3
//   stream   = nodes (id:string(16, big endian) listpack:string)*       the listpack: stream_node.h
//              entries:length last_id:ids
//              [first_id:ids max_deleted_id:ids entries_added:length]   2, 3
//              groups:length group*                    ids = ms:length seq:length
//   group    = name:string last_id:ids [entries_read:length] pending:length pend* consumers:length
//              consumer*                               entries_read: 2, 3
//   pend     = id(16, big endian) unix_ms(8, little endian) deliveries:length
//   consumer = name:string seen_unix_ms(8) [active_unix_ms(8)] pending:length id(16)*   active: 3
//   end      = length: 0, the field has none; otherwise unix_ms - least_end + 1
//   text_score = 0xFD (NaN) | 0xFE (+inf) | 0xFF (-inf) | size(1) digits
//   count, nodes = length          member = string
//   string   = length bytes | integer | lzf
//   integer  = 0xC0 int8 | 0xC1 int16 | 0xC2 int32       (little endian; stands for its digits)
//   lzf      = 0xC3 compressed:length plain:length bytes
//   length   = 00xxxxxx                                  6 bits
//            | 01xxxxxx x(1)                             14 bits, big endian
//            | 0x80 x(4) | 0x81 x(8)                     32 or 64 bits, big endian
//
// The checksum is CRC-64/Jones over everything before it; 0 means that the writer computed none.
// docs/formats/rdb.md is the long form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/base/status.h"

namespace rha::node::codec {

constexpr std::string_view kRdbMagic = "REDIS";
constexpr std::string_view kRdbMagicValkey = "VALKEY";  // from its own versions on
constexpr int kRdbVersion = 10;                         // what is written: that of Redis 7.0
constexpr int kRdbVersionFieldEnds = 12;  // where fields have lifetimes: that of Redis 7.4
constexpr int kRdbVersionMin = 1;         // what is read
constexpr int kRdbVersionMax = 12;        // that of Redis 7.4
// Valkey's own numbers begin here; what lies between is of forks that we do not know.
constexpr int kRdbVersionValkey = 80;
constexpr bool IsReadableRdbVersion(int version) {
  return (version >= kRdbVersionMin && version <= kRdbVersionMax) || version == kRdbVersionValkey;
}
constexpr int kRdbVersionWithChecksum = 5;
constexpr size_t kRdbHeaderBytes = 9;
constexpr size_t kRdbChecksumBytes = 8;

// The version that the first kRdbHeaderBytes of a file name. kCorrupt: it is none; kUnsupported: it
// cannot be read.
Result<int> RdbVersionOf(std::string_view header);

enum RdbOpcode : uint8_t {
  kOpSlotImport = 243,  // Valkey 9: a cluster's slots are on their way
  kOpSlotInfo = 244,    // Redis 7.4 and later
  kOpFunction = 245,
  kOpFunctionPreGa = 246,  // release candidates of 7.0; no Redis release reads it
  kOpModuleAux = 247,
  kOpIdle = 248,
  kOpFreq = 249,
  kOpAux = 250,
  kOpResizeDb = 251,
  kOpExpireMs = 252,
  kOpExpireSeconds = 253,
  kOpSelectDb = 254,
  kOpEof = 255,
};

enum RdbType : uint8_t {
  kTypeString = 0,
  kTypeList = 1,
  kTypeSet = 2,
  kTypeZset = 3,  // scores as text: RDB 7 and older
  kTypeHash = 4,
  kTypeZset2 = 5,
  kTypeHashZipmap = 9,  // Redis 2.4 and older
  kTypeListZiplist = 10,
  kTypeSetIntset = 11,
  kTypeZsetZiplist = 12,
  kTypeHashZiplist = 13,
  kTypeListQuicklist = 14,
  kTypeStream = 15,
  kTypeHashListpack = 16,
  kTypeZsetListpack = 17,
  kTypeListQuicklist2 = 18,
  kTypeStream2 = 19,            // what is written
  kTypeSetListpack = 20,        // Redis 7.2 and later
  kTypeStream3 = 21,            // likewise
  kTypeHashTimed = 24,          // Redis 7.4 and later; what is written
  kTypeHashTimedListpack = 25,  // likewise: a field, its value and its end in Unix ms (0: none)
};

// What a node of kTypeListQuicklist2 holds.
constexpr uint64_t kNodePlain = 1;
constexpr uint64_t kNodePacked = 2;

// First bytes of text scores that are not lengths.
constexpr uint8_t kScoreNan = 253;
constexpr uint8_t kScoreInfinite = 254;
constexpr uint8_t kScoreMinusInfinite = 255;

// "list (quicklist)" and the like for every type that Redis ever wrote; "unknown" for the rest.
std::string_view RdbTypeName(uint8_t type);

// First bytes of a string that is not stored as its plain bytes.
constexpr uint8_t kEncodedInt8 = 0xC0;
constexpr uint8_t kEncodedInt16 = 0xC1;
constexpr uint8_t kEncodedInt32 = 0xC2;
constexpr uint8_t kEncodedLzf = 0xC3;

constexpr uint8_t kLength32 = 0x80;
constexpr uint8_t kLength64 = 0x81;

// What a module's auxiliary data consists of.
enum RdbModulePart : uint8_t {
  kModuleEnd = 0,
  kModuleSigned = 1,
  kModuleUnsigned = 2,
  kModuleFloat = 3,
  kModuleDouble = 4,
  kModuleString = 5,
};

}  // namespace rha::node::codec

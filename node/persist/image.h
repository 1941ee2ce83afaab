// A point-in-time image of the keyspace, taken without a fork: a walk over the tables in slices,
// and, for what is about to change before the walk has come by, a copy just in time.
//
//   table   |##### walked #####|...... unseen ......|       # captured   + captured early
//                  ^ Step()          +   ++ ^
//                                           Capture(): a command changes this key next
//
// Values of more than kCopiedAtOnceMax members are not copied whole: they are walked in pieces
// when their turn comes (Big), and their members captured early in the same way. While the pieces
// of one are on their way to the file, keys captured early wait aside.
//
//   Step()  pieces of the first Big ──▶ out ──▶ ImageStream
//           aside ────────────────────▶ out     (no Big is open)
//           next slots of the tables ─▶ out     (a value too big becomes a Big)
//
// A value or table that goes meanwhile is kept until it has been walked, and then freed in slices;
// if the image is in vain (hopeless stream), at once.
//
// Bounds: nothing is copied twice, and what waits aside is at most what commands change while one
// value is walked; the slices of a walk grow when that becomes much (kAsideBytesMax). Every byte
// that is copied or kept is counted in Keyspace::held().
// Invariant: the entries of a table that stays are all seen once the walk is over, be it in vain:
// the next image depends on that.
// Thread rule: the engine's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "node/keyspace/db.h"
#include "node/persist/image_stream.h"

namespace rha::node::persist {

class ImageTaker final : public keyspace::Image {
 public:
  // The image is of this moment. `stream` must outlive this, or be taken away by Abandon().
  ImageTaker(keyspace::Keyspace& keyspace, ImageStream& stream);
  ~ImageTaker() override;

  enum class Progress : uint8_t { kMore, kWriterLags, kDone };
  // A slice of about `entries` keys or members, fewer if they are large.
  Progress Step(size_t entries);
  // Nobody wants the rest: only the marks are still put right.
  void Abandon() { stream_ = nullptr; }

  // ---- keyspace::Image
  void Capture(const structs::KeyTable& table, structs::Entry* entry) override;
  void TakeOver(std::unique_ptr<types::LargeValue> value) override;
  void TakeOver(std::unique_ptr<structs::KeyTable> table) override;

 private:
  struct Table {
    structs::KeyTable* table;
    uint32_t database;
  };
  // A table that has gone from the keyspace, also one that began after the image: its values may
  // come from elsewhere and be walked.
  struct GoneTable {
    std::unique_ptr<structs::KeyTable> table;
    keyspace::HeldMemory::Share share;
    uint64_t measured_to = 0;  // a cursor
    bool measuring = true;
  };
  // A value that is walked in pieces.
  class Big;

  // Returns what that took of a slice.
  size_t CaptureTo(RecordBuffer& records, uint32_t database, structs::Entry* entry);
  bool WalkTables(size_t* entries);
  void FillBatch(structs::KeyTable& table);
  bool MeasureSome(size_t entries);
  bool StillToWalk(const structs::KeyTable* table) const;
  void FreeWalkedTables();
  void FreeUnwanted();
  bool wanted() const { return stream_ != nullptr && !stream_->hopeless(); }

  keyspace::Keyspace& keyspace_;
  ImageStream* stream_;
  std::vector<Table> tables_;
  size_t table_ = 0;  // that is being walked
  uint64_t cursor_ = 0;
  bool table_done_ = false;
  bool heavy_ = true;  // the entries walked last were large
  RecordBuffer out_, aside_;
  std::deque<std::unique_ptr<Big>> bigs_;  // the first may be open
  std::vector<structs::Entry*> batch_;
  std::vector<GoneTable> gone_tables_;
};

}  // namespace rha::node::persist

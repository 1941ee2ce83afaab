#include "node/persist/image.h"

#include <algorithm>

#include "common/base/check.h"
#include "node/persist/limits.h"
#include "node/types/hash.h"
#include "node/types/slot.h"

namespace rha::node::persist {

using structs::Entry;
using types::LargeValue;
using Kind = RecordBuffer::Kind;

namespace {

bool HasLifetimes(Entry entry) {
  return types::FormOf(entry) == types::Form::kHashTable &&
         types::LargeOf<types::HashTable>(entry).lives() != nullptr;
}

}  // namespace

class ImageTaker::Big final : public types::PieceSink {
 public:
  Big(ImageTaker& taker, uint32_t database, Entry entry, keyspace::KeyUse use)
      : taker_(taker),
        value_(*static_cast<LargeValue*>(entry.pointer())),
        database_(database),
        early_(&taker.keyspace_.held()),
        share_(&taker.keyspace_.held()) {
    // The key as it is now; pieces that come early follow it.
    pieces_ = value_.BeginWalk(this);
    if (!taker.wanted()) return;
    RecordBuffer::Head head{
        .kind = Kind::kBegin, .use = use, .database = database, .pieces = pieces_};
    if (HasLifetimes(entry)) head.kind = Kind::kBeginTimed;
    std::unique_ptr<LargeValue> rest = value_.CloneRest();
    if (rest == nullptr) {
      early_.AddEntry(head, entry);
    } else {
      head.kind = Kind::kBeginWithRest;
      early_.AddClone(head, entry, std::move(rest));
    }
  }
  // REQUIRES: the walk is over, or the value has been adopted.
  ~Big() override {
    value_.EndWalk();
    taker_.keyspace_.reclaimer().Free(std::move(owned_));
  }

  // The value has gone from the keyspace.
  void Adopt(std::unique_ptr<LargeValue> value) {
    share_.Add(value->heap_estimate());
    owned_ = std::move(value);
  }
  bool adopted() const { return owned_ != nullptr; }
  // Its turn has come: what was captured early, then all further pieces, go to `out`.
  void Open(RecordBuffer& out) {
    if (out_ == &out) return;
    out.Splice(std::move(early_));
    out_ = &out;
  }
  bool is_open() const { return out_ != &early_; }
  // Nobody wants the pieces.
  void Forget() { early_.Clear(); }
  // True: that was the last piece.
  bool Step(size_t pieces) { return value_.WalkSome(pieces); }

 private:
  void OnMember(Entry member) override {
    if (taker_.wanted()) out_->AddEntry({.kind = Kind::kMember, .database = database_}, member);
  }
  void OnNode(const structs::ListpackView& node) override {
    if (taker_.wanted()) out_->AddBytes({.kind = Kind::kNode, .database = database_}, node.bytes());
  }
  void OnBlock(std::string_view block) override {
    if (taker_.wanted()) out_->AddBytes({.kind = Kind::kBlock, .database = database_}, block);
  }
  void OnKept(size_t bytes) override { share_.Add(bytes); }

  ImageTaker& taker_;
  LargeValue& value_;
  std::unique_ptr<LargeValue> owned_;
  uint32_t database_;
  size_t pieces_;
  RecordBuffer early_;
  RecordBuffer* out_ = &early_;
  keyspace::HeldMemory::Share share_;  // of what is kept beside the records
};

ImageTaker::ImageTaker(keyspace::Keyspace& keyspace, ImageStream& stream)
    : keyspace_(keyspace), stream_(&stream), out_(&keyspace.held()), aside_(&keyspace.held()) {
  keyspace.held().ResetPeak();
  for (structs::KeyTable* table : keyspace.BeginImage(this)) {
    tables_.push_back({table, static_cast<uint32_t>(tables_.size())});
  }
}

// Ended early the marks would be wrong for the next image: only for the end of the process.
ImageTaker::~ImageTaker() {
  for (const auto& big : bigs_) {
    while (!big->Step(kImageSliceEntries)) {
    }
  }
  bigs_.clear();
  keyspace_.EndImage();
  table_ = tables_.size();
  FreeWalkedTables();
}

// The entry counts as seen already.
size_t ImageTaker::CaptureTo(RecordBuffer& records, uint32_t database, Entry* entry) {
  const RecordBuffer::Head head{
      .kind = Kind::kKey, .use = keyspace_.UseOf(entry), .database = database};
  if (entry->kind() != Entry::Kind::kPointer) {
    if (wanted()) records.AddEntry(head, *entry);
    return 1 + entry->block_bytes() / kImageBytesPerEntry;
  }
  auto* value = static_cast<LargeValue*>(entry->pointer());
  if (value->walkable() &&
      (value->size() > kCopiedAtOnceMax || value->heap_bytes() > kCopiedAtOnceBytesMax)) {
    bigs_.push_back(std::make_unique<Big>(*this, database, *entry, head.use));
    return 1;
  }
  if (wanted()) records.AddClone(head, *entry, value->Clone());
  return 1 + value->size();
}

void ImageTaker::Capture(const structs::KeyTable& table, Entry* entry) {
  const auto found = std::find_if(tables_.begin(), tables_.end(),
                                  [&](const Table& one) { return one.table == &table; });
  RHA_CHECK(found != tables_.end());
  const bool value_is_open = !bigs_.empty() && bigs_.front()->is_open();
  CaptureTo(value_is_open ? aside_ : out_, found->database, entry);
}

// ---------------------------------------------------------------- what has gone meanwhile

void ImageTaker::TakeOver(std::unique_ptr<LargeValue> value) {
  auto& big = static_cast<Big&>(*value->walker());  // nobody else walks values
  big.Adopt(std::move(value));
  if (!wanted()) FreeUnwanted();
}

void ImageTaker::TakeOver(std::unique_ptr<structs::KeyTable> table) {
  keyspace_.held().BeginMeasuring();
  keyspace::HeldMemory::Share share(&keyspace_.held(), table->heap_bytes());
  gone_tables_.push_back({.table = std::move(table), .share = std::move(share)});
  FreeWalkedTables();
}

// Adds up the large values of tables that are kept. False: there was nothing to do.
bool ImageTaker::MeasureSome(size_t entries) {
  const auto found = std::find_if(gone_tables_.begin(), gone_tables_.end(),
                                  [](const GoneTable& gone) { return gone.measuring; });
  if (found == gone_tables_.end()) return false;
  for (size_t seen = 0; seen < entries && found->measuring; ++seen) {
    found->measured_to = found->table->Scan(found->measured_to, [&](const Entry& entry) {
      ++seen;
      if (entry.kind() != Entry::Kind::kPointer) return;
      found->share.Add(static_cast<const LargeValue*>(entry.pointer())->heap_estimate());
    });
    if (found->measured_to == 0) found->measuring = false;
  }
  if (!found->measuring) keyspace_.held().EndMeasuring();
  return true;
}

bool ImageTaker::StillToWalk(const structs::KeyTable* table) const {
  return std::any_of(tables_.begin() + static_cast<ptrdiff_t>(table_), tables_.end(),
                     [&](const Table& one) { return one.table == table; });
}

// Values go with their Big; one may be in any of these tables.
void ImageTaker::FreeWalkedTables() {
  if (!bigs_.empty()) return;
  std::erase_if(gone_tables_, [&](GoneTable& gone) {
    if (StillToWalk(gone.table.get())) return false;
    if (gone.measuring) keyspace_.held().EndMeasuring();
    keyspace_.reclaimer().Free(std::move(gone.table));
    return true;
  });
}

void ImageTaker::FreeUnwanted() {
  std::erase_if(bigs_, [](const auto& big) { return big->adopted(); });
  for (const auto& big : bigs_) big->Forget();
  out_.Clear();
  aside_.Clear();
  // Nobody will ask for the marks of a table that has gone.
  for (const GoneTable& gone : gone_tables_) {
    const auto found =
        std::find_if(tables_.begin() + static_cast<ptrdiff_t>(table_), tables_.end(),
                     [&](const Table& one) { return one.table == gone.table.get(); });
    if (found == tables_.end()) continue;
    if (found == tables_.begin() + static_cast<ptrdiff_t>(table_)) cursor_ = 0;
    tables_.erase(found);
  }
}

// ---------------------------------------------------------------- walking

// Blocks are fetched some buckets ahead of being copied: nearly every one is a miss. Only if they
// are large it is worth one to know how large, and the rest of a bucket waits for the next batch.
void ImageTaker::FillBatch(structs::KeyTable& table) {
  batch_.clear();
  size_t bytes = 0;
  bool rest = false;
  do {
    const uint64_t next = table.Scan(cursor_, [&](Entry& entry) {
      if (!table.Unseen(entry)) return;
      rest = rest || bytes > kImageChunkBytes;
      if (rest) return;
      table.See(entry);
      entry.Prefetch();
      batch_.push_back(&entry);
      if (heavy_) bytes += entry.block_bytes();
    });
    if (!rest) cursor_ = next;
    table_done_ = !rest && cursor_ == 0;
  } while (!rest && !table_done_ && batch_.size() < kImageBatchEntries && !heavy_);
}

bool ImageTaker::WalkTables(size_t* entries) {
  while (table_ < tables_.size()) {
    const Table& table = tables_[table_];
    FillBatch(*table.table);
    *entries -= std::min<size_t>(*entries, 1);
    size_t cost = 0;
    for (Entry* entry : batch_) cost += CaptureTo(out_, table.database, entry);
    heavy_ = cost > kImageSliceEntries;
    *entries -= std::min(*entries, cost);
    if (table_done_) ++table_;
    if (*entries == 0 || !bigs_.empty()) return false;
  }
  return true;
}

ImageTaker::Progress ImageTaker::Step(size_t entries) {
  if (!wanted()) FreeUnwanted();
  if (MeasureSome(entries)) return Progress::kMore;
  if (wanted() && stream_->full()) return Progress::kWriterLags;
  if (aside_.bytes() > kAsideBytesMax) entries *= kHurriedSliceFactor;
  bool tables_done = table_ == tables_.size();
  if (!bigs_.empty()) {
    bigs_.front()->Open(out_);
    if (bigs_.front()->Step(entries)) {
      bigs_.pop_front();
      out_.Splice(std::move(aside_));
    }
  } else {
    tables_done = WalkTables(&entries);
  }
  FreeWalkedTables();
  const bool done = tables_done && bigs_.empty();
  const bool pushed = !wanted() || (!done && out_.chunks() <= 1) || stream_->Push(out_);
  if (!done || !pushed) return Progress::kMore;
  keyspace_.EndImage();
  if (wanted()) stream_->Finish();
  return Progress::kDone;
}

}  // namespace rha::node::persist

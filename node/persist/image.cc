#include "node/persist/image.h"

#include <algorithm>

#include "common/base/check.h"
#include "node/persist/limits.h"
#include "node/types/slot.h"

namespace rha::node::persist {

using structs::Entry;
using types::LargeValue;
using Kind = RecordBuffer::Kind;

class ImageTaker::Big final : public types::PieceSink {
 public:
  Big(uint32_t database, Entry entry, keyspace::KeyUse use)
      : value_(*static_cast<LargeValue*>(entry.pointer())), database_(database) {
    // The key as it is now; pieces that come early follow it.
    pieces_ = value_.BeginWalk(this);
    early_.AddEntry({.kind = Kind::kBegin, .use = use, .database = database, .pieces = pieces_},
                    entry);
  }

  const LargeValue* value() const { return &value_; }
  // Its turn has come: what was captured early, then all further pieces, go to `out`.
  void Open(RecordBuffer& out) {
    if (out_ == &out) return;
    out.Splice(std::move(early_));
    out_ = &out;
  }
  bool is_open() const { return out_ != &early_; }
  // True: that was the last piece.
  bool Step(size_t pieces) {
    if (!value_.WalkSome(pieces)) return false;
    value_.EndWalk();
    return true;
  }

 private:
  void OnMember(Entry member) override {
    out_->AddEntry({.kind = Kind::kMember, .database = database_}, member);
  }
  void OnNode(const structs::ListpackView& node) override {
    out_->AddBytes({.kind = Kind::kNode, .database = database_}, node.bytes());
  }

  LargeValue& value_;
  uint32_t database_;
  size_t pieces_;
  RecordBuffer early_;
  RecordBuffer* out_ = &early_;
};

ImageTaker::ImageTaker(keyspace::Keyspace& keyspace, ImageStream& stream)
    : keyspace_(keyspace), stream_(&stream) {
  uint32_t database = 0;
  for (structs::KeyTable* table : keyspace.BeginImage(this)) tables_.push_back({table, database++});
}

// Ended early the marks would be wrong for the next image: only for the end of the process.
ImageTaker::~ImageTaker() {
  for (const auto& big : bigs_) {
    while (!big->Step(kImageSliceEntries)) {
    }
  }
  bigs_.clear();
  keyspace_.EndImage();
  for (auto& value : owned_values_) keyspace_.reclaimer().Free(std::move(value));
  for (auto& table : owned_tables_) keyspace_.reclaimer().Free(std::move(table));
}

// The entry counts as seen already.
void ImageTaker::CaptureTo(RecordBuffer& records, uint32_t database, Entry* entry) {
  const RecordBuffer::Head head{
      .kind = Kind::kKey, .use = keyspace_.UseOf(entry), .database = database};
  if (entry->kind() != Entry::Kind::kPointer) {
    if (wanted()) records.AddEntry(head, *entry);
    return;
  }
  auto* value = static_cast<LargeValue*>(entry->pointer());
  if (value->walkable() && value->size() > kCopiedAtOnceMax) {
    bigs_.push_back(std::make_unique<Big>(database, *entry, head.use));
  } else if (wanted()) {
    records.AddClone(head, *entry, value->Clone());
  }
}

void ImageTaker::Capture(const structs::KeyTable& table, Entry* entry) {
  const auto found = std::find_if(tables_.begin(), tables_.end(),
                                  [&](const Table& one) { return one.table == &table; });
  RHA_CHECK(found != tables_.end());
  const bool value_is_open = !bigs_.empty() && bigs_.front()->is_open();
  CaptureTo(value_is_open ? aside_ : out_, found->database, entry);
}

void ImageTaker::TakeOver(std::unique_ptr<LargeValue> value) {
  owned_values_.push_back(std::move(value));
}

void ImageTaker::TakeOver(std::unique_ptr<structs::KeyTable> table) {
  owned_tables_.push_back(std::move(table));
}

// Blocks are fetched some buckets ahead of being copied: nearly every one is a miss.
bool ImageTaker::WalkTables(size_t* entries) {
  while (table_ < tables_.size()) {
    const Table& table = tables_[table_];
    batch_.clear();
    do {
      cursor_ = table.table->ScanUnseen(cursor_, [&](Entry& entry) {
        entry.Prefetch();
        batch_.push_back(&entry);
      });
      *entries -= std::min<size_t>(*entries, 1);
    } while (cursor_ != 0 && batch_.size() < kImageBatchEntries);
    for (Entry* entry : batch_) CaptureTo(out_, table.database, entry);
    *entries -= std::min(*entries, batch_.size());
    if (cursor_ == 0) ++table_;
    if (*entries == 0 || !bigs_.empty()) return false;
  }
  return true;
}

ImageTaker::Progress ImageTaker::Step(size_t entries) {
  if (wanted() && stream_->full()) return Progress::kWriterLags;
  if (aside_.chunks() > kAsideChunksMax) entries *= kHurriedSliceFactor;
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
  const bool done = tables_done && bigs_.empty();
  if (!wanted()) {
    out_ = RecordBuffer();
    aside_ = RecordBuffer();
  } else if (done || out_.chunks() > 1) {
    stream_->Push(std::move(out_));
  }
  if (!done) return Progress::kMore;
  keyspace_.EndImage();
  if (wanted()) stream_->Finish();
  return Progress::kDone;
}

}  // namespace rha::node::persist

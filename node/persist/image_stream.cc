#include "node/persist/image_stream.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/background_thread.h"
#include "node/persist/file_io.h"
#include "node/persist/limits.h"
#include "node/structs/rank_tree.h"
#include "node/types/slot.h"

namespace rha::node::persist {

using structs::Entry;

// ---------------------------------------------------------------- records

void RecordBuffer::Clear() {
  Drain([](const Head& head, std::string_view) {
    if (head.owns_value()) delete static_cast<types::LargeValue*>(head.entry.pointer());
  });
}

char* RecordBuffer::Room(size_t bytes) {
  bytes = (bytes + 15) & ~size_t{15};
  if (chunks_.empty() || chunks_.back().size - chunks_.back().used < bytes) {
    const size_t size = structs::HeapClass(std::max(next_chunk_bytes_, bytes));
    next_chunk_bytes_ = std::min(next_chunk_bytes_ * 2, kImageChunkBytes);
    Chunk chunk;
    chunk.bytes.reset(static_cast<char*>(structs::HeapAllocateAligned(16, size)));
    chunk.size = size;
    chunk.share = keyspace::HeldMemory::Share(held_, size);
    bytes_ += size;
    chunks_.push_back(std::move(chunk));
  }
  Chunk& chunk = chunks_.back();
  char* room = chunk.bytes.get() + chunk.used;
  chunk.used += bytes;
  return room;
}

void RecordBuffer::AddEntry(Head head, Entry entry) { AddClone(head, entry, nullptr); }

void RecordBuffer::AddClone(Head head, Entry entry, std::unique_ptr<types::LargeValue> clone) {
  head.bytes = sizeof head + entry.block_bytes();
  char* to = Room(head.bytes);
  head.entry = entry.CopyTo(to + sizeof head);
  if (clone != nullptr) {
    const size_t clone_bytes = clone->heap_bytes();
    bytes_ += clone_bytes;
    chunks_.back().share.Add(clone_bytes);
    head.entry.ReplacePointer(clone.release());
  }
  std::memcpy(to, &head, sizeof head);
}

void RecordBuffer::AddBytes(Head head, std::string_view bytes) {
  head.bytes = sizeof head + bytes.size();
  char* to = Room(head.bytes);
  std::memcpy(to, &head, sizeof head);
  if (!bytes.empty()) std::memcpy(to + sizeof head, bytes.data(), bytes.size());
}

void RecordBuffer::Splice(RecordBuffer&& other) {
  std::move(other.chunks_.begin(), other.chunks_.end(), std::back_inserter(chunks_));
  bytes_ += std::exchange(other.bytes_, 0);
  other.chunks_.clear();
}

// ---------------------------------------------------------------- the engine's side

Result<std::unique_ptr<ImageStream>> ImageStream::Start(Target target) {
  UniqueFd done(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), file;
  if (done.get() < 0) return ErrnoStatus("create an eventfd for a snapshot");
  if (target.request.fd >= 0) {
    // The thread may outlive the caller's interest in the file.
    file.Reset(::fcntl(target.request.fd, F_DUPFD_CLOEXEC, 0));
    if (!file.valid()) return ErrnoStatus("duplicate the descriptor of a snapshot");
  }
  std::unique_ptr<ImageStream> stream(
      new ImageStream(std::move(target), std::move(file), std::move(done)));
  RHA_ASSIGN_OR_RETURN(stream->thread_,
                       StartBackgroundThread("snapshot", [raw = stream.get()] { raw->Work(); }));
  return stream;
}

ImageStream::ImageStream(Target target, UniqueFd file, UniqueFd done)
    : target_(std::move(target)), file_(std::move(file)), done_(std::move(done)) {
  for (const auto& [keys, expiring] : target_.sizes) keys_total_ += keys;
}

ImageStream::~ImageStream() {
  GiveUp();
  if (thread_.joinable()) thread_.join();  // it could be started
}

bool ImageStream::Gone() { return ended() && JoinIfEnded(thread_); }

bool ImageStream::Push(RecordBuffer& records) {
  if (records.empty()) return true;
  {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return false;
    if (!hopeless()) {
      queued_bytes_ += records.bytes();
      queue_.Splice(std::move(records));
    }
  }
  records.Clear();
  wake_.notify_one();
  return true;
}

void ImageStream::Finish() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  wake_.notify_one();
}

void ImageStream::GiveUp() {
  {
    const std::lock_guard lock(mutex_);
    hopeless_ = true;
  }
  Finish();
}

void ImageStream::Fail() {
  made_to_fail_ = true;
  GiveUp();
}

// ended() orders what the thread wrote before what is read here; an eventfd promises no such thing.
Status ImageStream::Collect() {
  return ended() ? result_ : Status(Code::kInternal, "the snapshot has not ended");
}

// ---------------------------------------------------------------- the writing thread

void ImageStream::Work() {
  result_ = Write();
  if (!result_.ok()) hopeless_ = true;
  ended_.store(true, std::memory_order_release);
  const uint64_t one = 1;
  (void)!::write(done_.get(), &one, sizeof one);
}

// False: that was all.
bool ImageStream::Next(RecordBuffer* records) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return finished_ || !queue_.empty(); });
  if (queue_.empty()) return false;
  *records = std::move(queue_);
  lock.unlock();
  return true;
}

void ImageStream::Delay(std::chrono::microseconds pause) {
  std::unique_lock lock(mutex_);
  if (pause.count() > 0) wake_.wait_for(lock, pause, [this] { return hopeless(); });
}

Status ImageStream::WhyHopeless() const {
  if (made_to_fail_) return {Code::kIo, "the snapshot was made to fail (DEBUG FAIL-SNAPSHOT)"};
  return {Code::kConflict, "the snapshot was given up"};
}

Status ImageStream::Write() {
  const SaveRequest& request = target_.request;
  std::unique_ptr<AtomicFile> file;
  std::unique_ptr<FdSink> descriptor;
  // Whoever closes a nameless file last waits until its pages are freed: not the engine.
  const UniqueFd nameless = std::move(file_);
  if (nameless.valid()) {
    descriptor = std::make_unique<FdSink>(nameless.get(), "the snapshot");
  } else {
    RHA_ASSIGN_OR_RETURN(
        file, AtomicFile::Create(request.path, TemporarySuffix(target_.suffix), *request.disk));
  }
  codec::ByteSink& sink = file != nullptr ? static_cast<codec::ByteSink&>(*file) : *descriptor;
  const auto write_as = [this](auto writer) { return WriteAll(writer); };
  RHA_RETURN_IF_ERROR(request.as_commands ? write_as(CommandWriter(sink))
                                          : write_as(RdbWriter(sink, request.options)));
  if (file == nullptr) return {};
  RHA_RETURN_IF_ERROR(file->Sync());
  {
    const std::lock_guard lock(mutex_);
    if (hopeless()) return WhyHopeless();
    RHA_RETURN_IF_ERROR(file->Rename());
  }
  return file->SyncFolder();
}

namespace {

template <typename Writer>
void WriteBegin(Writer& writer, const RecordBuffer::Head& head) {
  const keyspace::Item item(head.entry);
  const typename Writer::Head key{item.key(), item.expire_at_ms()};
  switch (item.type()) {
    case types::Type::kList:
      return writer.BeginList(key, head.pieces);
    case types::Type::kSet:
      return writer.BeginSet(key, head.pieces);
    case types::Type::kHash:
      // The least end stands where the other thread goes on changing it.
      return head.kind == RecordBuffer::Kind::kBeginTimed
                 ? writer.BeginTimedHash(key, head.pieces, 0)
                 : writer.BeginHash(key, head.pieces);
    case types::Type::kZset:
      return writer.BeginZset(key, head.pieces);
    case types::Type::kString:
    case types::Type::kStream:
      break;
  }
  RHA_CHECK(false);
}

template <typename Writer>
void WriteMember(Writer& writer, types::Type type, bool timed, Entry member) {
  switch (type) {
    case types::Type::kSet:
      return writer.Member(member.key());
    case types::Type::kHash:
      return timed ? writer.TimedField(member) : writer.Field(member.key(), member.bytes());
    default:
      return writer.Scored(member.key(), structs::ScoreOf(member));
  }
}

}  // namespace

// Takes records one behind another.
template <typename Writer>
class ImageStream::RecordWriter {
 public:
  RecordWriter(ImageStream& stream, Writer& writer)
      : stream_(stream), writer_(writer), scratch_(stream.target_.held) {}

  void Take(const RecordBuffer::Head& head, std::string_view payload) {
    std::unique_ptr<types::LargeValue> value(
        head.owns_value() ? static_cast<types::LargeValue*>(head.entry.pointer()) : nullptr);
    if (!writer_.status().ok()) {
      stream_.hopeless_ = true;
      return;
    }
    Expect(value == nullptr ? head.bytes : value->heap_bytes());
    switch (head.kind) {
      case Kind::kKey:
        BeginKey(head);
        return writer_.Key(keyspace::Item(head.entry));
      case Kind::kBegin:
      case Kind::kBeginTimed:
        timed_ = head.kind == Kind::kBeginTimed;
        walked_ = types::TypeOf(types::FormOf(head.entry));
        BeginKey(head);
        return WriteBegin(writer_, head);
      case Kind::kBeginWithRest:
        BeginKey(head);
        writer_.BeginStream({head.entry.key(), keyspace::Item(head.entry).expire_at_ms()},
                            head.pieces);
        rest_ = std::move(value);
        blocks_left_ = head.pieces;
        break;
      case Kind::kMember:
        return WriteMember(writer_, walked_, timed_, head.entry);
      case Kind::kNode:
        return writer_.ListNode(payload);
      case Kind::kBlock:
        writer_.StreamBlock(structs::StreamBlockView(payload.data()));
        --blocks_left_;
        break;
    }
    if (blocks_left_ == 0) writer_.StreamRest(static_cast<types::StreamValue&>(*rest_));
    if (blocks_left_ == 0) rest_.reset();
  }

 private:
  using Kind = RecordBuffer::Kind;
  void BeginKey(const RecordBuffer::Head& head) {
    stream_.Delay(std::chrono::microseconds(stream_.target_.request.key_delay_us));
    if (database_ != head.database) {
      database_ = head.database;
      const auto [keys, expiring] = stream_.target_.sizes[head.database];
      writer_.SelectDb(head.database, keys, expiring);
    }
    writer_.Use(head.use);
    stream_.keys_written_.fetch_add(1, std::memory_order_relaxed);
  }
  // A long text is compressed in a buffer of its length, which stays.
  void Expect(uint64_t bytes) {
    const auto known = static_cast<uint64_t>(scratch_.bytes());
    const SaveRequest& request = stream_.target_.request;
    if (request.options.compress && !request.as_commands && bytes > known) {
      scratch_.Add(bytes - known);
    }
  }

  ImageStream& stream_;
  Writer& writer_;
  keyspace::HeldMemory::Share scratch_;
  int64_t database_ = -1;
  types::Type walked_ = types::Type::kString;  // of the value whose members come
  bool timed_ = false;                         // they have lifetimes
  std::unique_ptr<types::LargeValue> rest_;    // of the stream whose blocks come
  uint64_t blocks_left_ = 0;
};

template <typename Writer>
Status ImageStream::WriteAll(Writer& writer) {
  WriteHead(writer, target_.request);
  for (const std::string& source : target_.libraries) writer.Library(source);
  RecordWriter<Writer> record_writer(*this, writer);
  // Once it is hopeless nobody says that it is finished.
  for (RecordBuffer records; !hopeless() && Next(&records);) {
    const size_t bytes = records.bytes();
    records.Drain([&](const RecordBuffer::Head& head, std::string_view payload) {
      record_writer.Take(head, payload);
    });
    queued_bytes_ -= bytes;
  }
  if (!hopeless()) return WriteEnd(writer, target_.request);
  std::unique_lock lock(mutex_);
  RecordBuffer unwanted(std::move(queue_));  // Push() adds no more
  queued_bytes_ = 0;
  lock.unlock();
  return writer.status().ok() ? WhyHopeless() : writer.status();
}

}  // namespace rha::node::persist

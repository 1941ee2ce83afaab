#include "node/repl/incoming_snapshot.h"

#include "node/keyspace/db.h"
#include "node/persist/file_io.h"

namespace rha::node::repl {

Result<std::unique_ptr<IncomingSnapshot>> IncomingSnapshot::Create(const std::string& directory,
                                                                   int64_t length,
                                                                   std::string end_mark) {
  RHA_ASSIGN_OR_RETURN(UniqueFd file, persist::CreateNamelessFile(directory, "temp-load"));
  return std::unique_ptr<IncomingSnapshot>(
      new IncomingSnapshot(std::move(file), length, std::move(end_mark)));
}

IncomingSnapshot::~IncomingSnapshot() {
  loader_.reset();  // which has the file open, too
  (void)persist::CloseNamelessFile(std::move(file_));
}

Result<bool> IncomingSnapshot::Receive(std::string* input) {
  scratch_.clear();
  const SnapshotReceiver::Taken taken = receiver_.Take(*input, &scratch_);
  input->erase(0, taken.consumed);
  check_.Feed(scratch_);
  RHA_RETURN_IF_ERROR(persist::FdSink(file_.get(), "the received snapshot").Write(scratch_));
  if (!taken.done) return false;
  RHA_RETURN_IF_ERROR(check_.Finish());
  return true;
}

Status IncomingSnapshot::Begin(keyspace::Keyspace* keyspace, int databases, int64_t key_delay_us) {
  RHA_ASSIGN_OR_RETURN(auto source,
                       persist::FileSource::FromStart(file_.get(), "the primary's snapshot"));
  // Receive() has verified the checksum already. What has expired is the primary's to delete.
  loader_ = std::make_unique<persist::RdbLoader>(
      std::move(source), keyspace,
      persist::LoadOptions{
          .verify_checksum = false, .drop_expired = false, .key_delay_us = key_delay_us},
      databases);
  return {};
}

Status IncomingSnapshot::StartCheck(int databases) { return Begin(nullptr, databases, 0); }

Status IncomingSnapshot::StartLoad(keyspace::Keyspace& keyspace, int64_t key_delay_us) {
  return Begin(&keyspace, keyspace.databases(), key_delay_us);
}

}  // namespace rha::node::repl

// GET pods/X/log: the file a container's output goes to, from its end or its beginning, and on
// while the container runs.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/base/unique_fd.h"
#include "local/api_server/api.h"
#include "local/api_server/limits.h"
#include "local/object/json.h"
#include "local/object/numbers.h"

namespace rha::local::api_server {

using object::Json;
using object::Str;

namespace {

bool HasContainer(const Json& pod, const std::string& container) {
  for (const char* list : {"containers", "initContainers"}) {
    for (const auto& each : object::Items(pod, {"spec", list})) {
      if (Str(each, {"name"}) == container) return true;
    }
  }
  return false;
}

std::string Names(const Json& pod) {
  std::string names;
  for (const auto& each : object::Items(pod, {"spec", "containers"})) {
    names += (names.empty() ? "" : " ") + Str(each, {"name"});
  }
  return names;
}

// Where the last `lines` lines begin.
off_t TailOffset(int fd, off_t size, int64_t lines) {
  std::string chunk(kLogChunkBytes, '\0');
  off_t end = size;
  int64_t seen = 0;
  while (end > 0) {
    const off_t begin = std::max<off_t>(0, end - static_cast<off_t>(chunk.size()));
    const ssize_t count = ::pread(fd, chunk.data(), static_cast<size_t>(end - begin), begin);
    if (count <= 0) return 0;
    for (ssize_t i = count - 1; i >= 0; --i) {
      const off_t at = begin + i;
      if (chunk[static_cast<size_t>(i)] == '\n' && at != size - 1 && ++seen == lines) return at + 1;
    }
    end = begin;
  }
  return 0;
}

// Writes what is in the file from `offset`; returns how far it came.
off_t Copy(int fd, off_t offset, Stream& stream) {
  std::string chunk(kLogChunkBytes, '\0');
  while (true) {
    const ssize_t count = ::pread(fd, chunk.data(), chunk.size(), offset);
    if (count <= 0) return offset;
    if (!stream.Write(std::string_view(chunk.data(), static_cast<size_t>(count)))) return offset;
    offset += count;
  }
}

}  // namespace

const Json* ContainerStatus(const Json& pod, const std::string& container) {
  for (const char* list : {"containerStatuses", "initContainerStatuses"}) {
    for (const auto& status : object::Items(pod, {"status", list})) {
      if (Str(status, {"name"}) == container) return &status;
    }
  }
  return nullptr;
}

object::Answer<std::string> ContainerOf(const Request& request, const Json& pod) {
  std::string container = request.Query("container");
  const Json& containers = object::Items(pod, {"spec", "containers"});
  if (container.empty() && containers.size() > 1) {
    return object::BadRequest("a container name must be specified for pod " + object::Name(pod) +
                              ", choose one of: [" + Names(pod) + "]");
  }
  if (container.empty() && !containers.empty()) container = Str(containers[0], {"name"});
  if (HasContainer(pod, container)) return container;
  return object::BadRequest("container " + container + " is not valid for pod " +
                            object::Name(pod));
}

// It is over once its attempt is no longer the running one.
std::function<bool()> Api::RunIsOver(const registry::Place& place, const std::string& container,
                                     int64_t attempt) const {
  return [&store = registry_.store(), key = registry_.KeyOf(place), container, attempt] {
    const store::Object now = store.Get(key);
    const Json* at = now == nullptr ? nullptr : ContainerStatus(*now, container);
    return at == nullptr || object::Int(*at, {"restartCount"}) != attempt ||
           object::Find(*at, {"state", "terminated"}) != nullptr;
  };
}

Response Api::HandleLog(const Call& call) const {
  auto pod = registry_.Get(call.place);
  if (!pod.ok()) return ErrorResponse(pod.error());
  const auto chosen = ContainerOf(call.request, **pod);
  if (!chosen.ok()) return ErrorResponse(chosen.error());
  const std::string& container = *chosen;
  const Json* status = ContainerStatus(**pod, container);
  int64_t attempt = status == nullptr ? 0 : object::Int(*status, {"restartCount"});
  const bool previous = call.request.QueryFlag("previous");
  if (previous && attempt == 0) {
    return ErrorResponse(object::BadRequest("previous terminated container \"" + container +
                                            "\" in pod \"" + call.target.name + "\" not found"));
  }
  if (previous) --attempt;
  const std::string path = log_file_(object::Uid(**pod), container, attempt);
  const auto file = std::make_shared<UniqueFd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file->valid()) {
    return ErrorResponse(object::BadRequest("container \"" + container + "\" in pod \"" +
                                            call.target.name +
                                            "\" is waiting to start: ContainerCreating"));
  }
  struct stat about {};
  ::fstat(file->get(), &about);
  const std::string tail = call.request.Query("tailLines");
  const int64_t lines = object::ParseInt(tail);
  const off_t begin = tail.empty() ? 0
                      : lines <= 0 ? about.st_size
                                   : TailOffset(file->get(), about.st_size, lines);
  const bool follow = call.request.QueryFlag("follow") && !previous;
  const auto over = RunIsOver(call.place, container, attempt);
  Response response;
  response.content_type = "text/plain";
  response.stream = [file, begin, follow, over](Stream& stream) {
    off_t offset = begin;
    while (true) {
      const bool last = !follow || over();  // looked at before reading, so that nothing is missed
      offset = Copy(file->get(), offset, stream);
      if (last || !stream.Alive()) return;
      std::this_thread::sleep_for(Millis(kLogPollMillis));
    }
  };
  return response;
}

}  // namespace rha::local::api_server

#include "node/app/shutdown_signal.h"

namespace rha::node::app {
namespace {

Status NotOneOf() {
  std::string known;
  for (const std::string_view word : kShutdownWords) {
    known += known.empty() ? "" : ", ";
    known += word;
  }
  return Status(Code::kInvalid, "argument(s) must be one of the following: " + known);
}

}  // namespace

Result<dispatch::ShutdownRequest> ShutdownBySignal(Words words) {
  using Save = dispatch::ShutdownRequest::Save;
  dispatch::ShutdownRequest request;
  bool save = false, nosave = false, other = false, by_default = false;
  for (const std::string& word : words) {
    if (word == "default") {
      by_default = true;
    } else if (word == "save") {
      save = other = true;
    } else if (word == "nosave") {
      nosave = other = true;
    } else if (word == "now") {
      request.now = other = true;
    } else if (word == "force") {
      request.force = other = true;
    } else {
      return NotOneOf();
    }
  }
  if (words.empty()) return NotOneOf();
  if ((save && nosave) || (by_default && other)) {
    return Status(Code::kInvalid, "Invalid combination of arguments");
  }
  if (save) request.save = Save::kSave;
  if (nosave) request.save = Save::kNoSave;
  return request;
}

}  // namespace rha::node::app

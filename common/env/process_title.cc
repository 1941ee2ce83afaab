#include "common/env/process_title.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace rha::env {
namespace {

// The end of the strings that stand without a gap behind `end`.
const char* EndOfStrings(char** strings, const char* end) {
  for (; *strings != nullptr && *strings == end; ++strings) end += std::strlen(end) + 1;
  return end;
}

// Kept for good: anybody may have asked for it.
void MoveEnvironment() {
  size_t count = 0;
  while (environ[count] != nullptr) ++count;
  char** const copy = new char*[count + 1];
  for (size_t i = 0; i < count; ++i) copy[i] = ::strdup(environ[i]);
  copy[count] = nullptr;
  environ = copy;
  // Of glibc, which takes them from argv[0].
  ::program_invocation_short_name = ::strdup(::program_invocation_short_name);
  ::program_invocation_name = ::strdup(::program_invocation_name);
}

}  // namespace

ProcessTitle::ProcessTitle(int argc, char** argv) {
  if (argc == 0) return;
  program_ = argv[0];
  begin_ = argv[0];
  const char* const end = EndOfStrings(environ, EndOfStrings(argv, begin_));
  size_ = used_ = static_cast<size_t>(end - begin_);
  MoveEnvironment();
}

void ProcessTitle::Set(std::string_view title) {
  if (size_ == 0) return;
  title = title.substr(0, std::min(title.find('\0'), bytes_max()));
  std::memcpy(begin_, title.data(), title.size());
  if (used_ > title.size()) std::memset(begin_ + title.size(), 0, used_ - title.size());
  used_ = title.size();
}

}  // namespace rha::env

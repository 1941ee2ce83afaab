// How a local cluster runs under ThreadSanitizer.
//  * It cannot see the synchronisation inside the system's OpenSSL, which is not built for it.
//  * It takes the start of a container (clone with shared memory, then exec) for a fork of threads.
#include "local/daemon/sanitizer.h"

#if defined(__SANITIZE_THREAD__)
// NOLINTBEGIN: the sanitizer's own names
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libcrypto.so\ncalled_from_lib:libssl.so\n"
         "race:libcrypto.so\nrace:libssl.so\n";
}
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }
// NOLINTEND
#endif

namespace rha::local::daemon {
void LinkSanitizerOptions() {}
}  // namespace rha::local::daemon

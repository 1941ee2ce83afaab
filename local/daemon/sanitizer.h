// Pulls sanitizer.cc, which has ThreadSanitizer's options for this program, into the link.
#pragma once

#if defined(__SANITIZE_THREAD__)
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_options();
#endif

namespace rha::local::daemon {
void LinkSanitizerOptions();
}  // namespace rha::local::daemon

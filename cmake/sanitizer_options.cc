// What ThreadSanitizer has to be told about the programs; linked into them in sanitizer builds.
//  * It cannot see the synchronisation inside the system's OpenSSL and cpprestsdk, which are not
//    built for it; nor that of pplx, whose templates use theirs.
//  * It takes the start of a container (clone with shared memory, then exec) for a fork of threads.
#if defined(RHA_TSAN)
// NOLINTBEGIN: the sanitizer's own names
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libcrypto.so\ncalled_from_lib:libssl.so\n"
         "race:libcrypto.so\nrace:libssl.so\nrace:libcpprest.so\nrace:pplx::\nmutex:pplx::\n";
}
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }
// NOLINTEND
#endif

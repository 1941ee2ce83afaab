#include "local/stream/spdy.h"

namespace rha::local::stream {
namespace {

constexpr const char* kWords[] = {"options",
                                  "head",
                                  "post",
                                  "put",
                                  "delete",
                                  "trace",
                                  "accept",
                                  "accept-charset",
                                  "accept-encoding",
                                  "accept-language",
                                  "accept-ranges",
                                  "age",
                                  "allow",
                                  "authorization",
                                  "cache-control",
                                  "connection",
                                  "content-base",
                                  "content-encoding",
                                  "content-language",
                                  "content-length",
                                  "content-location",
                                  "content-md5",
                                  "content-range",
                                  "content-type",
                                  "date",
                                  "etag",
                                  "expect",
                                  "expires",
                                  "from",
                                  "host",
                                  "if-match",
                                  "if-modified-since",
                                  "if-none-match",
                                  "if-range",
                                  "if-unmodified-since",
                                  "last-modified",
                                  "location",
                                  "max-forwards",
                                  "pragma",
                                  "proxy-authenticate",
                                  "proxy-authorization",
                                  "range",
                                  "referer",
                                  "retry-after",
                                  "server",
                                  "te",
                                  "trailer",
                                  "transfer-encoding",
                                  "upgrade",
                                  "user-agent",
                                  "vary",
                                  "via",
                                  "warning",
                                  "www-authenticate",
                                  "method",
                                  "get",
                                  "status",
                                  "200 OK",
                                  "version",
                                  "HTTP/1.1",
                                  "url",
                                  "public",
                                  "set-cookie",
                                  "keep-alive",
                                  "origin"};

constexpr const char* kTail =
    "10010120120220520630030230330430530630740240540640740840941041141241341441541641750250450520"
    "3 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unautho"
    "rized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unava"
    "ilableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat"
    ", Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+"
    "xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=is"
    "o-8859-1,utf-,*,enq=0.";

std::string Build() {
  std::string dictionary;
  for (const std::string word : kWords) {
    dictionary += std::string("\0\0\0", 3) + static_cast<char>(word.size()) + word;
  }
  return dictionary + kTail;
}

}  // namespace

const std::string& SpdyDictionary() {
  static const std::string dictionary = Build();
  return dictionary;
}

}  // namespace rha::local::stream

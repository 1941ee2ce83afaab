#include "cli/view/archive.h"

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace rha::cli {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way to say gzip
constexpr size_t kBlock = 512;
constexpr size_t kNameBytesMax = 100;

}  // namespace

Result<std::string> Gunzip(std::string_view packed, size_t bytes_max) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return Status(Code::kInternal, "zlib");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string bytes;
  char chunk[16 * 1024];
  int state = Z_OK;
  while (state == Z_OK && bytes.size() <= bytes_max) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk);
    stream.avail_out = sizeof chunk;
    state = inflate(&stream, Z_NO_FLUSH);
    bytes.append(chunk, sizeof chunk - stream.avail_out);
  }
  inflateEnd(&stream);
  if (bytes.size() > bytes_max) {
    return Status(Code::kExhausted,
                  "gzip: more than " + std::to_string(bytes_max) + " bytes unpacked");
  }
  if (state != Z_STREAM_END) return Status(Code::kCorrupt, "gzip: not whole");
  return bytes;
}

std::string Gzip(std::string_view bytes) {
  z_stream stream{};
  RHA_CHECK(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8,
                         Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  RHA_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

void Tar::Add(const std::string& name, std::string_view content, int64_t unix_s) {
  char header[kBlock] = {};
  std::memcpy(header, name.data(), std::min(name.size(), kNameBytesMax));
  const auto octal = [&header](size_t at, size_t width, int64_t value) {
    std::snprintf(header + at, width, "%0*llo", static_cast<int>(width - 1),
                  static_cast<long long>(value));
  };
  octal(100, 8, 0600);  // mode
  octal(108, 8, 0);     // owner
  octal(116, 8, 0);     // group
  octal(124, 12, static_cast<int64_t>(content.size()));
  octal(136, 12, unix_s);
  header[156] = '0';  // a plain file
  std::memcpy(header + 257,
              "ustar\0"
              "00",
              8);
  std::memset(header + 148, ' ', 8);
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::snprintf(header + 148, 8, "%06o", sum);
  bytes_.append(header, kBlock);
  bytes_.append(content);
  bytes_.append((kBlock - content.size() % kBlock) % kBlock, '\0');
}

std::string Tar::Take() {
  bytes_.append(2 * kBlock, '\0');
  return std::move(bytes_);
}

}  // namespace rha::cli

// Where the bytes of a file come from and go to: the seam between formats and the disk.
// Thread rule: one owner each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace rha::node::codec {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // At most `count` bytes, at least one unless the source has ended (0).
  virtual Result<size_t> Read(char* out, size_t count) = 0;
  // An upper bound of what Read can still deliver.
  virtual uint64_t remaining() const = 0;
  // For messages: the file's name.
  virtual const std::string& name() const = 0;
};

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  // All of it, or an error.
  virtual Status Write(std::string_view bytes) = 0;
};

class MemorySource final : public ByteSource {
 public:
  // `bytes` must outlive the source.
  explicit MemorySource(std::string_view bytes, std::string name = "memory")
      : bytes_(bytes), name_(std::move(name)) {}
  Result<size_t> Read(char* out, size_t count) override {
    const size_t copied = bytes_.copy(out, count);
    bytes_.remove_prefix(copied);
    return copied;
  }
  uint64_t remaining() const override { return bytes_.size(); }
  const std::string& name() const override { return name_; }

 private:
  std::string_view bytes_;
  std::string name_;
};

class StringSink final : public ByteSink {
 public:
  Status Write(std::string_view bytes) override {
    text_.append(bytes);
    return {};
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace rha::node::codec

// The options of cjson, which scripts can change. Thread rule: the interpreter's thread.
#pragma once

namespace rha::node::scripting {

struct JsonOptions {
  bool sparse_as_object = false;
  int sparse_ratio = 2;
  int sparse_safe = 10;
  int encode_depth_max = 1000;
  int decode_depth_max = 1000;
  int encode_invalid_numbers = 0;  // 0: refused, 1: as they are, 2: null
  bool decode_invalid_numbers = true;
  int precision = 14;
  bool keep_buffer = true;  // remembered; memory is given back all the same
};

}  // namespace rha::node::scripting

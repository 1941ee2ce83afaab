// The libraries of functions that FUNCTION LOAD has brought.
//
//   "#!lua name=mylib\n…"  ─ Load() ─▶ a library with the functions that it registers
//
// Names of libraries are as they were written; functions are found in any case, and none is in two
// libraries. A set that is being put together stands beside the one in use, over the same
// interpreter, until Join() or Swap().
//
// Invariant: a Function stays where it is as long as its library does.
// Thread rule: the interpreter's thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "node/scripting/interpreter.h"
#include "node/scripting/shebang.h"

namespace rha::node::scripting {

struct Function {
  std::string name;
  std::optional<std::string> description;
  uint32_t flags = 0;  // ScriptFlag
  int function = 0;
};

struct LessInAnyCase {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};

struct Library {
  std::string name;
  std::string source;  // with its first line
  std::map<std::string, Function, LessInAnyCase> functions;
};

class LibrarySet {
 public:
  using Libraries = std::map<std::string, std::unique_ptr<Library>, std::less<>>;

  // `interpreter` must outlive it.
  explicit LibrarySet(Interpreter& interpreter) : interpreter_(&interpreter) {}
  ~LibrarySet() { Clear(); }
  LibrarySet(const LibrarySet&) = delete;
  LibrarySet& operator=(const LibrarySet&) = delete;

  struct LoadOptions {
    bool replace = false;
    std::chrono::milliseconds time_max{0};  // 0: no limit
  };
  // Runs the source. Null: `error` says why, without code, and nothing has changed.
  const Library* Load(std::string_view source, LoadOptions options, std::string* error);
  bool Delete(std::string_view name);
  void Clear();
  // Takes over all that is in `other`. False: `error` says why, and neither has changed.
  bool Join(LibrarySet& other, bool replace, std::string* error);
  // REQUIRES: the same interpreter.
  void Swap(LibrarySet& other);

  // Null: there is none.
  const Function* Find(std::string_view function) const;
  const Libraries& libraries() const { return libraries_; }
  size_t functions() const { return functions_.size(); }
  int64_t bytes() const { return bytes_; }

 private:
  struct Place {
    const Library* library;
    const Function* function;
  };
  // True: one of its functions is here already, in a library that does not go; `error` says so.
  template <typename Goes>
  bool Collides(const Library& library, Goes goes, std::string* error) const;
  void Link(std::unique_ptr<Library> library);
  void Forget(const Library& library);

  Interpreter* interpreter_;
  Libraries libraries_;
  std::map<std::string_view, Place, LessInAnyCase> functions_;  // names are the functions' own
  int64_t bytes_ = 0;
};

}  // namespace rha::node::scripting

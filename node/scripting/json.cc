// The table cjson: its functions and options.
#include "node/scripting/json.h"

#include <climits>
#include <cstdio>

#include "node/scripting/interpreter.h"
#include "node/scripting/json_functions.h"
#include "node/scripting/libraries.h"
#include "node/scripting/lua_error.h"

namespace rha::node::scripting {
namespace {

JsonOptions& Options(lua_State* L, int arguments) {
  luaL_argcheck(L, lua_gettop(L) <= arguments, arguments + 1, "found too many arguments");
  lua_settop(L, arguments);
  return Interpreter::Of(L).json();
}

// Takes a new value from the argument, if there is one, and pushes what holds now.
void Integer(lua_State* L, int index, int* option, int low, int high) {
  if (!lua_isnil(L, index)) {
    const int value = luaL_checkint(L, index);
    char range[64];
    std::snprintf(range, sizeof range, "expected integer between %d and %d", low, high);
    luaL_argcheck(L, low <= value && value <= high, 1, range);
    *option = value;
  }
  lua_pushinteger(L, *option);
}

void Switch(lua_State* L, int index, bool* option) {
  constexpr const char* kWords[] = {"off", "on", nullptr};
  if (lua_isboolean(L, index)) {
    *option = lua_toboolean(L, index) != 0;
  } else if (!lua_isnil(L, index)) {
    *option = luaL_checkoption(L, index, nullptr, kWords) == 1;
  }
  lua_pushboolean(L, *option ? 1 : 0);
}

int EncodeSparseArray(lua_State* L) {
  JsonOptions& options = Options(L, 3);
  Switch(L, 1, &options.sparse_as_object);
  Integer(L, 2, &options.sparse_ratio, 0, INT_MAX);
  Integer(L, 3, &options.sparse_safe, 0, INT_MAX);
  return 3;
}

// Deeper than that the C stack would be at stake.
constexpr int kDepthMost = 8000;

int EncodeMaxDepth(lua_State* L) {
  Integer(L, 1, &Options(L, 1).encode_depth_max, 1, kDepthMost);
  return 1;
}

int DecodeMaxDepth(lua_State* L) {
  Integer(L, 1, &Options(L, 1).decode_depth_max, 1, kDepthMost);
  return 1;
}

int EncodeNumberPrecision(lua_State* L) {
  Integer(L, 1, &Options(L, 1).precision, 1, 14);
  return 1;
}

int EncodeKeepBuffer(lua_State* L) {
  Switch(L, 1, &Options(L, 1).keep_buffer);
  return 1;
}

int EncodeInvalidNumbers(lua_State* L) {
  constexpr const char* kWords[] = {"off", "on", "null", nullptr};
  int& option = Options(L, 1).encode_invalid_numbers;
  if (lua_isboolean(L, 1)) {
    option = lua_toboolean(L, 1);
  } else if (!lua_isnil(L, 1)) {
    option = luaL_checkoption(L, 1, nullptr, kWords);
  }
  option == 2 ? lua_pushliteral(L, "null") : lua_pushboolean(L, option);
  return 1;
}

int DecodeInvalidNumbers(lua_State* L) {
  Switch(L, 1, &Options(L, 1).decode_invalid_numbers);
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"encode", Guarded<JsonEncode>},
    {"decode", Guarded<JsonDecode>},
    {"encode_sparse_array", EncodeSparseArray},
    {"encode_max_depth", EncodeMaxDepth},
    {"decode_max_depth", DecodeMaxDepth},
    {"encode_number_precision", EncodeNumberPrecision},
    {"encode_keep_buffer", EncodeKeepBuffer},
    {"encode_invalid_numbers", EncodeInvalidNumbers},
    {"decode_invalid_numbers", DecodeInvalidNumbers},
};

// Options are the interpreter's, so that a new table shares them.
int New(lua_State* L) {
  OpenJson(L);
  return 1;
}

}  // namespace

void OpenJson(lua_State* L) {
  PushLibrary(L, kFunctions);
  lua_pushcfunction(L, New);
  lua_setfield(L, -2, "new");
  lua_pushlightuserdata(L, nullptr);
  lua_setfield(L, -2, "null");
  lua_pushliteral(L, "cjson");
  lua_setfield(L, -2, "_NAME");
  lua_pushliteral(L, "2.1.0");
  lua_setfield(L, -2, "_VERSION");
}

}  // namespace rha::node::scripting

// The types of values, and the forms in which the entry of a key keeps them (the tag of
// structs::Entry).
//
// A form is what is really there; OBJECT ENCODING's words are what Redis would have there
// (EncodingName in value.h). Thread rule: constants.
#pragma once

#include <cstdint>

namespace rha::node::types {

enum class Type : uint8_t { kString, kList, kSet, kZset, kHash, kStream };

enum class Form : uint8_t {
  kString = 0,        // bytes or an integer, in the entry
  kStringEdited = 1,  // bytes that were changed in place
  kListNodes = 2,     // -> ListNodes
  kSetInts = 3,       // -> SetInts
  kSetTable = 4,      // -> SetTable
  kZsetPacked = 5,    // packed member, score pairs in the entry, by score and member
  kZsetTree = 6,      // -> ZsetTree
  kHashPacked = 7,    // packed field, value pairs in the entry
  kHashTable = 8,     // -> HashTable
  kStreamLog = 9,     // -> StreamValue
};

constexpr Type TypeOf(Form form) {
  switch (form) {
    case Form::kString:
    case Form::kStringEdited:
      return Type::kString;
    case Form::kListNodes:
      return Type::kList;
    case Form::kSetInts:
    case Form::kSetTable:
      return Type::kSet;
    case Form::kZsetPacked:
    case Form::kZsetTree:
      return Type::kZset;
    case Form::kHashPacked:
    case Form::kHashTable:
      return Type::kHash;
    case Form::kStreamLog:
      break;
  }
  return Type::kStream;
}

// What a collection without elements begins with.
constexpr Form EmptyForm(Type type) {
  switch (type) {
    case Type::kList:
      return Form::kListNodes;
    case Type::kSet:
      return Form::kSetInts;
    case Type::kZset:
      return Form::kZsetPacked;
    case Type::kHash:
      return Form::kHashPacked;
    case Type::kStream:
      return Form::kStreamLog;
    case Type::kString:
      break;
  }
  return Form::kString;
}

// "string", "list", ...: what TYPE answers.
constexpr const char* TypeName(Type type) {
  constexpr const char* kNames[] = {"string", "list", "set", "zset", "hash", "stream"};
  return kNames[static_cast<uint8_t>(type)];
}

}  // namespace rha::node::types

#include "common/acl/acl_file.h"

#include <unordered_set>
#include <utility>

#include "common/acl/words.h"
#include "common/env/files.h"

namespace rha::acl {
namespace {

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

class Parser {
 public:
  Parser(const std::string& path, const Rulebook& book) : path_(path), book_(book) {}

  void Line(int number, std::string_view line) {
    line = Trimmed(line);
    if (line.empty()) return;
    place_ = path_ + ":" + std::to_string(number);
    const std::vector<std::string_view> words = Split(line, ' ');
    if (words[0] != "user" || words.size() < 2) {
      return Fault(place_ + " should start with user keyword followed by the username. ");
    }
    const std::string name(words[1]);
    if (HasBlanks(name)) {
      return Fault(place_ + ": username '" + name + "' contains invalid characters. ");
    }
    if (name.size() > kUserNameBytesMax || users_.size() >= kUsersMax) {
      return Fault(place_ + ": too long a username, or too many users. ");
    }
    if (!names_.insert(name).second) {
      return Fault("WARNING: Duplicate user '" + name + "' found on line " +
                   std::to_string(number) + ". ");
    }
    users_.emplace_back(name, book_);
    Rules({words.begin() + 2, words.end()});
  }

  Result<std::vector<User>> Done() {
    if (faults_.empty()) return std::move(users_);
    return Status(Code::kInvalid, faults_ +
                                      "WARNING: ACL errors detected, no change to the previously "
                                      "active ACL rules was performed");
  }

 private:
  void Rules(const std::vector<std::string_view>& words) {
    const auto joined = JoinSelectors(words);
    if (!joined.ok()) return Fault(place_ + ": Unmatched parenthesis in selector definition. ");
    bool another_fault = false;
    for (const std::string& rule : *joined) {
      const RuleFault fault = users_.back().Apply(book_, Trimmed(rule));
      if (fault == RuleFault::kNone) continue;
      const std::string why = std::string(Describe(fault)) + ". ";
      if (fault == RuleFault::kUnknownCommand) {
        Fault(place_ + ": Error in applying operation '" + rule + "': " + why);
      } else if (!std::exchange(another_fault, true)) {
        // What follows may be due to it. Its text is not shown: it may be a password.
        Fault(place_ + ": " + why);
      }
    }
  }

  void Fault(const std::string& text) {
    constexpr size_t kFaultsBytesMax = 4096;
    if (faults_.size() < kFaultsBytesMax) faults_ += text;
  }

  const std::string& path_;
  const Rulebook& book_;
  std::string place_;
  std::string faults_;
  std::vector<User> users_;
  std::unordered_set<std::string> names_;
};

}  // namespace

Result<std::vector<User>> ParseAclFile(std::string_view text, const std::string& path,
                                       const Rulebook& book) {
  Parser parser(path, book);
  int number = 0;
  for (const std::string_view line : Split(text, '\n')) parser.Line(++number, line);
  return parser.Done();
}

Result<std::vector<User>> ReadAclFile(const std::string& path, const Rulebook& book) {
  const auto text = env::ReadTextFile(path);
  if (!text.ok()) {
    return Status(text.status().code(), "Error loading ACLs, " + text.status().message());
  }
  return ParseAclFile(*text, path, book);
}

std::string AclFileText(const Users& users) {
  std::string text;
  for (const auto& [name, user] : users.all()) {
    text.append("user ").append(name).append(" ").append(user->Text(users.catalogue()));
    text += '\n';
  }
  return text;
}

Status WriteAclFile(const std::string& path, const Users& users, env::Disk& disk) {
  const std::string text = AclFileText(users);
  if (text.size() > env::kTextFileBytesMax) {
    return Status(Code::kExhausted, path + " would be too long to be read again: it may have " +
                                        std::to_string(env::kTextFileBytesMax >> 20) + " MB");
  }
  return env::WriteTextFile(path, text, disk);
}

}  // namespace rha::acl

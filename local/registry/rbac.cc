#include "local/registry/rbac.h"

#include <algorithm>

#include "local/object/json.h"

namespace rha::local::registry {
namespace {

using object::FindKey;
using object::Items;
using object::Json;
using object::Str;

constexpr const char* kGroup = "rbac.authorization.k8s.io";
constexpr std::string_view kAccountPrefix = "system:serviceaccount:";

bool Has(const Json& list, const std::string& word) {
  return std::any_of(list.begin(), list.end(), [&](const Json& each) { return each == word; });
}

bool HasOrAll(const Json& list, const std::string& word) {
  return Has(list, "*") || Has(list, word);
}

bool ResourceMatches(const Json& resources, const Access& access) {
  if (Has(resources, "*")) return true;
  if (access.subresource.empty()) return Has(resources, access.resource);
  return Has(resources, access.resource + "/" + access.subresource) ||
         Has(resources, "*/" + access.subresource);
}

bool PathMatches(const Json& urls, const std::string& path) {
  return std::any_of(urls.begin(), urls.end(), [&](const Json& url) {
    const std::string text = url.is_string() ? url.get<std::string>() : "";
    if (!text.ends_with('*')) return text == path;
    return path.starts_with(text.substr(0, text.size() - 1));
  });
}

bool BindsTo(const Json& binding, const User& user) {
  const std::string its_space = object::Namespace(binding);
  for (const auto& subject : Items(binding, {"subjects"})) {
    const std::string kind = Str(subject, {"kind"}), name = Str(subject, {"name"});
    if (kind == "User" && name == user.name) return true;
    if (kind == "Group" &&
        std::find(user.groups.begin(), user.groups.end(), name) != user.groups.end()) {
      return true;
    }
    const std::string space = Str(subject, {"namespace"}, its_space);
    if (kind == "ServiceAccount" && user.name == std::string(kAccountPrefix) + space + ":" + name) {
      return true;
    }
  }
  return false;
}

bool IsMaster(const User& user) {
  return std::find(user.groups.begin(), user.groups.end(), kMasters) != user.groups.end();
}

// Each rule is granted as its single parts, so that several rules held may cover it together.
std::vector<Access> PartsOf(const Json& rule, const std::string& name_space) {
  std::vector<Access> parts;
  const Json none = Json::array({""});
  const Json& names = Items(rule, {"resourceNames"});
  for (const auto& verb : Items(rule, {"verbs"})) {
    for (const auto& url : Items(rule, {"nonResourceURLs"})) {
      parts.push_back({.verb = verb.get<std::string>(), .path = url.get<std::string>()});
    }
    for (const auto& group : Items(rule, {"apiGroups"})) {
      for (const auto& resource : Items(rule, {"resources"})) {
        for (const auto& name : names.empty() ? none : names) {
          const auto whole = resource.get<std::string>();
          const size_t slash = whole.find('/');
          parts.push_back({verb.get<std::string>(), group.get<std::string>(),
                           whole.substr(0, slash),
                           slash == std::string::npos ? "" : whole.substr(slash + 1), name_space,
                           name.get<std::string>(), ""});
        }
      }
    }
  }
  return parts;
}

bool IsListOfWords(const Json& rule) {
  for (const char* field :
       {"verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs"}) {
    for (const auto& word : Items(rule, {field})) {
      if (!word.is_string()) return false;
    }
  }
  return rule.is_object();
}

std::string Describe(const Access& part) {
  if (!part.path.empty()) {
    return "{NonResourceURLs:[\"" + part.path + "\"], Verbs:[\"" + part.verb + "\"]}";
  }
  return "{APIGroups:[\"" + part.group + "\"], Resources:[\"" + part.resource +
         (part.subresource.empty() ? "" : "/" + part.subresource) + "\"]" +
         (part.name.empty() ? "" : ", ResourceNames:[\"" + part.name + "\"]") + ", Verbs:[\"" +
         part.verb + "\"]}";
}

}  // namespace

User UserNamed(const std::string& name) {
  User user{name, {"system:authenticated"}};
  if (!name.starts_with(kAccountPrefix)) return user;
  const std::string rest = name.substr(kAccountPrefix.size());
  user.groups.push_back("system:serviceaccounts");
  user.groups.push_back("system:serviceaccounts:" + rest.substr(0, rest.find(':')));
  return user;
}

std::string Access::Denial(const User& user) const {
  const std::string who = "User \"" + user.name + "\" cannot " + verb;
  if (!path.empty()) return who + " path \"" + path + "\"";
  return who + " resource \"" + resource + (subresource.empty() ? "" : "/" + subresource) +
         "\" in API group \"" + group + "\" " +
         (name_space.empty() ? "at the cluster scope" : "in the namespace \"" + name_space + "\"");
}

bool RuleAllows(const Json& rule, const Access& access) {
  if (!HasOrAll(Items(rule, {"verbs"}), access.verb)) return false;
  if (!access.path.empty()) return PathMatches(Items(rule, {"nonResourceURLs"}), access.path);
  const Json& names = Items(rule, {"resourceNames"});
  return HasOrAll(Items(rule, {"apiGroups"}), access.group) &&
         ResourceMatches(Items(rule, {"resources"}), access) &&
         (names.empty() || Has(names, access.name));
}

Json Authorizer::RulesOfRole(const Json& reference, const std::string& name_space) const {
  const bool of_cluster = Str(reference, {"kind"}) == "ClusterRole";
  const std::string id = std::string(of_cluster ? "clusterroles." : "roles.") + kGroup;
  const auto role = store_.Get({id, of_cluster ? "" : name_space, Str(reference, {"name"})});
  return role == nullptr ? Json::array() : Items(*role, {"rules"});
}

std::vector<Json> Authorizer::RulesOf(const User& user, const std::string& name_space) const {
  std::vector<Json> rules;
  if (IsMaster(user)) {
    const Json all = Json::array({"*"});
    rules.push_back({{"verbs", all}, {"apiGroups", all}, {"resources", all}});
    rules.push_back({{"verbs", all}, {"nonResourceURLs", all}});
    return rules;
  }
  const auto add = [&](const std::string& kind, const std::string& space) {
    for (const auto& binding : store_.List(kind + "." + kGroup, space).objects) {
      if (!BindsTo(*binding, user)) continue;
      for (const auto& rule : RulesOfRole(object::Map(*binding, {"roleRef"}), space)) {
        rules.push_back(rule);
      }
    }
  };
  add("clusterrolebindings", "");
  if (!name_space.empty()) add("rolebindings", name_space);
  return rules;
}

bool Authorizer::Allows(const User& user, const Access& access) const {
  if (IsMaster(user)) return true;
  const auto rules = RulesOf(user, access.name_space);
  return std::any_of(rules.begin(), rules.end(),
                     [&](const Json& rule) { return RuleAllows(rule, access); });
}

std::vector<std::string> Authorizer::Lacking(const User& user, const Json& object,
                                             const std::string& name_space) const {
  std::vector<std::string> lacking;
  if (IsMaster(user)) return lacking;
  const Json* reference = FindKey(object, "roleRef");
  const Json granted =
      reference != nullptr ? RulesOfRole(*reference, name_space) : Items(object, {"rules"});
  const auto held = RulesOf(user, name_space);
  for (const auto& rule : granted) {
    if (!IsListOfWords(rule)) continue;  // refused by its schema
    for (const Access& part : PartsOf(rule, name_space)) {
      const bool covered = std::any_of(held.begin(), held.end(),
                                       [&](const Json& own) { return RuleAllows(own, part); });
      if (!covered) lacking.push_back(Describe(part));
    }
  }
  return lacking;
}

}  // namespace rha::local::registry

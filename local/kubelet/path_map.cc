#include "local/kubelet/path_map.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "local/object/json.h"

namespace rha::local::kubelet {

using object::Items;
using object::Json;
using object::Str;

namespace {

bool OfName(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.';
}

// After one of these a slash goes on with a path instead of beginning one.
bool GoesOn(char c) { return OfName(c) || c == '/' || c == '~' || c == ')' || c == '}'; }

}  // namespace

void PathMap::Add(std::string path, std::string folder) {
  while (path.ends_with('/')) path.pop_back();
  const auto same = [&](const Pair& pair) { return pair.path == path; };
  if (!path.starts_with('/') || std::any_of(pairs_.begin(), pairs_.end(), same)) return;
  const auto shorter = [&](const Pair& pair) { return pair.path.size() < path.size(); };
  const auto at = std::find_if(pairs_.begin(), pairs_.end(), shorter);
  pairs_.insert(at, {std::move(path), std::move(folder)});
}

std::string PathMap::Replace(std::string_view text) const {
  std::string out;
  size_t i = 0;
  while (i < text.size()) {
    const bool begins = text[i] == '/' && (i == 0 || !GoesOn(text[i - 1]));
    const auto here = [&](const Pair& pair) {
      const size_t end = i + pair.path.size();
      return text.substr(i).starts_with(pair.path) && (end == text.size() || !OfName(text[end]));
    };
    const auto found = begins ? std::find_if(pairs_.begin(), pairs_.end(), here) : pairs_.end();
    if (found == pairs_.end()) {
      out += text[i++];
      continue;
    }
    out += found->folder;
    i += found->path.size();
  }
  return out;
}

std::string PathMap::TarOptions() const {
  std::string options;
  for (const auto& pair : pairs_) {
    options += (options.empty() ? "--transform=s,^/*" : " --transform=s,^/*") +
               pair.folder.substr(1) + "," + pair.path.substr(1) + ",";
  }
  return options;
}

Json PathMap::ToJson() const {
  Json list = Json::array();
  for (const auto& pair : pairs_) list.push_back({{"path", pair.path}, {"folder", pair.folder}});
  return list;
}

PathMap PathMap::FromJson(const Json& list) {
  PathMap map;
  for (const auto& pair : list) map.Add(Str(pair, {"path"}), Str(pair, {"folder"}));
  return map;
}

PathMap PathsOf(const Json& pod, const std::string& container,
                const std::map<std::string, std::string>& volumes, const std::string& binaries) {
  PathMap map;
  for (const bool own : {true, false}) {
    for (const char* list : {"containers", "initContainers"}) {
      for (const auto& each : Items(pod, {"spec", list})) {
        if ((Str(each, {"name"}) == container) != own) continue;
        for (const auto& mount : Items(each, {"volumeMounts"})) {
          const auto volume = volumes.find(Str(mount, {"name"}));
          if (volume == volumes.end() || object::Find(mount, {"subPathExpr"})) continue;
          const std::string sub = Str(mount, {"subPath"});
          map.Add(Str(mount, {"mountPath"}), volume->second + (sub.empty() ? "" : "/" + sub));
        }
      }
    }
  }
  map.Add("/usr/local/bin", binaries);
  return map;
}

}  // namespace rha::local::kubelet

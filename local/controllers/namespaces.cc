// Namespaces: what each begins with, and the end of everything in one that is deleted.
#include <nlohmann/json.hpp>

#include "local/controllers/all.h"
#include "local/controllers/client.h"
#include "local/object/json.h"

namespace rha::local::controllers {
namespace {

using object::Json;

class NamespaceController final : public Controller {
 public:
  NamespaceController(registry::Registry& registry, std::string ca_pem)
      : client_(registry, "namespace-controller"), ca_pem_(std::move(ca_pem)) {}

  const char* Name() const override { return "namespaces"; }

  void OnEvent(const store::Event& event, WorkSink& sink) override {
    if (event.key.resource == kNamespaces) sink.Add({"", event.key.name});
    const bool own = event.key.resource == "serviceaccounts" || event.key.resource == "configmaps";
    if (event.change == store::Change::kDeleted && !event.key.name_space.empty()) {
      const Object name_space = client_.Get(kNamespaces, "", event.key.name_space);
      if (own || (name_space != nullptr && IsDeleting(*name_space))) {
        sink.Add({"", event.key.name_space});
      }
    }
  }

  std::optional<Millis> Reconcile(const Work& work) override {
    const Object name_space = client_.Get(kNamespaces, "", work.name);
    if (name_space == nullptr) return std::nullopt;
    if (IsDeleting(*name_space)) {
      Empty(*name_space);
      return std::nullopt;
    }
    const Json place{{"name", "default"}, {"namespace", work.name}};
    if (client_.Get("serviceaccounts", work.name, "default") == nullptr) {
      client_.Create({{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", place}});
    }
    const Object ca = client_.Get("configmaps", work.name, "kube-root-ca.crt");
    if (ca == nullptr) {
      client_.Create({{"apiVersion", "v1"},
                      {"kind", "ConfigMap"},
                      {"metadata", {{"name", "kube-root-ca.crt"}, {"namespace", work.name}}},
                      {"data", {{"ca.crt", ca_pem_}}}});
    } else if (object::Str(*ca, {"data", "ca.crt"}) != ca_pem_) {
      client_.Patch(*ca, {{"data", {{"ca.crt", ca_pem_}}}});
    }
    return std::nullopt;
  }

 private:
  void Empty(const Json& name_space) {
    const std::string name = object::Name(name_space);
    size_t left = 0;
    for (const auto& resource : client_.registry().catalog().All()) {
      if (!resource->namespaced || resource->group == "events.k8s.io") continue;
      for (const auto& object : client_.List(resource->Id(), name)) {
        if (!IsDeleting(*object)) client_.Delete(*object);
      }
      left += client_.List(resource->Id(), name).size();
    }
    if (left == 0) client_.Patch(name_space, {{"spec", {{"finalizers", nullptr}}}});
  }

  Client client_;
  std::string ca_pem_;
};

}  // namespace

ControllerPtr MakeNamespaceController(registry::Registry& registry, const std::string& ca_pem) {
  return std::make_unique<NamespaceController>(registry, ca_pem);
}

}  // namespace rha::local::controllers

#include "operator/reconcile/plan.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "operator/api/conditions.h"
#include "operator/desired/names.h"
#include "operator/reconcile/drift.h"
#include "operator/reconcile/limits.h"

namespace rha::op::reconcile {
namespace {

bool ParseVersion(const std::string& text, uint64_t* number) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), *number);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && !text.empty();
}

// True while the cache may not show our latest write yet: what it shows proves nothing.
bool AwaitsCache(const desired::DesiredObject& desired, const AppliedRecord* record, MonoTime now) {
  return record != nullptr && !record->seen && record->hash == desired.hash &&
         now - record->at < kCacheLagMax;
}

// Why the child must be applied, or null if it is as it should be.
const char* WhyApply(const desired::DesiredObject& desired, const k8s::ObjectPtr& observed,
                     const AppliedRecord* record) {
  if (observed == nullptr) return "missing";
  if (k8s::AnnotationOf(*observed, desired::kAnnotationHash) != desired.hash) return "changed";
  if (Covers(*desired.object, *observed)) return nullptr;
  const bool as_answered = record != nullptr && record->hash == desired.hash &&
                           record->fingerprint == Fingerprint(*desired.object, *observed);
  return as_answered ? nullptr : "drifted";
}

}  // namespace

bool IsOlderVersion(const std::string& version, const std::string& than) {
  uint64_t left = 0;
  uint64_t right = 0;
  return ParseVersion(version, &left) && ParseVersion(than, &right) && left < right;
}

void MarkSeen(const Observed& observed, AppliedRecords* records) {
  for (auto& [key, record] : *records) {
    const auto child = observed.children.find(key);
    record.seen = record.seen || (child != observed.children.end() &&
                                  !IsOlderVersion(k8s::ResourceVersionOf(*child->second),
                                                  record.resource_version));
  }
}

Plan Decide(const std::string& owner_uid, const std::vector<desired::DesiredObject>& desired,
            const Observed& observed, const AppliedRecords& records, MonoTime now) {
  Plan plan;
  for (const desired::DesiredObject& wanted : desired) {
    const ChildKey key{std::string(wanted.type->kind), k8s::KeyOf(*wanted.object).name};
    const auto child = observed.children.find(key);
    const k8s::ObjectPtr there = child == observed.children.end() ? nullptr : child->second;
    if (there && k8s::ControllerUidOf(*there) != owner_uid) {
      plan.problems.push_back(
          {std::string(api::reason::kNameTaken),
           key.kind + " " + key.name + " exists and belongs to something else; delete or rename it",
           true});
      continue;
    }
    const auto found = records.find(key);
    const AppliedRecord* record = found == records.end() ? nullptr : &found->second;
    if (AwaitsCache(wanted, record, now)) {
      plan.awaits_cache = true;
      continue;
    }
    const char* why = WhyApply(wanted, there, record);
    if (why == nullptr) continue;
    plan.applies.push_back(
        {wanted, there == nullptr, there ? k8s::ResourceVersionOf(*there) : "", why});
  }
  return plan;
}

}  // namespace rha::op::reconcile

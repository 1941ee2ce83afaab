-- As kubectl rollout restart does it: a changed annotation of the pods rolls them.
local os = require("os")
if obj.spec.podTemplate == nil then obj.spec.podTemplate = {} end
if obj.spec.podTemplate.metadata == nil then obj.spec.podTemplate.metadata = {} end
if obj.spec.podTemplate.metadata.annotations == nil then obj.spec.podTemplate.metadata.annotations = {} end
obj.spec.podTemplate.metadata.annotations["ha.redisha.io/restarted-at"] = os.date("!%Y-%m-%dT%XZ")
return obj

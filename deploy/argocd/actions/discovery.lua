-- The actions that Argo CD offers on a RedisHA.
local actions = {}
actions["restart"] = {iconClass = "fa fa-fw fa-redo", displayName = "Restart (one pod at a time)"}

local follows = obj.spec.update ~= nil and obj.spec.update.image == "Follow"
actions["follow-operator-image"] = {disabled = follows, displayName = "Update to the operator's image now and from now on"}
actions["pin-image"] = {disabled = not follows, displayName = "Keep the present image"}
return actions

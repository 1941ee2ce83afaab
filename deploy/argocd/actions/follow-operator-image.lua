if obj.spec.update == nil then obj.spec.update = {} end
obj.spec.update.image = "Follow"
return obj

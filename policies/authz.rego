# One question, one verdict. The strictest answer wins, and what nothing allows is denied.
#
# input:  {subject: {id, kind, roles}, action, resource: {kind, id}, attributes}
# data:   settings, the versioned numbers and lists of the workspace; a server gets them with the input
# output: {effect: allow | ask | escalate | deny, reasons, version}
package nova.authz

default settings := {}

settings := input.settings if input.settings

else := data.settings

verdict := {"effect": effect, "reasons": reasons, "version": object.get(settings, "version", "")}

# What cannot be read cannot allow: every other rule may rely on the shapes that are checked here.
deny contains "the settings of the policy cannot be read" if not settings_readable

deny contains "the question has another form" if not question_readable

settings_readable if {
	is_string(settings.version)
	settings.mode in {"off", "advise", "approve", "auto"}
	is_number(settings.approvalImpactMicros)
	is_number(settings.operationMicros)
	is_number(settings.recurringMicros)
	is_number(settings.escalateMicros)
	is_array(settings.categories.alone)
	is_array(settings.categories.ask)
	is_array(settings.categories.escalate)
	is_array(settings.alonePresence)
}

question_readable if {
	input.subject.id != ""
	is_string(input.subject.id)
	is_string(input.subject.kind)
	is_array(input.subject.roles)
	is_string(input.action)
	is_string(input.resource.kind)
	is_string(input.resource.id)
	is_object(input.attributes)
}

default effect := "deny"

effect := "deny" if count(deny) > 0

else := "escalate" if count(escalate) > 0

else := "ask" if count(ask) > 0

else := "allow" if count(allow) > 0

default reasons := ["denied by default"]

reasons := sort(deny) if count(deny) > 0

else := sort(escalate) if count(escalate) > 0

else := sort(ask) if count(ask) > 0

else := sort(allow) if count(allow) > 0

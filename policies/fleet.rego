# What the fleet may do alone, what it asks for, and where it stops. An action of a part of the system.
package nova.authz

is_system if input.subject.kind == "system"

# What runs model output.
is_agent if input.subject.kind in {"agent", "run"}

deny contains "an agent changes no rule, limit, right or record" if {
	is_agent
	not input.action in {"operation:spend", "task:run"}
}

# --- Decisions: `decision:make` says whether it is done or asked for, `decision:execute` is the check before it is done.

decides if input.action in {"decision:make", "decision:execute"}

approved if input.attributes.approved == true

# Asked for by a person, through a gate of its own; autonomy has no part in it.
is_deployment if input.attributes.kind == "deploy"

# An agent that was stopped for running away goes on when a person says so, whatever the mode.
released if {
	input.action == "decision:execute"
	approved
	input.attributes.kind == "resume"
	input.attributes.ranAway == true
}

deny contains "autonomy is off" if {
	decides
	settings.mode == "off"
	not is_deployment
	not released
	not changes_policy
}

deny contains "autonomy only advises" if {
	decides
	settings.mode == "advise"
	not approved
	not is_deployment
	not changes_policy
}

deny contains "parts of the system execute decisions" if {
	input.action == "decision:execute"
	not is_system
}

allow contains "small and safe" if {
	decides
	may_decide
	not is_deployment
	settings.mode == "auto"
	within_stakes
}

allow contains "a deployment within the daily limit" if {
	decides
	may_decide
	is_deployment
	within_stakes
}

allow contains "a person has approved it" if {
	input.action == "decision:execute"
	is_system
	approved
}

ask contains "autonomy asks before everything" if {
	decides
	may_decide
	settings.mode == "approve"
	not is_deployment
	not approved
}

ask contains "its daily cost is above the limit for decisions without you" if {
	decides
	may_decide
	not approved
	not cheap
}

ask contains "what is not shown to be a loss is retired only with you" if {
	decides
	may_decide
	not approved
	input.attributes.kind == "retire"
	not loss_shown
}

ask contains "the rules change only with you" if {
	decides
	may_decide
	not approved
	changes_policy
}

may_decide if is_system

may_decide if {
	is_person
	some role in {"admin", "operator"}
	has_role(role)
}

changes_policy if input.attributes.kind == "policy_change"

within_stakes if {
	cheap
	not retires_unproven
	not changes_policy
}

# Exactly the limit is done unasked; a cost that nobody knows is above every limit.
cheap if {
	is_number(input.attributes.costImpactMicrosPerDay)
	input.attributes.costImpactMicrosPerDay <= settings.approvalImpactMicros
}

retires_unproven if {
	input.attributes.kind == "retire"
	not loss_shown
}

loss_shown if {
	is_number(input.attributes.lifeRoiBps)
	input.attributes.lifeRoiBps < 0
}

# --- Single operations: what one call or purchase may cost, and what leaves the house.

spends if input.action == "operation:spend"

may_spend if is_system

may_spend if is_agent

allow contains "small, inside and reversible" if {
	spends
	may_spend
	affordable
	input.attributes.external == false
	input.attributes.destructive == false
}

allow contains "a person has approved it" if {
	spends
	may_spend
	approved
}

ask contains "it costs more than one operation may" if {
	spends
	may_spend
	not approved
	not affordable
}

ask contains "it reaches people or systems outside" if {
	spends
	may_spend
	not approved
	not input.attributes.external == false
}

ask contains "it cannot be undone" if {
	spends
	may_spend
	not approved
	not input.attributes.destructive == false
}

affordable if {
	is_number(input.attributes.costMicros)
	input.attributes.recurring == true
	input.attributes.costMicros <= settings.recurringMicros
}

affordable if {
	is_number(input.attributes.costMicros)
	input.attributes.recurring == false
	input.attributes.costMicros <= settings.operationMicros
}

# --- Tasks, by category. What no list names, and every danger, stops and goes to a person.

works if input.action == "task:run"

may_work if is_system

may_work if is_agent

listed(list) if input.attributes.category in settings.categories[list]

# In two lists: the stricter one counts.
allow contains "its category runs alone" if {
	works
	may_work
	listed("alone")
	harmless
	while_away
}

allow contains "a person has approved it" if {
	works
	may_work
	approved
}

ask contains "its category needs consent" if {
	works
	may_work
	not approved
	listed("ask")
}

ask contains "it is not safe, reversible and expected" if {
	works
	may_work
	not approved
	listed("alone")
	not harmless
}

ask contains "you are here to be asked" if {
	works
	may_work
	not approved
	listed("alone")
	not while_away
}

escalate contains "its category stops the work" if {
	works
	may_work
	not approved
	listed("escalate")
}

escalate contains "no list names its category" if {
	works
	may_work
	not approved
	not known
}

escalate contains "it costs more than a task may" if {
	works
	may_work
	not approved
	not within_task_cost
}

escalate contains "it is a danger to security, data or what works today" if {
	works
	may_work
	not approved
	endangers
}

endangers if {
	some danger in {"securityIssue", "dataLossRisk", "breakingChange"}
	object.get(input.attributes, danger, false) != false
}

known if {
	some list in {"alone", "ask", "escalate"}
	listed(list)
}

within_task_cost if {
	is_number(input.attributes.costMicros)
	input.attributes.costMicros <= settings.escalateMicros
}

harmless if {
	input.attributes.safe == true
	input.attributes.reversible == true
	input.attributes.expected == true
	in_order
}

# Refactoring runs alone only while the tests are green, research only while it just reads.
in_order if not input.attributes.category in {"refactoring", "research"}

in_order if {
	input.attributes.category == "refactoring"
	input.attributes.testsGreen == true
}

in_order if {
	input.attributes.category == "research"
	input.attributes.readOnly == true
}

while_away if input.attributes.presence in settings.alonePresence

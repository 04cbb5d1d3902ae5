# Who may do what: the roles of people. An action is `<noun>:<verb>`, as on the command line.
package nova.authz

is_person if input.subject.kind == "person"

noun := split(input.action, ":")[0]

verb := split(input.action, ":")[1]

has_role(role) if role in input.subject.roles

# What only looks.
reads if {
	verb in {
		"list", "show", "status", "health", "history", "verify", "why", "next", "receipt", "overview", "export", "plan",
		"test", "eval", "report", "logs", "timeline", "preview", "check",
	}
	not input.action in {"alert:test", "channel:test", "connector:test", "mail:show", "mail:list"}

	# Rebuilding sums is no looking.
	not input.attributes.repair == true
}

reads if {
	noun == "finance"
	verb in {
		"revenue", "costs", "roi", "cashflow", "pnl", "sources", "attribution", "top", "burn", "forecast",
		"reinvestment", "reprice",
	}
}

reads if input.action in {"status", "overview", "top"}

# The daily business with agents, runs, books and connections.
operates if {
	noun == "agent"
	verb in {"deploy", "start", "pause", "resume", "retire", "scale", "update"}
}

operates if input.action in {
	"run:now", "run:cancel", "queue:redrive", "ledger:add", "ledger:assign", "ledger:reconcile", "ledger:split", "autonomy:run",
	"connector:connect", "connector:account", "connector:test", "alert:ack", "alert:resolve", "alert:test", "channel:test", "finance:targets", "finance:trueup", "ledger:verify",
}

# Stopping is for everyone who does more than look; starting again is not.
stops if input.action in {"killswitch:on", "halt"}

answers if input.action in {"approval:approve", "approval:reject"}

allow contains "system administrator" if {
	is_person
	has_role("admin")
}

allow contains "read-only access" if {
	is_person
	some role in {"viewer", "operator", "approver"}
	has_role(role)
	reads
}

allow contains "operators run the fleet" if {
	is_person
	has_role("operator")
	operates
}

allow contains "approvers answer requests" if {
	is_person
	has_role("approver")
	answers
}

allow contains "who works with the fleet may stop it" if {
	is_person
	some role in {"operator", "approver"}
	has_role(role)
	stops
}

# A second pair of eyes, where the request says so or the rules themselves are at stake.
deny contains "who asked for it may not approve it" if {
	input.action == "approval:approve"
	input.attributes.requestedBy == input.subject.id
	two_pairs_of_eyes
}

two_pairs_of_eyes if input.attributes.kind == "policy_change"

two_pairs_of_eyes if input.attributes.tier == "T2"

deny contains "only people answer requests" if {
	answers
	not is_person
}

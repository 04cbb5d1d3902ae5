# The table of cases.json by opa itself; the tests of the system put the same table to the compiled rules and to a server.
package nova.authz_test

import data.nova.authz

kinds := {"cli": "person", "sts": "person", "link": "person", "system": "system", "run": "run"}

question(one) := {
	"subject": {
		"id": one.as,
		"kind": object.get(kinds, split(one.as, ":")[0], "agent"),
		"roles": one.roles,
	},
	"action": one.action,
	"resource": {"kind": split(one.action, ":")[0], "id": "shop"},
	"attributes": one.attributes,
}

judged(one) := got if {
	got := authz.verdict with input as question(one)
		with data.settings as object.union(data.defaults, object.get(one, "settings", {}))
}

wrong contains one.name if {
	some one in data.cases
	judged(one).effect != one.effect
}

wrong contains one.name if {
	some one in data.cases
	not one.reason in judged(one).reasons
}

test_there_are_cases if count(data.cases) > 100

test_every_case if {
	print(wrong)
	count(wrong) == 0
}

test_a_question_without_settings_is_denied if {
	got := authz.verdict with input as question(data.cases[0])
	got.effect == "deny"
}

test_settings_come_with_the_input_to_a_server if {
	got := authz.verdict with input as object.union(question(data.cases[0]), {"settings": data.defaults})
	got.effect == "allow"
	got.version == "0.0"
}

# Without a part, or with another kind of it, no question is readable.
malformed contains object.remove(whole, [part]) if some part in {"subject", "action", "resource", "attributes"}

malformed contains object.union(whole, {"subject": {part: value}}) if {
	some part in {"id", "kind", "roles"}
	some value in {7, null, {"a": 1}}
}

malformed contains object.union(whole, {"subject": {"id": ""}})

malformed contains object.union(whole, {"resource": {part: value}}) if {
	some part in {"kind", "id"}
	some value in {7, null, []}
}

malformed contains object.union(whole, {"action": value}) if some value in {7, null, ["agent:list"]}

malformed contains object.union(whole, {"attributes": value}) if some value in {7, null, [], "all"}

whole := question(data.cases[0])

test_no_malformed_question_is_allowed if {
	count(malformed) > 20
	every one in malformed {
		got := authz.verdict with input as one with data.settings as data.defaults
		got.effect == "deny"
		"the question has another form" in got.reasons
	}
}

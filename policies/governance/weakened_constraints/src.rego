# METADATA
# title: Constraints are weakened by an exception only
# description: |
#   Who may edit a constraint may turn it off for a minute, let something in, and turn it on again. A change by which a constraint denies less
#   must name the exception by which it was decided, in an annotation (`exceptionAnnotation`, `lockgate.dev/exception` when left out) whose value is new in this
#   change and fits `exceptionPattern`, if that is given.
#
#   Weaker is: `enforcementAction` from `deny` to `warn` or `dryrun`, or from `warn` to `dryrun` (absent means `deny`), a point of enforcement or an action that is no longer
#   among `scopedEnforcementActions`, more `excludedNamespaces`, fewer `namespaces` or `kinds`, and a `labelSelector` or `namespaceSelector` that was not there or is another.
#   Deleting a constraint is the same (`deletion: allow` lets it pass). With `notDenying: refuse` a constraint that does not deny is refused
#   whenever it is written, for clusters where nothing is tried out.
#
#   Not covered: looser `parameters`, whose meaning each template has for itself, a weaker ConstraintTemplate, settings of Gatekeeper (Config's
#   excluded namespaces), and a selector that was removed, which matches more.
# related_resources:
#   - ref: https://open-policy-agent.github.io/gatekeeper/website/docs/violations/
#     description: Enforcement actions in Gatekeeper
# custom:
#   id: LG-V003
#   severity: high
#   external: false
#   systems: [gatekeeper]
#   controls:
#     - NIST SP 800-53 CM-3 (configuration change control)
#     - NIST SP 800-53 CM-5 (access restrictions for change)
package lockgate.governance.weakened_constraints

import data.lib.lockgate.report
import data.lib.lockgate.review

violation contains report.violation(found.path, "constraint is weakened", found.value, why, fix) if {
	input.review.operation == "UPDATE"
	is_constraint(review.target)
	not excepted
	some found in weaker
	why := sprintf("%s, and no exception is named", [found.why])
	fix := sprintf("revert it, or name the exception in metadata.annotations[%q]", [annotation])
}

violation contains report.violation(["metadata", "name"], "constraint is removed", name, why, fix) if {
	review.deletion
	object.get(review.parameters, "deletion", "refuse") != "allow"
	is_constraint(review.former)
	not fits(object.get(annotations(review.former), annotation, ""))
	name := object.get(object.get(review.former, "metadata", {}), "name", "")
	why := "nothing of its kind is denied any longer, and no exception is named"
	fix := sprintf("keep it, or name the exception in metadata.annotations[%q] first", [annotation])
}

violation contains report.violation(["spec", "enforcementAction"], "constraint does not deny", action(review.target), why, fix) if {
	object.get(review.parameters, "notDenying", "allow") == "refuse"
	is_constraint(review.target)
	rank(action(review.target)) < 3
	not fits(object.get(annotations(review.target), annotation, ""))
	why := "it says what is wrong and lets it in"
	fix := sprintf("set enforcementAction to deny, or name the exception in metadata.annotations[%q]", [annotation])
}

is_constraint(value) if {
	is_string(value.apiVersion)
	startswith(value.apiVersion, "constraints.gatekeeper.sh/")
}

annotation := object.get(review.parameters, "exceptionAnnotation", "lockgate.dev/exception")

annotations(value) := found if {
	found := value.metadata.annotations
	is_object(found)
} else := {}

# A number that was there before does not stand for this change.
excepted if {
	named := object.get(annotations(review.target), annotation, "")
	fits(named)
	named != object.get(annotations(review.former), annotation, "")
}

fits(named) if {
	is_string(named)
	trim_space(named) != ""
	regex.match(object.get(review.parameters, "exceptionPattern", "."), named)
}

action(value) := given if {
	given := value.spec.enforcementAction
	is_string(given)
} else := "deny"

# What is none that Gatekeeper knows denies nothing.
rank(name) := object.get({"deny": 3, "scoped": 3, "warn": 2, "dryrun": 1}, name, 0)

spec(value) := value.spec if {
	is_object(value.spec)
} else := {}

match(value) := found if {
	found := value.spec.match
	is_object(found)
} else := {}

weaker := array.concat(array.concat(actions, scoped), array.concat(lists, array.concat(kinds, selectors)))

actions := [{"path": ["spec", "enforcementAction"], "value": sprintf("%s, was %s", [new, old]), "why": "what was refused is let in"} |
	new := action(review.target)
	old := action(review.former)
	rank(new) < rank(old)
]

# `action` at an enforcement point, of a constraint with `scoped`.
points(value) := {[one.action, point.name] |
	some one in spec(value).scopedEnforcementActions
	some point in one.enforcementPoints
}

scoped := [{"path": ["spec", "scopedEnforcementActions"], "value": sprintf("%s at %s is gone", [one[0], one[1]]), "why": "it denies at fewer points"} |
	action(review.target) == "scoped"
	some one in (points(review.former) - points(review.target))
	one[0] in {"deny", "warn"}
	not ["deny", one[1]] in points(review.target)
]

names(value, field) := {name | some name in object.get(match(value), field, [])}

lists := array.concat(
	[{"path": ["spec", "match", "excludedNamespaces"], "value": report.names(more), "why": "what is in these namespaces is let in"} |
		more := names(review.target, "excludedNamespaces") - names(review.former, "excludedNamespaces")
		count(more) > 0
	],
	[{"path": ["spec", "match", "namespaces"], "value": report.names(names(review.target, "namespaces")), "why": "it judges fewer namespaces"} |
		count(names(review.target, "namespaces")) > 0
		fewer_namespaces
	],
)

# Without a list it judges all.
fewer_namespaces if count(names(review.former, "namespaces")) == 0

fewer_namespaces if count(names(review.former, "namespaces") - names(review.target, "namespaces")) > 0

pairs(value) := {[group, kind] |
	some entry in match(value).kinds
	some group in entry.apiGroups
	some kind in entry.kinds
}

kinds := [{"path": ["spec", "match", "kinds"], "value": "fewer kinds", "why": "it judges fewer kinds"} |
	count(pairs(review.target)) > 0
	fewer_kinds
]

fewer_kinds if count(pairs(review.former)) == 0

fewer_kinds if {
	some pair in pairs(review.former)
	not covered(pair, pairs(review.target))
}

covered(pair, all) if {
	some other in all
	other[0] in {"*", pair[0]}
	other[1] in {"*", pair[1]}
}

selectors := [{"path": ["spec", "match", name], "value": "another selector", "why": "it judges only what has these labels"} |
	some name in ["labelSelector", "namespaceSelector"]
	new := object.get(match(review.target), name, null)
	not new in {null, {}}
	new != object.get(match(review.former), name, null)
]

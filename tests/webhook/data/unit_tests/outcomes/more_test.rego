package more["with-dash"]

import data.app

test_data if {
	data.nested.rates.vat == 19
	data.nested.rates.countries[_] == "nl"
	data.limits.cpu == 4
}

test_number if data.limits.cpu

test_undefined if data.nothing.here

default test_default := false

test_else if {
	data.limits.cpu > 5
} else := true

test_object := {"a": 1}

group.test_inside if app.f("a") == 1

group.test_other if app.f("a") == 2

test_nested[kind][name] if {
	some kind, names in {"a": ["x", "y"], "b": ["z"]}
	some name in names
	name != "y"
}

test_told["first"] if {
	internal.test_case(["second"])
	false
}

test_function(x) if x == 1

test_mock if {
	app.allow with input as {"user": "bob"} with data.more.unused as 3 with input.level as 9
	upper("a") == "B" with upper as "B"
}

test_builtin_error if {
	to_number("x") == 1
}

test_default_of_get if {
	object.get({}, "a", 1) == 1
}

package lib.lockgate.report_test

import data.lib.lockgate.report

test_violation if {
	report.violation(["spec", 0], "wrong", "value", "because", "mend it") == {
		"msg": "wrong at spec[0] (value); because; fix: mend it",
		"details": {"path": ["spec", 0], "value": "value", "fix": "mend it"},
	}
}

test_values_are_short if {
	long := concat("", ["ab" | some _ in numbers.range(1, 500)])
	count(report.shown(long)) == 201
	report.shown({"a": long}) == "a value of type object"
	report.shown(null) == "a value of type null"
}

test_names if {
	report.names({"b", "a"}) == "a, b"
	report.names(set()) == "none"
}

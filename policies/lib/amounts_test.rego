package lib.lockgate.amounts_test

import data.lib.lockgate.amounts

# Two amounts, and their product, sum, larger and smaller.
cases := [
	[2, 3, [6, 5, 3, 2]],
	[0, "unbounded", [0, "unbounded", "unbounded", 0]],
	[0, "unknown", [0, "unknown", "unknown", "unknown"]],
	[2, "unbounded", ["unbounded", "unbounded", "unbounded", 2]],
	[2, "unknown", ["unknown", "unknown", "unknown", "unknown"]],
	["unknown", "unbounded", ["unbounded", "unbounded", "unbounded", "unknown"]],
]

test_two_amounts if {
	every case in cases {
		[a, b, expected] := case
		[amounts.times(a, b), amounts.added(a, b), amounts.larger(a, b), amounts.smaller(a, b)] == expected
		[amounts.times(b, a), amounts.added(b, a), amounts.larger(b, a), amounts.smaller(b, a)] == expected
	}
}

test_total if {
	amounts.total([]) == 0
	amounts.total([1, 2]) == 3
	amounts.total([1, "unknown"]) == "unknown"
	amounts.total([1, "unknown", "unbounded"]) == "unbounded"
}

test_whole if {
	amounts.whole({"a": {"b": 3}}, ["a", "b"], 1) == 3
	amounts.whole({"a": "3"}, ["a"], 1) == 3
	amounts.whole({"a": null}, ["a"], 1) == 1
	every holder in [{}, null, "text", 1, []] {
		amounts.whole(holder, ["a"], 1) == 1
	}
	every wrong in [-1, 1.5, "many", true, [], {}] {
		amounts.whole({"a": wrong}, ["a"], 1) == "unknown"
	}
}

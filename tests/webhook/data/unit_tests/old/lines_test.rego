package q5

violation[{"msg": msg}] {
	c := input.containers[_]
	not c.ok
	msg := sprintf("bad %v", [c.name])
}

violation[{"msg": "x", "d": d}] {
	d := input.d
	d == 5
} {
	d := input.e
}

canon(mem) = out {
	is_number(mem)
	out := mem * 2
}

canon(mem) = out {
	not is_number(mem)
	endswith(mem, "Ki")
	out := to_number(replace(mem, "Ki", ""))
} else = 7 {
	mem == "x"
}

p[x] = y {
	y := input.m[x]
	y > 1
}

allowed { input.user == "a"; input.role = "r" }
allowed { input.user == "b" }

default deny = false
deny = true { count(violation) > 0 }

test_violation {
	results := violation with input as {"containers": [{"name": "a"}, {"ok": true}], "e": 1}
	count(results) == 2
}

test_canon { canon(2) == 4; canon("3Ki") == 3; canon("x") == 7 }
test_p { p.k == 2 with input as {"m": {"k": 2, "l": 1}} }
test_allowed { allowed with input as {"user": "a", "role": "r"} }
test_deny { not deny with input as {} }

package q3

import data.lib.users

default allow := false

default unused := 7

pi := 3.14

names := [
	name |
	some item in input.items
	name := item.name
]

allow if {
	count(names) > 0
	some n in names
	n == "root"
	every x in [1,
		2] {
		x > 0
		x < 2
	}
}

allow if {
	input.role == "admin"
	not input.disabled
}

level := "high" if {
	input.score > 90
} else := "mid" if input.score > 50

else := "low" if {
	input.score > 10
}

else := "none"

deny contains {
	"msg": msg,
	"item": item.name,
} if {
	some item in input.items
	not valid(item)
	msg := sprintf("%v: %v", [
		item.name,
		item.missing,
	])
}

valid(item) if {
	item.kind in {"a", "b"}
	regex.match(`^[a-z]+$`, item.name)
}

by_name[item.name] := item if {
	some item in input.items
}

unreachable if {
	false
	input.x
}

chain.a.b := 1 if input.a == 1

chain.c[k] := v if some k, v in input.items

size(xs) := n if {
	n := count(xs)
	n > 1
}

g(1) := "one"
g(2) := "two"
g(x) := y if { y := x + 1; x > 2 }

total := sum([x.price |
	some x in input.items
	x.price > 1
])

test_one if {
	allow with input as {"items": [{"name": "root"}], "role": "admin"}
}

test_level if {
	level == "mid" with input as {"score": 60}
	level == "none" with input as {"score": 1}
}

test_deny if {
	count(deny) == 0 with input as {"items": [{"name": "abc", "kind": "a"}]}
	by_name.abc.kind == "a" with input as {"items": [{"name": "abc", "kind": "a"}]}
}

test_g if {
	g(1) == "one"
	g(5) == 6
	not g(0)
}

test_total if {
	total == 3 with input as {"items": [{"price": 3}, {"price": 1}]}
	pi > 3
}

test_deny_more if {
	some m in deny with input as {"items": [{"name": "abc", "kind": "c", "missing": 1}]}
	m.msg == "abc: 1"
	x := 1
	is_number(x)
}

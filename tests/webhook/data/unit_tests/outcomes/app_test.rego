package app_test

import data.app

test_allow if {
	app.allow with input as {"user": "bob", "level": 5}
}

test_denied if {
	not app.allow with input as {"user": "bob", "level": 5}
}

test_fails if {
	app.allow with input as {"user": "alice", "level": 5}
}

test_deny if {
	found := app.deny with input as {"names": ["x-a", "b"]}
	found == {"bad c"}
}

test_dup if true

test_dup if false

todo_test_x if true

test_every if {
	xs := [1, 2, 3]
	every x in xs {
		y := x + 1
		y < 4
	}
}

test_cases[tc.note] if {
	some tc in [{"note": "a", "x": "a", "want": 1}, {"note": "b", "x": "b", "want": 3}]
	app.f(tc.x) == tc.want
}

test_set contains "a"

test_conflict if {
	data.app_test.c == 1
}

c := 1
c := 2

test_print if {
	x := [1, {"a": 2}]
	print("got", x, input.none)
	count(x) == 3
}

package q4

import data.q4 as self

default f(_) := "none"

f(x) := "str" if is_string(x)

f(x) := "num" if {
	is_number(x)
	x > 1
}

g(x, y) := z if {
	z := x + y
	z > 10
} else := 0

h({"a": a, "b": b}) := a + b

h([a, b]) := a - b

k("x") := 1

k("y") := 2

first if {
	some x in [1, 2, 3]
	x > 1
}

same if input.a
same if input.b
same if {
	input.c
	input.d
}

different := 1 if input.a == 1
different := 2 if input.a == 2

walked contains path if {
	walk(input, [path, value])
	value == 3
}

obj := {k: v |
	some k, v in input.o
	v > 1
}

multi := {
	"a": input.a,
	"b": [
		f(input.b),
		g(1, 2),
	],
}

templ := $"x {input.a} y {f(1)}"

nested := y if {
	y := [z |
		some q in input.qs
		z := [w |
			some w in q
			w > 1
		]
	]
}

neg if {
	not input.missing.thing
	not f(1) == "num"
	not any_big
}

any_big if {
	some q in input.qs
	some w in q
	w > 100
}

a.b.c := 3
a.b.d if input.a
a[x].e := 5 if some x in input.names

ev if {
	every k, v in input.o {
		v > 0
		k != "z"
	}
}

wi := x if {
	x := f(input.y) with input.y as 3
}

str := concat(",", [s | some s in input.ss])

arr[i] := x if some i, x in input.arr

long if {
	input.a == 1; input.b == 2
	x := input.c; x == 3
}

ands if {
	a := 1
	b := a
	b == 2
}

t_data := data.q4.a.b.c
t_self := self.first

num_or_str(x) if is_number(x)
num_or_str(x) if is_string(x)

test_f if {
	f("a") == "str"
	f(5) == "num"
	f(0) == "none"
}
test_g if {
	g(1, 2) == 0
}
test_h if h([3, 1]) == 2
test_k if k("y") == 2
test_first if first
test_same if same with input as {"b": 1}
test_same2 if not same with input as {"c": 1}
test_different if different == 2 with input as {"a": 2}
test_walked if count(walked) == 2 with input as {"x": [3, {"y": 3}]}
test_obj if obj == {"b": 2} with input as {"o": {"a": 1, "b": 2}}
test_multi if multi.b[0] == "num" with input as {"a": 1, "b": 9}
test_templ if templ with input as {"a": 1}
test_nested if nested == [[2], []] with input as {"qs": [[1, 2], [1]]}
test_neg if not neg with input as {"qs": [[1, 101]]}
test_a if a.x.e == 5 with input as {"names": ["x"]}
test_a2 if a.b.c == 3
test_ev if ev with input as {"o": {"a": 1}}
test_ev2 if not ev with input as {"o": {"a": 0}}
test_wi if wi == "num"
test_str if str == "a" with input as {"ss": ["a"]}
test_arr if arr[1] == "y" with input as {"arr": ["x", "y"]}
test_long if not long with input as {"a": 1, "b": 3}
test_ands if not ands
test_td if t_data == 3
test_ts if t_self
test_ns if num_or_str("a")
test_ns2 if not num_or_str(null)
test_unused if {
	x := 1
	x == 1
	print("x", x)
	print(
		"y",
		x,
	)
}

package q6

r3["a"] := startswith(input.a, input.n[_])

r4 := count(input.b)

r5 contains max(input.n)

default r6 := 1

r7 := x if {
	x := input.zz
}

test_a if not r3.a with input as {"x": 1}
test_b if not r4 with input as {"x": 1}
test_c if count(r5) == 0 with input as {"x": 1}
test_d if not r7 with input as {"x": 1}
test_e if r6 == 1

package q
n1(d) if d == "k"
n1(d) if endswith(d, ".io")
n2(d) if d == "k"
n2(d) if startswith(d, "io.")
n3(d) if endswith(d, ".io")
n4(d) if startswith(d, "io.")
n5 if endswith(input.x, ".io")
n6 if startswith(input.x, "io.")
n7 if input.x == "k"
n7 if endswith(input.x, ".io")
n8(d) if d in ["a", "b"]
n9 if input.x in {"a", "b"}
m1 if "a" in input.xs
m2 if some x in input.xs
m3 if input.xs[_] == 1
m4 if input.zz != 1
m5 if count(input.zz) > 1
m6 if not input.zz
m7 if not input.zz > 1
m8 if { x := input.zz; x == 1 }
m9 if { x := input.x; x == 1 }
k1 if { x := input; x.y == 1 }
k2 if { every x in input.zz { x == 1 } }
k3(o) if o.kind == "b"
k4 if glob.match("a*", [], input.x)
k5 if input.a.b.c == true
k6 if input["x"] == 3
k7 if data.foo == 3
k8 if upper(input.x) == "B"
test_a if not n1("q")
test_b if not n2("q")
test_c if not n3("q")
test_d if not n4("q")
test_e if not n5 with input.x as "q"
test_f if not n6 with input.x as "q"
test_g if not n7 with input.x as "q"
test_h if not n8("c")
test_i if not n9 with input.x as "c"
test_j if not m1 with input as {"xs": ["b"]}
test_k if not m2 with input as {"x": ["b"]}
test_l if not m3 with input as {"xs": ["b"]}
test_m if not m4 with input as {"xs": ["b"]}
test_n if not m5 with input as {"xs": ["b"]}
test_o if m6 with input as {"xs": ["b"]}
test_p if not m7 with input as {"xs": ["b"]}
test_q if not m8 with input as {"xs": ["b"]}
test_r if not m9 with input as {"x": ["b"]}
test_s if not k1 with input as {"x": ["b"]}
test_t if not k2 with input as {"x": ["b"]}
test_u if not k3({"kind": "a"})
test_v if not k4 with input as {"x": "b"}
test_w if not k5 with input as {"x": "b"}
test_x if not k6 with input as {"x": "b"}
test_y if not k7 with input as {"x": "b"}
test_z if not k8 with input as {"x": "c"}

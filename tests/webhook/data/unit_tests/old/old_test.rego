package old

test_violation {
	count(violation) == 1 with input as {"names": ["xa", "b"]}
}

test_level { level(5) == "low" }

test_set[x] { x := "a" }

test_wrong { level(5) == "high" }

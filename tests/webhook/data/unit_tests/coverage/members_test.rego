package members

deny contains msg if {
	input.a
	msg := "no a"
}

deny contains msg if {
	input.b
	msg = sprintf("no %v", ["b"])
}

deny contains "always"

names[key] := value if {
	some key, value in input.names
}

other contains x if {
	some x in input.others
}

test_one_member if deny["no b"] with input as {"a": 1, "b": 2}

test_constant if deny.always

test_key if {
	names.x == 1 with input as {"names": {"x": 1, "y": 2}}
}

test_no_member if not other.z with input as {"others": ["a"]}

package app

default allow := false

allow if {
	input.user == "bob"
	input.level > 3
}

deny contains msg if {
	some name in input.names
	not startswith(name, "x-")
	msg := sprintf("bad %v", [name])
}

f(x) := 1 if x == "a"

else := 2 if x == "b"

else := 3

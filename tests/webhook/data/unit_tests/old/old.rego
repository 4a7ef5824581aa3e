package old

violation[{"msg": msg}] {
	name := input.names[_]
	startswith(name, "x")
	msg := sprintf("no %v", [name])
}

level(n) = "high" { n > 10 } else = "low" { n > 1 } else = "none" { true }

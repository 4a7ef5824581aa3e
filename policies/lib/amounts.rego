# METADATA
# title: Amounts that may not be known
# description: |
#   An amount is a number, `"unbounded"` where nothing in the object bounds it, or `"unknown"` where something outside of the object
#   decides. Both count as more than any number, so what is not known is never taken for little.
package lib.lockgate.amounts

# METADATA
# description: The product; nothing times anything is nothing.
times(a, b) := 0 if {
	0 in {a, b}
} else := a * b if {
	is_number(a)
	is_number(b)
} else := "unbounded" if {
	"unbounded" in {a, b}
} else := "unknown"

# METADATA
# description: The sum.
added(a, b) := a + b if {
	is_number(a)
	is_number(b)
} else := "unbounded" if {
	"unbounded" in {a, b}
} else := "unknown"

# METADATA
# description: The larger one.
larger(a, b) := max([a, b]) if {
	is_number(a)
	is_number(b)
} else := "unbounded" if {
	"unbounded" in {a, b}
} else := "unknown"

# METADATA
# description: The smaller one; a number is less than what is not bounded, and may be more than what is not known.
smaller(a, b) := min([a, b]) if {
	is_number(a)
	is_number(b)
} else := a if {
	b == "unbounded"
} else := b if {
	a == "unbounded"
} else := "unknown"

# METADATA
# description: The sum of a list.
total(amounts) := sum(amounts) if {
	every amount in amounts { is_number(amount) }
} else := "unbounded" if {
	"unbounded" in amounts
} else := "unknown"

# METADATA
# description: |
#   The value at a path of a value as a whole number; `otherwise` where nothing is given, unknown where it is no such number.
whole(holder, path, otherwise) := otherwise if {
	at(holder, path) == null
} else := number if {
	number := at(holder, path)
	is_number(number)
	number >= 0
	floor(number) == number
} else := to_number(text) if {
	text := at(holder, path)
	is_string(text)
	regex.match(`^[0-9]{1,18}$`, text)
} else := "unknown"

at(holder, path) := object.get(holder, path, null) if {
	is_object(holder)
} else := null

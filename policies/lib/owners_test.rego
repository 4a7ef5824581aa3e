package lib.lockgate.owners_test

import data.lib.lockgate.owners

owned(references) := {"metadata": {"ownerReferences": references}}

test_controlled if {
	owners.controlled(owned([{"kind": "Job", "controller": true}]))
	owners.controlled(owned([{"kind": "A"}, {"kind": "B", "controller": true}, {"kind": "C", "controller": true}]))
	every references in [[], [{"kind": "Job"}], [{"controller": "true"}], [{"controller": false}], null, "x", [null, 7], {}] {
		not owners.controlled(owned(references))
	}
	not owners.controlled({})
	not owners.controlled({"metadata": null})
}

test_controllers if {
	[one.kind | some one in owners.controllers(owned([{"kind": "A"}, {"kind": "B", "controller": true}]))] == ["B"]
}

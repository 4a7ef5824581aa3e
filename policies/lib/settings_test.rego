package lib.lockgate.settings_test

import data.lib.lockgate.settings

test_on if {
	every value in [true, "${ISOLATED}", "$(params.isolated)", "{{ .Values.isolated }}", "$ISOLATED"] {
		settings.on(value)
	}
	every value in [false, null, "true", "", 1, [], {}] {
		not settings.on(value)
	}
}

test_text if {
	settings.text("x")
	every value in ["", " ", null, 1, ["x"]] {
		not settings.text(value)
	}
}

test_unknown if {
	settings.unknown("${X}")
	every value in ["x", "", null, 1, ["${X}"]] {
		not settings.unknown(value)
	}
}

test_literal if {
	settings.literal("x")
	every value in ["", " ", "${X}", "{{ .X }}", "<token>", " <your token> ", null, 1, ["x"]] {
		not settings.literal(value)
	}
}

test_fields if {
	settings.fields({"a": 1}) == {"a": 1}
	every value in [null, "x", 1, [], true] {
		settings.fields(value) == {}
	}
}

test_shown if {
	[settings.shown(value) | some value in [null, true, 7, "x", []]] == ["not set", "true", "7", "x", []]
}

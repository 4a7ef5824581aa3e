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

test_shown if {
	[settings.shown(value) | some value in [null, true, 7, "x", []]] == ["not set", "true", "7", "x", []]
}

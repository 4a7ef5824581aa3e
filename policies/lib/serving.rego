# METADATA
# title: What serves which model, and how
# description: |
#   What a promotion binds: the models that an object loads, what runs them, and what lets them bring code.
package lib.lockgate.serving

import data.lib.lockgate.model_code
import data.lib.lockgate.models
import data.lib.lockgate.subjects

# METADATA
# description: |
#   `{"models", "beside", "flags"}`: models as `{"path", "uri", "key", "version", "pin", "use"}` (`subjects` has the words; `use` is `model`, or `volume` for an image volume), what runs beside them as
#   `{"kind", "key", "version"}`, and flags as text; the latter two sorted, each once.
told := {"models": loaded, "beside": sort(beside), "flags": model_code.told.flags}

loaded := [{"path": found.path, "uri": found.uri, "key": subjects.key_of(found), "version": subjects.version_of(found), "pin": subjects.pin_of[found.pin], "use": found.use} |
	some found in models.references
	found.use in {"model", "volume"}
]

# What decides how a model answers, besides itself.
kinds := {"adapter", "code", "image", "runtime"}

beside := {{"kind": one.kind, "key": one.key, "version": one.version} |
	some one in subjects.subjects
	one.kind in kinds
}

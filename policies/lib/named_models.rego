# METADATA
# title: References to models as subjects
# description: |
#   What is told of models by their references (facts, promotions) is found for subjects, which have a key and a version.
package lib.lockgate.named_models

import data.lib.lockgate.models
import data.lib.lockgate.review
import data.lib.lockgate.subjects

# METADATA
# description: |
#   `{"named"}`: `{"key", "version"}` of the references in the parameter `references`, without those that are told only when it runs.
told := {"named": {given: {"key": subjects.key_of(read), "version": subjects.version_of(read)} |
	some given in review.parameters.references
	read := models.parse(given, "")
	not read.pin in {"unknown", "unreadable"}
}}

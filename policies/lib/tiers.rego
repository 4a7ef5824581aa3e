# METADATA
# title: Tiers
# description: |
#   Whether an object is for production or for development, by its labels and its namespace's name. Labels of a namespace are not read, since a check of
#   files does not know them: a constraint may select namespaces by them (`namespaceSelector`) and say what they are (`assumed`). Names of environments are taken apart at `-`, `_` and `.`, and one
#   part decides (`prod-eu`, `fraud-dev`).
package lib.lockgate.tiers

import data.lib.lockgate.review
import data.lib.lockgate.settings
import data.lib.lockgate.updates

# METADATA
# description: |
#   The tier of an object that stands in the object under review: `production`, `development`, or `""` where nothing says either. Its labels count, those of the
#   object under review and the namespace's name; if one of them says production, it is. Where none says anything it is what the
#   parameter `assumed` says.
of(value) := "production" if {
	some word in words(value)
	word in names.production
} else := "development" if {
	some word in words(value)
	word in names.development
} else := object.get(review.parameters, "assumed", "")

# METADATA
# description: |
#   Whether the request is an update that leaves alone what is asked for, the annotations and what says of which tier it is.
unchanged if {
	updates.unchanged_annotated
	labels(input.review.object) == labels(input.review.oldObject)
}

names := {tier: {lower(name) | some name in object.get(object.get(review.parameters, "tiers", {}), tier, default_names[tier])} |
	some tier in ["development", "production"]
}

default_names := {
	"development": ["dev", "develop", "development", "sandbox"],
	"production": ["live", "prd", "prod", "production"],
}

# What may be written of itself counts like what administrators write: who says production asks for more.
words(value) := {word |
	some said in array.concat([text | some text in labels(value)], around)
	some word in array.concat([lower(said)], regex.split(`[-_.]+`, lower(said)))
}

around := array.concat(labels(review.target), [text |
	some text in [object.get(input.review, "namespace", ""), object.get(settings.fields(object.get(review.target, "metadata", {})), "namespace", "")]
	settings.literal(text)
])

labels(value) := [text |
	given := settings.fields(object.get(settings.fields(object.get(settings.fields(value), "metadata", {})), "labels", {}))
	some name in object.get(review.parameters, "environmentLabels", ["lockgate.dev/environment", "environment", "env"])
	text := given[name]
	settings.literal(text)
]

# METADATA
# title: Applications belong to a project of their own
# description: |
#   Argo CD's project `default` is there from the start and takes anything to anywhere. An Application in it is bounded by nobody, and whoever
#   may create one there may deploy to every cluster. An Application must name another project.
#
#   Read are Applications and the templates of ApplicationSets, those of their generators too. A project that a generator fills in is judged in the
#   Applications that come of it. `refusedProjects` names the projects that no Application may be in; it is `[default]` when left out.
#
#   Not covered: how wide the project is (`gitops/argo_projects`), and whether it exists.
# related_resources:
#   - ref: https://argo-cd.readthedocs.io/en/stable/user-guide/projects/#the-default-project
#     description: The default project of Argo CD
# custom:
#   id: LG-G005
#   severity: medium
#   external: false
#   systems: [argo-cd]
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
package lockgate.gitops.default_project

import data.lib.lockgate.gitops
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates

violation contains report.violation(path, "Application is in a project without bounds", shown, why, fix) if {
	not updates.unchanged
	some spec in specs
	project := object.get(spec.value, "project", "")
	unbounded(project)
	path := array.concat(spec.path, ["project"])
	shown := {true: "default", false: project}[project in {"", null}]
	why := "nothing says what it may read and where it may deploy"
	fix := "name the team's AppProject in spec.project"
}

# A patch of an overlay names no destination, and a generator's template need not name the project again.
specs := array.concat(
	[spec | some spec in gitops.application_specs; is_object(spec.value.destination)],
	[spec | some spec in gitops.override_specs; object.get(spec.value, "project", "") != ""],
)

refused := {name | some name in object.get(review.parameters, "refusedProjects", ["default"])}

unbounded(project) if not is_string(project)

unbounded(project) if {
	is_string(project)
	trim_space(project) in refused
}

unbounded(project) if {
	project == ""
	"default" in refused
}

# METADATA
# title: Accounts of clouds have rights for what is done
# description: |
#   A training job or a function whose account may do everything in its project hands that to whoever takes it over, and so does one that may
#   give itself rights, or act as other accounts.
#
#   Of Google Cloud are refused, as `role` of an IAMPolicyMember or in `bindings` of an IAMPolicy or IAMPartialPolicy: `refusedRoles` on anything (`roles/owner` and `roles/editor` when left out), and, on a
#   project, a folder or an organization, roles that give rights or act as accounts (`roles/iam.serviceAccountTokenCreator`, `roles/resourcemanager.projectIamAdmin` and their like; with
#   `adminRoles: refuse` every role whose name ends with `admin`); an IAMCustomRole with permissions that do the same.
#
#   Of AWS are refused, in a Policy and in `inlinePolicies` of a Role, User or Group: a statement that allows all actions, or on all resources all actions of a service, or without a
#   condition actions that give rights (`iam:PassRole`, `iam:AttachRolePolicy` and their like, `sts:AssumeRole`); managed policies of administrators (`AdministratorAccess`, `IAMFullAccess`,
#   `PowerUserAccess`) in `policies`; an AccessEntry of EKS that makes an administrator of the cluster; a document that cannot be read.
#
#   Placeholders are left for when they are filled in. An update that leaves the spec as it was is not judged. Execution roles that a Function, a Model or a job names by their ARN are judged where they are
#   made: by ACK, that is here.
#
#   Not covered: who takes the role and who is granted it (`identity/public_grants`), what a boundary or an organization's policy takes away again, rights on single
#   resources, and roles that are made elsewhere.
# related_resources:
#   - ref: https://cloud.google.com/iam/docs/roles-overview#basic
#     description: Basic roles of Google Cloud
#   - ref: https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege
#     description: Least privilege in AWS
#   - ref: https://aws-controllers-k8s.github.io/community/reference/iam/v1alpha1/role/
#     description: Role of ACK's IAM controller
# custom:
#   id: LG-A005
#   severity: critical
#   external: false
#   systems: [config-connector, aws-ack, aws-lambda, sagemaker]
#   controls:
#     - NIST SP 800-53 AC-6 (least privilege)
#     - NIST SP 800-53 AC-3 (access enforcement)
package lockgate.identity.cloud_rights

import data.lib.lockgate.iam_policies
import data.lib.lockgate.report
import data.lib.lockgate.review
import data.lib.lockgate.updates
import data.lib.lockgate.workloads

violation contains report.violation(path, "a role is too wide", role, why, fix) if {
	not updates.unchanged
	some at in granting
	some path in role_paths(at)
	role := workloads.value_at(path)
	is_string(role)
	trim_space(role) in object.get(review.parameters, "refusedRoles", ["roles/editor", "roles/owner"])
	why := "it holds rights to nearly all there is"
	fix := "grant a role for what is done, such as roles/storage.objectViewer"
}

violation contains report.violation(path, "a role is an administrator's", role, why, fix) if {
	not updates.unchanged
	some at in granting
	reaches_far(at.value)
	some path in role_paths(at)
	role := workloads.value_at(path)
	is_string(role)
	administrators(trim_space(role))
	why := "on a whole project, folder or organization it gives rights, or acts as any account there"
	fix := "grant it on the one resource, or a role for what is done"
}

violation contains report.violation(path, "a custom role leads to more rights than it names", permission, why, fix) if {
	not updates.unchanged
	some at in named({"iam.cnrm.cloud.google.com/IAMCustomRole"})
	some i, permission in at.value.spec.permissions
	is_string(permission)
	leads_on(permission)
	path := array.concat(at.path, ["spec", "permissions", i])
	why := "whoever has it gives rights, or acts as another account"
	fix := "leave the permission out, and grant a role that has it on the one account where it is needed"
}

violation contains report.violation(document.path, "a policy allows too much", told, why, fix) if {
	some document in policies
	some statement in document.statements
	statement.allows
	some told in too_much(statement)
	why := "whoever takes over what has it has that too"
	fix := "list the actions that are used, and the resources in Resource"
}

violation contains report.violation(document.path, "a policy cannot be read", "no object of JSON", why, fix) if {
	some document in policies
	not document.readable
	why := "what it allows cannot be told"
	fix := "write a policy document of IAM, as JSON"
}

violation contains report.violation(path, "a role has a policy of administrators", arn, why, fix) if {
	not updates.unchanged
	some at in named({"iam.services.k8s.aws/Group", "iam.services.k8s.aws/Role", "iam.services.k8s.aws/User"})
	some i, arn in at.value.spec.policies
	is_string(arn)
	regex.match(`^arn:[^:]*:iam::aws:policy/(AdministratorAccess(-.*)?|IAMFullAccess|PowerUserAccess)$`, trim_space(arn))
	path := array.concat(at.path, ["spec", "policies", i])
	why := "whoever takes over what has it has the account"
	fix := "write a policy with the actions and resources that are used"
}

violation contains report.violation(path, "an account is made administrator of the cluster", told, why, fix) if {
	not updates.unchanged
	some at in named({"eks.services.k8s.aws/AccessEntry"})
	some found in cluster_administrators(at)
	told := found.told
	path := array.concat(at.path, found.path)
	why := "it reads every Secret there is and runs anything"
	fix := "associate AmazonEKSViewPolicy or AmazonEKSEditPolicy with the namespaces that are needed"
}

policies := [document |
	not updates.unchanged
	some document in iam_policies.documents
	document.use == "identity"
]

named(names) := [at | some at in workloads.objects; at.name in names]

granting := named({
	"iam.cnrm.cloud.google.com/IAMPartialPolicy", "iam.cnrm.cloud.google.com/IAMPolicy",
	"iam.cnrm.cloud.google.com/IAMPolicyMember",
})

role_paths(at) := array.concat(
	[array.concat(at.path, ["spec", "role"])],
	workloads.below(array.concat(at.path, ["spec", "bindings"]), ["role"]),
)

# What the grant is on: as of Config Connector, the project of the namespace when nothing is said.
reaches_far(value) if object.get(value, ["spec", "resourceRef", "kind"], "Project") in {"Folder", "Organization", "Project"}

administrators(role) if role in {
	"roles/iam.organizationRoleAdmin", "roles/iam.roleAdmin", "roles/iam.securityAdmin", "roles/iam.serviceAccountAdmin", "roles/iam.serviceAccountKeyAdmin",
	"roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser", "roles/iam.workloadIdentityPoolAdmin", "roles/iam.workloadIdentityUser",
	"roles/resourcemanager.folderAdmin", "roles/resourcemanager.folderIamAdmin", "roles/resourcemanager.organizationAdmin", "roles/resourcemanager.projectIamAdmin",
}

administrators(role) if {
	review.parameters.adminRoles == "refuse"
	regex.match(`(?i)^roles/.*admin$`, role)
}

leads_on(permission) if endswith(permission, ".setIamPolicy")

leads_on(permission) if permission in {
	"deploymentmanager.deployments.create", "iam.roles.create", "iam.roles.update", "iam.serviceAccountKeys.create", "iam.serviceAccounts.actAs",
	"iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken", "iam.serviceAccounts.implicitDelegation", "iam.serviceAccounts.signBlob",
	"iam.serviceAccounts.signJwt",
}

too_much(statement) := ["every action"] if {
	every_action(statement)
} else := [action |
	some action in statement.actions
	everywhere(statement)
	is_too_much(statement, action)
]

every_action(statement) if {
	some action in statement.actions
	regex.match(`^[*?]+(:[*?]+)?$`, action)
}

is_too_much(_, action) if regex.match(`^[a-z0-9-]+:\*+$`, action)

is_too_much(statement, action) if {
	not statement.conditioned
	some given in giving
	covers(action, given)
}

covers(action, given) if action == given

covers(action, given) if {
	parts := regex.split(`[*?]`, action)
	count(parts) > 1
	startswith(given, parts[0])
}

# All resources, all of a service, or all of a kind in an account.
everywhere(statement) if {
	some resource in statement.resources
	regex.match(`^(\*+|arn:[^:]*:[^:]*:[^:]*:[^:]*:(\*+|(alias|function|group|instance-profile|key|policy|repository|role|secret|user)[/:]\*+))$`, trim_space(resource))
}

giving := {
	"iam:addusertogroup", "iam:attachgrouppolicy", "iam:attachrolepolicy", "iam:attachuserpolicy", "iam:createaccesskey", "iam:createloginprofile", "iam:createpolicyversion",
	"iam:passrole", "iam:putgrouppolicy", "iam:putrolepolicy", "iam:putuserpolicy", "iam:setdefaultpolicyversion", "iam:updateassumerolepolicy", "iam:updateloginprofile",
	"sts:assumerole",
}

cluster_administrators(at) := array.concat(
	[{"path": ["spec", "accessPolicies", i, "policyARN"], "told": policy.policyARN} |
		some i, policy in at.value.spec.accessPolicies
		is_string(policy.policyARN)
		endswith(policy.policyARN, "cluster-access-policy/AmazonEKSClusterAdminPolicy")
	],
	[{"path": ["spec", "kubernetesGroups", i], "told": group} |
		some i, group in at.value.spec.kubernetesGroups
		group == "system:masters"
	],
)

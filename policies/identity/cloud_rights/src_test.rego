package lockgate.identity.cloud_rights_test

import data.lockgate.identity.cloud_rights as rule

google(kind, spec) := {"apiVersion": "iam.cnrm.cloud.google.com/v1beta1", "kind": kind, "metadata": {"name": "g"}, "spec": spec}

aws(kind, spec) := {"apiVersion": "iam.services.k8s.aws/v1alpha1", "kind": kind, "metadata": {"name": "a"}, "spec": spec}

policy(statement) := aws("Policy", {"policyDocument": json.marshal({"Statement": [statement]})})

said(judged, parameters) := {violation.msg |
	some violation in rule.violation with input as {"review": {"object": judged}, "parameters": parameters}
}

one(found, beginning) if {
	count(found) == 1
	some message in found
	startswith(message, beginning)
}

far(role) := google("IAMPolicyMember", {"role": role, "resourceRef": {"kind": "Project"}})

test_wide_roles if {
	every role in ["roles/owner", " roles/editor "] {
		one(said(google("IAMPolicyMember", {"role": role, "resourceRef": {"kind": "PubSubTopic"}}), {}), "a role is too wide at spec.role (")
		every kind in ["IAMPartialPolicy", "IAMPolicy"] {
			one(said(google(kind, {"bindings": [{"role": "roles/viewer"}, {"role": role}, null]}), {}), "a role is too wide at spec.bindings[1].role (")
		}
	}
	one(said(far("roles/viewer"), {"refusedRoles": ["roles/viewer"]}), "a role is too wide")
	every role in ["roles/viewer", "roles/storage.admin", "${ROLE}", "", null, 7, ["roles/owner"]] {
		said(far(role), {}) == set()
	}
	every spec in [null, 7, {"bindings": 7}, {"bindings": [{"role": null}]}] {
		said(google("IAMPolicy", spec), {}) == set()
	}
	said(far("roles/owner"), {"refusedRoles": []}) == set()
}

test_administrators if {
	place := "a role is an administrator's at spec.role ("
	every kind in ["Folder", "Organization", "Project"] {
		one(said(google("IAMPolicyMember", {"role": "roles/iam.serviceAccountTokenCreator", "resourceRef": {"kind": kind}}), {}), place)
	}
	one(said(google("IAMPolicyMember", {"role": "roles/resourcemanager.projectIamAdmin"}), {}), place)
	said(google("IAMPolicyMember", {"role": "roles/iam.serviceAccountTokenCreator", "resourceRef": {"kind": "IAMServiceAccount"}}), {}) == set()
	one(said(far("roles/storage.admin"), {"adminRoles": "refuse"}), place)
	one(said(far("roles/aiplatform.Admin"), {"adminRoles": "refuse"}), place)
	said(far("roles/storage.objectViewer"), {"adminRoles": "refuse"}) == set()
}

test_custom_roles if {
	every permission in ["resourcemanager.projects.setIamPolicy", "iam.serviceAccounts.actAs"] {
		one(said(google("IAMCustomRole", {"permissions": ["storage.objects.get", permission]}), {}), "a custom role leads to more rights than it names at spec.permissions[1] (")
	}
	every permissions in [null, 7, ["storage.objects.get", null, 7]] {
		said(google("IAMCustomRole", {"permissions": permissions}), {}) == set()
	}
}

test_every_action if {
	place := "a policy allows too much at spec.policyDocument (every action)"
	every action in ["*", "*:*", ["s3:GetObject", "**"]] {
		every resource in ["*", "arn:aws:s3:::models/*"] {
			one(said(policy({"Effect": "Allow", "Action": action, "Resource": resource}), {}), place)
		}
		said(policy({"Effect": "Deny", "Action": action, "Resource": "*"}), {}) == set()
	}
	one(said(policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), {}), place)
	one(said(aws("Role", {"inlinePolicies": {"all": `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`}}), {}), "a policy allows too much at spec.inlinePolicies.all (every action)")
}

test_actions if {
	every action in ["s3:*", "iam:*", "iam:PassRole", "iam:Attach*", "sts:AssumeRole", "iam:pass?ole"] {
		every resource in ["*", "arn:aws:iam::123456789012:role/*", "arn:aws:s3:::*"] {
			one(said(policy({"Effect": "Allow", "Action": action, "Resource": resource}), {}), "a policy allows too much at spec.policyDocument (")
		}
		every resource in ["arn:aws:iam::123456789012:role/trainer", "arn:aws:s3:::models/*", [], null] {
			said(policy({"Effect": "Allow", "Action": action, "Resource": resource}), {}) == set()
		}
	}
	one(said(policy({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::models"}), {}), "a policy allows too much")
	every action in ["s3:List*", "iam:GetRole", "iam:Get*", "sagemaker:CreateTrainingJob", "", null, 7] {
		said(policy({"Effect": "Allow", "Action": action, "Resource": "*"}), {}) == set()
	}
	said(policy({"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}}), {}) == set()
}

test_documents if {
	every text in ["words", "{]", "[]"] {
		one(said(aws("Policy", {"policyDocument": text}), {}), "a policy cannot be read at spec.policyDocument (")
	}
	every text in ["${POLICY}", "", null, 7, "{}"] {
		said(aws("Policy", {"policyDocument": text}), {}) == set()
	}
	said(aws("Role", {"assumeRolePolicyDocument": `{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]}`}), {}) == set()
}

test_managed_policies if {
	every name in ["AdministratorAccess", "AdministratorAccess-Amplify", "IAMFullAccess", "PowerUserAccess"] {
		every partition in ["aws", "aws-cn"] {
			one(said(aws("User", {"policies": ["x", sprintf("arn:%s:iam::aws:policy/%s", [partition, name])]}), {}), "a role has a policy of administrators at spec.policies[1] (")
		}
	}
	every policies in [null, 7, [null, 7, "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", "arn:aws:iam::123456789012:policy/AdministratorAccess"]] {
		said(aws("Role", {"policies": policies}), {}) == set()
	}
}

entry(spec) := {"apiVersion": "eks.services.k8s.aws/v1alpha1", "kind": "AccessEntry", "metadata": {"name": "e"}, "spec": spec}

test_clusters if {
	one(said(entry({"accessPolicies": [null, {"policyARN": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"}]}), {}), "an account is made administrator of the cluster at spec.accessPolicies[1].policyARN (")
	one(said(entry({"kubernetesGroups": ["team", "system:masters"]}), {}), "an account is made administrator of the cluster at spec.kubernetesGroups[1] (")
	every spec in [{"accessPolicies": [{"policyARN": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"}]}, {"kubernetesGroups": ["team", null]}, null] {
		said(entry(spec), {}) == set()
	}
}

test_updates if {
	old := far("roles/owner")
	marked := object.union(old, {"status": {"ready": true}})
	count(rule.violation) == 0 with input as {"review": {"operation": "UPDATE", "object": marked, "oldObject": old}}
	count(rule.violation) == 1 with input as {"review": {"operation": "UPDATE", "object": old, "oldObject": far("roles/viewer")}}
}

"""Who asks in the scenarios besides the administrator: accounts of the cluster's own controllers."""

CLAIMS_ACCOUNT = "system:serviceaccount:kube-system:resource-claim-controller"
SETS_ACCOUNT = "system:serviceaccount:kube-system:replicaset-controller"
SCHEDULER = "system:kube-scheduler"
USERS = {CLAIMS_ACCOUNT: "", SETS_ACCOUNT: "", SCHEDULER: ""}

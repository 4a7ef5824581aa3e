"""Who asks in the scenarios besides the administrator: accounts of the cluster's own controllers, and one of a team."""

CLAIMS_ACCOUNT = "system:serviceaccount:kube-system:resource-claim-controller"
SETS_ACCOUNT = "system:serviceaccount:kube-system:replicaset-controller"
SCHEDULER = "system:kube-scheduler"
KUBELET = "system:node:worker"
NODES_ACCOUNT = "system:serviceaccount:kube-system:node-controller"
VOLUMES_ACCOUNT = "system:serviceaccount:kube-system:attachdetach-controller"
LABELLER = "labeller"
_KUBE_SYSTEM = "system:serviceaccounts:kube-system"
# With a group that counts for something.
USERS = {
    LABELLER: "",
    CLAIMS_ACCOUNT: "",
    SETS_ACCOUNT: "",
    SCHEDULER: "",
    KUBELET: "system:nodes",
    NODES_ACCOUNT: _KUBE_SYSTEM,
    VOLUMES_ACCOUNT: _KUBE_SYSTEM,
}

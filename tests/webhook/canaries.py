"""Secret values planted in manifests, in every place and writing that we know of; none may ever be shown."""

import base64
import json
from typing import Final

MARK: Final = "Canary"


def canary(number: int) -> str:
    """A value that occurs nowhere else."""
    return f"{MARK}{number:03d}xQ7z"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_NESTED: Final = encoded(json.dumps({"auths": {"r.example": {"auth": encoded(f"robot:{canary(7)}")}}}))
_COPY: Final = json.dumps(
    {"kind": "Secret", "stringData": {"a": canary(8)}, "data": {"b": encoded(canary(9))}}
)
_POD_COPY: Final = json.dumps(
    {"kind": "Pod", "spec": {"containers": [{"env": [{"name": "DB_PASSWORD", "value": canary(10)}]}]}}
)
_JWT: Final = f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4{canary(11)}.{canary(12)}"

# The case's name, the manifest, and what must not be shown.
CASES: Final[dict[str, tuple[str, list[str]]]] = {
    "string data": (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  a: {canary(1)}\n",
        [canary(1), encoded(canary(1))],
    ),
    "data, encoded": (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata:\n  a: {encoded(canary(2))}\n",
        [canary(2), encoded(canary(2))],
    ),
    "block scalar of several lines": (
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  conf: |\n"
            f"    first {canary(3)}\n    second: {canary(4)}\n"
        ),
        [canary(3), canary(4)],
    ),
    "folded scalar": (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  a: >-\n    {canary(5)}\n    more\n",
        [canary(5)],
    ),
    "escapes in the text": (
        'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  a: "\\x43anary006xQ7z"\n',
        [canary(6), "anary006xQ7z"],
    ),
    "docker configuration": (
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/dockerconfigjson\n"
            f"data:\n  .dockerconfigjson: {_NESTED}\n"
        ),
        [canary(7), encoded(f"robot:{canary(7)}"), _NESTED],
    ),
    "copy of a Secret in an annotation": (
        (
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n"
            f"    kubectl.kubernetes.io/last-applied-configuration: '{_COPY}'\n"
        ),
        [canary(8), canary(9), encoded(canary(9))],
    ),
    "copy of a Pod in an annotation": (
        (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n"
            f"    kubectl.kubernetes.io/last-applied-configuration: |\n      {_POD_COPY}\n"
        ),
        [canary(10), _POD_COPY],
    ),
    "JSON web token": (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  a: {_JWT}\n",
        [canary(11), canary(12)],
    ),
    "variable with a telling name": (
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    env:\n"
            f"    - name: API_TOKEN\n      value: {canary(13)}\n    - {{name: SIGNING_KEY, value: '{canary(14)}'}}\n"
        ),
        [canary(13), canary(14)],
    ),
    "variable, value first": (
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n"
            f"  - env: [{{value: {canary(15)}, name: db_passwd}}]\n    name: c\n"
        ),
        [canary(15)],
    ),
    "user information of a URL": (
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
            f"data:\n  url: postgres://app:{canary(16)}@db.example:5432/app\n  other: 'https://{canary(17)}@git.example/x'\n"
        ),
        [canary(16), canary(17)],
    ),
    "AWS key": (
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"
            f"  credentials: |\n    aws_access_key_id = AKIAIOSFODNN7CANARY1\n    aws_secret_access_key = {canary(18)}\n"
        ),
        [canary(18), "AKIAIOSFODNN7CANARY1"],
    ),
    "tokens of forges": (
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"
            f"  a: ghp_{canary(19)}0123456789\n  b: glpat-{canary(20)}0123456789\n  c: hf_{canary(21)}0123456789\n"
        ),
        [canary(19), canary(20), canary(21)],
    ),
    "private key": (
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  key.pem: |\n"
            f"    -----BEGIN RSA PRIVATE KEY-----\n    MIIE{canary(22)}\n    {canary(23)}==\n"
            "    -----END RSA PRIVATE KEY-----\n"
        ),
        [canary(22), canary(23)],
    ),
    "authorization header": (
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    args:\n"
            f"    - '-H'\n    - 'Authorization: Bearer {canary(24)}'\n    - 'curl -H \"authorization: Basic {canary(25)}\"'\n"
        ),
        [canary(24), canary(25)],
    ),
    "options": (
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    args:\n"
            f"    - --db-password={canary(26)}\n    - --token\n    - {canary(27)}\n    - 'run --api-key={canary(28)} now'\n"
        ),
        [canary(26), canary(27), canary(28)],
    ),
    "item of a List": (
        (
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: s}\n"
            f"  stringData: {{a: {canary(29)}}}\n- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: c}}}}\n"
        ),
        [canary(29)],
    ),
    "everything on one line": (
        (
            'apiVersion: v1\nkind: List\nitems: [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, '
            f'"stringData": {{"a": "{canary(30)}"}}}}, {{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "p"}}}}]\n'
        ),
        [canary(30)],
    ),
    "JSON file": (
        (
            '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": '
            f'{{"a": "{canary(31)}", "b": "{canary(32)}\\nquote \\" here"}}}}'
        ),
        [canary(31), canary(32)],
    ),
    "anchor and alias": (
        (
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n"
            f"    note: &hidden {canary(33)}\nstringData:\n  a: *hidden\n"
        ),
        [canary(33)],
    ),
    "merge key": (
        (
            f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nx-base: &base {{a: {canary(34)}}}\n"
            "stringData:\n  <<: *base\n"
        ),
        [canary(34)],
    ),
    "manifest of a Secret in a ConfigMap": (
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  secret.yaml: |\n    kind: Secret\n"
            f"    stringData:\n      inner: {canary(35)}\n"
        ),
        [canary(35)],
    ),
    "password in a ConfigMap": (
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n"
            f"  db_password: {canary(36)}\n  app.ini: |\n    [db]\n    password = {canary(37)}\n"
        ),
        [canary(36), canary(37)],
    ),
    "user information of a request": (
        (
            "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nmetadata: {name: r}\nrequest:\n  uid: u\n"
            f"  userInfo: {{username: u, extra: {{token-id: [{canary(38)}]}}}}\n  object: {{kind: Pod}}\n"
        ),
        [canary(38)],
    ),
    "encoded token in an annotation": (
        (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations:\n"
            f"    note: {encoded('ghp_' + canary(39) + '0123456789')}\n"
        ),
        [canary(39), encoded("ghp_" + canary(39) + "0123456789")],
    ),
    "characters that are escaped": (
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n"
            f'  a: \'<{canary(40)}&"é\\>\'\n  b: "tab\\t{canary(41)}"\n'
        ),
        [canary(40), canary(41)],
    ),
    "comment": (
        "apiVersion: v1\nkind: Pod # password: " + canary(42) + "\nmetadata: {name: p}\n",
        [canary(42)],
    ),
    "nested in Secret data": (
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n"
            f'  config.json: \'{{"db": {{"user": "app", "pass": "{canary(43)}"}}}}\'\n'
        ),
        [canary(43)],
    ),
    "two documents": (
        (
            f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{a: {canary(44)}}}\n---\n"
            "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
        ),
        [canary(44)],
    ),
    "broken Secret": (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  a: {canary(45)}\n  b: [{canary(46)}\n",
        [canary(45), canary(46)],
    ),
    "broken Secret, bad escape": (
        f'apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  a: "{canary(47)}\\q"\n',
        [canary(47)],
    ),
    "broken manifest with a password": (
        f"apiVersion: v1\nkind: ConfigMap\ndata:\n  password: {canary(48)}: x: y\n  token: 'a{canary(49)}\n",
        [canary(48), canary(49)],
    ),
    "duplicate key in a Secret": (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  a: {canary(50)}\n  a: {canary(51)}\n",
        [canary(50), canary(51)],
    ),
    "unrendered Secret": (
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: {{ .Release.Name }}}\n"
            f"stringData:\n  a: {canary(52)}{{{{ .Values.x }}}}\n"
        ),
        [canary(52)],
    ),
    "Secret without apiVersion": (
        f"kind: Secret\nmetadata: {{name: s}}\nstringData: {{a: {canary(53)}}}\n",
        [canary(53)],
    ),
}

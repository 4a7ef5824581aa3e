"""`lockgate check` starts fast: what it may not import. `make bench` measures the time it takes.

The bar is three times `python -c "import click, yaml, re2"`, process start to exit.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Each costs milliseconds, or brings threads, sockets and processes that a check has no use for.
FORBIDDEN = frozenset(
    {
        "asyncio",
        "concurrent",
        "cryptography",
        "ctypes",
        "difflib",
        "email",
        "http",
        "importlib.metadata",
        "importlib.resources",
        "logging",
        "multiprocessing",
        "pydantic",
        "random",
        "rich",
        "secrets",
        "shutil",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "traceback",
        "unittest",
        "urllib",
        "urllib.request",
        "zipfile",
    }
)
# What compiles and explains policies, which a start from the cache has no use for, and what belongs to other commands.
COMPILING = tuple(
    [
        f"lockgate.engine.rego.{name}"
        for name in (
            "advice",
            "annotations",
            "ast",
            "builtins.jose",
            "builtins.x509",
            "compiler",
            "explanation",
            "generate",
            "graphql",
            "http",
            "json_schema",
            "lexer",
            "parser",
            "resolve",
            "spans",
            "templates",
            "testing",
            "trace",
            "types",
        )
    ]
)
OTHER_COMMANDS = (
    "lockgate.audit.attestations",
    "lockgate.engine.evidence",
    "lockgate.engine.facts",
    "lockgate.engine.foreign_documents",
    "lockgate.engine.promotions",
    "lockgate.gatekeeper.promotions",
    "lockgate.gatekeeper.rego_compile",
    "lockgate.gatekeeper.suite",
    "lockgate.gatekeeper.tracing",
    "lockgate.webhook.config_reader",
    "lockgate.webhook.explanations",
    "lockgate.webhook.git_index",
    "lockgate.webhook.gitignore",
    "lockgate.webhook.promotions",
    "lockgate.webhook.scanning",
)
# A check of one file needed 105 of our modules when this was written, 124 with the defaults and places without a tree,
# 126 since its two passes stand apart, 128 with the name of the provider of devices, and 132 with the options of facts and
# three kinds of builtins that the baseline's rule on code from models calls; each takes about 0.15 ms.
MOST_MODULES = 135

# Told on standard error: the classes that `dataclasses` compiled methods for, 0.3 ms each.
DATACLASSES = """
import json, sys
from lockgate.webhook.cli import run
code = run(sys.argv[1:])
made = [
    f"{name}.{label}"
    for name, module in sys.modules.items()
    if name.startswith("lockgate.")
    for label, value in vars(module).items()
    if isinstance(value, type) and isinstance(vars(value).get("__dataclass_fields__"), dict)
]
print(json.dumps(made), file=sys.stderr)
sys.exit(code)
"""
BASE = [sys.executable, "-c", "import click, yaml, re2"]

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: 'nginx:1'}]}\n"


@pytest.fixture
def one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled: str) -> list[str]:
    """The command that checks one file."""
    monkeypatch.setenv("XDG_CACHE_HOME", compiled)
    # As installed: the modules' bytecode is there, which pip writes.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(Path(compiled) / "bytecode"))
    file = tmp_path / "one.yaml"
    file.write_text(POD)
    return [sys.executable, "-m", "lockgate.webhook", "check", "--cache", str(file)]


def imported(command: list[str], code: int = 0) -> set[str]:
    done = subprocess.run(
        [command[0], "-X", "importtime", *command[1:]], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr[-2000:]
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_a_check_imports_nothing_heavy(one_file: list[str]) -> None:
    imported(one_file)  # The first start fills the cache of compiled policies.
    found = imported(one_file)
    assert "lockgate.webhook.check" in found
    assert sorted(found & (FORBIDDEN - imported(BASE))) == []
    ours = {name for name in found if name.startswith("lockgate.")}
    unwanted = (*COMPILING, *OTHER_COMMANDS)
    assert sorted(name for name in ours for begin in unwanted if f"{name}.".startswith(f"{begin}.")) == []
    assert len(ours) <= MOST_MODULES, len(ours)


def test_a_worker_that_records_has_no_database() -> None:
    """Only main has one: each worker would pay 40 MB for its libraries."""
    modules = ("lockgate.webhook.app.worker_main", "lockgate.webhook.serving.remembering")
    found = imported([sys.executable, "-c", f"import {', '.join(modules)}"])
    assert found >= {*modules}
    unwanted = {"alembic", "psycopg", "pydantic", "sqlalchemy", "sqlite3", "sqlmodel"}
    assert sorted(found & unwanted) == []


CEL = """\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: probe}
spec:
  crd: {spec: {names: {kind: Probe}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      code:
        - engine: K8sNativeValidation
          source: {validations: [{expression: "object.spec.containers.all(c, c.name != '')"}]}
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Probe
metadata: {name: probe}
"""
# The same with an expression that fails, which is a violation with the error's text.
FAILING_CEL = CEL.replace("c.name", "c.none")
# What compiles expressions, and what evaluates those that fail.
COMPILING_CEL = ("careful", "checker", "compiler", "emit", "environment", "lexer", "parser", "unify")


def test_a_check_with_expressions_from_the_cache_compiles_none(one_file: list[str]) -> None:
    policies = Path(one_file[-1]).with_name("cel.yaml")
    policies.write_text(CEL)
    command = [*one_file[:-1], "-p", str(policies), one_file[-1]]
    assert "lockgate.engine.cel.parser" in imported(command)
    found = imported(command)
    assert "lockgate.engine.cel.expression" in found
    assert sorted(found & {f"lockgate.engine.cel.{name}" for name in COMPILING_CEL}) == []


def test_an_expression_from_the_cache_that_fails_is_not_compiled_again(one_file: list[str]) -> None:
    policies = Path(one_file[-1]).with_name("cel.yaml")
    policies.write_text(FAILING_CEL)
    command = [*one_file[:-1], "-p", str(policies), one_file[-1]]
    assert "lockgate.engine.cel.parser" in imported(command, 1)
    found = imported(command, 1)
    assert "lockgate.engine.cel.careful" in found
    unwanted = [name for name in COMPILING_CEL if name != "careful"]
    assert sorted(found & {f"lockgate.engine.cel.{name}" for name in unwanted}) == []


def test_a_check_makes_no_dataclass(one_file: list[str]) -> None:
    imported(one_file)
    arguments = one_file[one_file.index("check") :]
    done = subprocess.run(
        [sys.executable, "-c", DATACLASSES, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stderr) == []


def test_the_map_of_commands_imports_no_engine() -> None:
    found = imported([sys.executable, "-m", "lockgate.webhook", "--help"])
    assert "lockgate.webhook.cli" in found
    assert not [name for name in found if name.startswith(("lockgate.engine", "lockgate.gatekeeper"))]
    assert not found & {"yaml", "re2", "json"}

"""Templates from the cache of compiled code judge as those compiled anew, and parse no Rego."""

import subprocess
import sys
from pathlib import Path

from lockgate.engine.codegen.cache import CodeCache
from lockgate.engine.rego.capabilities import Capabilities
from lockgate.gatekeeper.rego_template import TemplateCompiler
from lockgate.gatekeeper.template import Template, parse_template

from tests.gatekeeper.workbench import HIT, document, template
from tests.shared_folder import ROOT

LINTED = 'package hit\n\nviolation[{"message": "hit"}] { true }\nviolation[{"msg": "a"}] { input.review.userInfo }\n'


def parsed(rego: str = HIT, file: str = "template.yaml") -> Template:
    return parse_template(document(template(rego), file))


def test_cached_templates_are_equal(tmp_path: Path) -> None:
    cache = CodeCache(str(tmp_path / "code"), b"compiler")
    compiler = TemplateCompiler(Capabilities(), cache)
    for rego in (HIT, LINTED):
        first, second = compiler.compile(parsed(rego)), compiler.compile(parsed(rego))
        assert second.program.artifact.to_plain() == first.program.artifact.to_plain()
        assert (second.reads, second.lints) == (first.reads, first.lints)
    assert len(list((tmp_path / "code").iterdir())) == 2


def test_what_decides_is_in_the_key(tmp_path: Path) -> None:
    cache = CodeCache(str(tmp_path / "code"), b"compiler")
    TemplateCompiler(Capabilities(), cache).compile(parsed())
    TemplateCompiler(Capabilities().without({"time.now_ns"}), cache).compile(parsed())
    TemplateCompiler(Capabilities(), cache).compile(parsed(HIT + "\n"))
    # Errors name the file, so a copy elsewhere is compiled for itself.
    TemplateCompiler(Capabilities(), cache).compile(parsed(file="other.yaml"))
    assert len(list((tmp_path / "code").iterdir())) == 4


def test_a_cached_start_does_not_import_the_parser(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from lockgate.engine.codegen.cache import CodeCache\n"
        "from lockgate.engine.rego.capabilities import Capabilities\n"
        "from lockgate.gatekeeper.rego_template import TemplateCompiler\n"
        "from tests.gatekeeper.test_rego_template import parsed\n"
        "cache = CodeCache(sys.argv[1], b'compiler')\n"
        "TemplateCompiler(Capabilities(), cache).compile(parsed())\n"
        "print('lockgate.engine.rego.parser' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "code")]
    seen = [
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout for _ in range(2)
    ]
    assert seen == ["True\n", "False\n"]

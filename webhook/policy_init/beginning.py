"""What `lockgate policy init` makes for a repository: the files, tried before they are written, and what is said about them."""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from lockgate.engine.errors import UsageError
from lockgate.engine.record import record
from lockgate.gatekeeper.exemptions.exemption import MAX_NAME
from lockgate.gatekeeper.exemptions.moments import SECOND_NS, span_ns
from lockgate.gatekeeper.exemptions.policy import DEFAULT_DURATION_NS
from lockgate.webhook.baseline import render_baseline
from lockgate.webhook.catalogue.entries import PROFILES
from lockgate.webhook.config import FILE_NAME, find_config
from lockgate.webhook.policy_init.configuration import exclusions_for, render_configuration
from lockgate.webhook.policy_init.constraints import Chosen, choose
from lockgate.webhook.policy_init.looking import Looked, look
from lockgate.webhook.policy_init.plan import Plan, make_plan
from lockgate.webhook.policy_init.trying import Tried, try_check
from lockgate.webhook.policy_init.writing import check_places
from lockgate.webhook.systems import SYSTEMS
from lockgate.webhook.terminal import some_of

EXEMPTIONS = "exemptions.yaml"
# Of findings that no exemption can name, and of files that cannot be judged, so many are listed.
_MOST_SHOWN = 10


@record
class Wanted:
    """What the command line asks for. every: constraints for kinds that are not there too."""

    path: str
    profiles: tuple[str, ...]
    owner: str | None
    expires: str
    folder: str
    every: bool
    excludes: tuple[str, ...]
    dry_run: bool
    force: bool


@record
class Beginning:
    """What is to be written below `root`, by name, and what is known about it. stale: files of a former beginning that go."""

    root: str
    files: Mapping[str, str]
    looked: Looked
    plan: Plan
    chosen: tuple[Chosen, ...]
    folder: str
    exempt: int
    stale: tuple[str, ...]
    left_out: tuple[str, ...]
    tried: Tried
    owner: str
    expires: str

    @property
    def passes(self) -> bool:
        """Does `lockgate check` pass now?"""
        return self.tried.report.exit_code(frozenset({"deny"})) == 0

    def told(self, *, dry_run: bool) -> Iterator[str]:
        """What was done and what to do next, line by line."""
        looked = self.looked
        yield f"looked at {looked.files} files with {looked.documents} objects"
        systems = Counter(looked.systems).most_common()
        if systems:
            yield "systems: " + ", ".join([f"{SYSTEMS[name]} ({count})" for name, count in systems])
        if self.plan.environments:
            listed = [
                f"{one.name} ({', '.join([*one.paths, *one.overlays])})" for one in self.plan.environments
            ]
            yield f"environments, the lowest first: {'; '.join(listed)}"
        verb = "would write" if dry_run else "wrote"
        yield f"{verb} {FILE_NAME}"
        for one in self.chosen:
            where = ""
            if one.part.namespaces:
                where = f", in the namespaces {', '.join(one.part.namespaces)}"
            yield (
                f"{verb} {self.folder}/{one.part.profile}.yaml: {len(one.kinds)} constraints{where}"
                + (f"; {one.left_out} more are for kinds that are not here (--all)" if one.left_out else "")
            )
        if self.exempt:
            yield (
                f"{verb} {self.folder}/{EXEMPTIONS}: what is denied today ({self.exempt} violations) is exempt for {self.expires}, "
                f"and {self.owner} answers for it"
            )
        for name in self.stale:
            yield f"{'would remove' if dry_run else 'removed'} {name}, which was of a former beginning"
        if self.left_out:
            yield f"left out of the check, since it cannot be judged as it is: {some_of(self.left_out, _MOST_SHOWN)}"
        for remark in self.plan.remarks:
            yield f"note: {remark}"
        if looked.templates:
            yield f"note: ConstraintTemplates are in {some_of(sorted(looked.templates), _MOST_SHOWN)}: to judge by them too, add the folder to `policies`"
        yield from self._outcome(dry_run)

    def _outcome(self, dry_run: bool) -> Iterator[str]:
        report = self.tried.report
        counts = (
            f"{report.count('deny')} denied, {report.count('warn')} warned of, {len(report.exempted)} exempt"
        )
        yield f"`lockgate check` {'passes' if self.passes else 'does not pass yet'}: {counts}"
        for finding in self.tried.others[:_MOST_SHOWN]:
            yield f"  to be mended, since no exemption can name it: {finding.file}:{finding.span.line}: {finding.message}"
        for error in report.errors[:_MOST_SHOWN]:
            yield f"  to be mended: {error.file}:{error.line}: {error.message}"
        yield "next:"
        if dry_run:
            yield "  run it again without --dry-run"
        yield "  commit the files, and run `lockgate check --base origin/main` for each change"
        if self.exempt:
            yield f"  mend what is exempt before it expires: {self.folder}/{EXEMPTIONS}"
        for one in self.chosen:
            for open_part in one.open:
                yield f"  say what is yours: {open_part}"


def begin(wanted: Wanted) -> Beginning:
    """Looks at a repository and makes what it needs. Raises UsageError; nothing is written."""
    span = span_ns(wanted.expires)
    if span is None or span > DEFAULT_DURATION_NS:
        raise UsageError(
            f"--expires takes a span of time, not {wanted.expires!r}", hint="such as 90d; 366d at most"
        )
    if wanted.owner is not None and not 0 < len(wanted.owner.strip()) <= MAX_NAME:
        raise UsageError("--owner takes a name", hint=f"a person or a team, {MAX_NAME} characters at most")
    if not os.path.isdir(wanted.path):
        raise UsageError(
            f"{wanted.path} is no folder", hint="name the root of a repository, or a folder in it"
        )
    root = os.path.realpath(wanted.path)
    folder = _inside(wanted.folder)
    _refuse_other_configuration(root)
    looked = look(root, wanted.excludes)
    plan = make_plan(looked, wanted.profiles)
    others = {name for part in plan.parts for name in part.namespaces}
    chosen = tuple([choose(part, others, {} if wanted.every else looked.objects) for part in plan.parts])
    left_out = tuple(exclusions_for(looked.unjudged))
    files = {FILE_NAME: render_configuration(plan, folder, wanted.excludes, left_out)}
    files |= {f"{folder}/{one.part.profile}.yaml": one.text for one in chosen}
    exemptions = f"{folder}/{EXEMPTIONS}"
    ours = [f"{folder}/{name}.yaml" for name in PROFILES]
    if not wanted.dry_run:
        check_places(root, folder, [FILE_NAME, *ours, exemptions], force=wanted.force)
    with tempfile.TemporaryDirectory() as place:
        for one in chosen:
            (Path(place) / f"{one.part.profile}.yaml").write_text(one.text, "utf-8")
        tried = try_check(root, files[FILE_NAME], Path(place))
        exempt = tried.excusable
        owner = wanted.owner or ""
        if exempt:
            if not owner:
                raise UsageError(
                    f"{len(exempt)} violations are denied today, and somebody has to answer for their exemptions",
                    hint="name a person or a team with --owner, or mend them first: lockgate check",
                )
            now_ns = time.time_ns()
            issued = now_ns - now_ns % SECOND_NS
            files[exemptions] = render_baseline(exempt, owner, issued, issued + span)
            (Path(place) / EXEMPTIONS).write_text(files[exemptions], "utf-8")
            tried = try_check(root, files[FILE_NAME], Path(place))
    return Beginning(
        root=root,
        files=files,
        looked=looked,
        plan=plan,
        chosen=chosen,
        folder=folder,
        exempt=len(exempt),
        stale=tuple(
            [
                name
                for name in (*ours, exemptions)
                if name not in files and os.path.exists(os.path.join(root, name))
            ]
        ),
        left_out=left_out,
        tried=tried,
        owner=owner,
        expires=wanted.expires,
    )


def _inside(folder: str) -> str:
    """The folder relative to the root, with `/`. Raises UsageError for one that lies outside, or is the root itself."""
    made = os.path.normpath(folder).replace(os.sep, "/")
    if os.path.isabs(folder) or made.split("/")[0] in ("..", "."):
        raise UsageError(
            f"--folder {folder} lies outside of the repository", hint="such as policies/lockgate"
        )
    return made


def _refuse_other_configuration(root: str) -> None:
    """A configuration further up holds for this folder as well, and this one would hide it."""
    place = find_config(root)
    if place.file is not None and os.path.dirname(place.file) != root:
        raise UsageError(
            f"{place.shown} is the configuration of this folder already",
            hint="run it in that folder, or remove the file",
        )

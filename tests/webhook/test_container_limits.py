"""A container's limits count: processors and memory are not the machine's."""

from pathlib import Path

import pytest
from lockgate.webhook.container_limits import memory_limit, processor_limit
from lockgate.webhook.serving.worker_count import MAX_WORKERS, workers_for

GIB = 1 << 30


def tree(root: Path, **files: str) -> Path:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_without_control_groups_nothing_is_limited(tmp_path: Path) -> None:
    assert (processor_limit(tmp_path), memory_limit(tmp_path)) == (None, None)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("max 100000\n", None),
        ("150000 100000\n", 2),
        ("100000 100000\n", 1),
        ("10000 100000\n", 1),
        ("", None),
        ("rubbish\n", None),
        ("100000 0\n", None),
        ("-1 100000\n", None),
        ("9" * 30 + " 100000\n", None),
    ],
)
def test_processors_of_version_two(text: str, limit: int | None, tmp_path: Path) -> None:
    assert processor_limit(tree(tmp_path, **{"sys/fs/cgroup/cpu.max": text})) == limit


def test_a_group_has_what_those_above_it_leave(tmp_path: Path) -> None:
    tree(
        tmp_path,
        **{
            "proc/self/cgroup": "0::/kubepods/pod1/server\n",
            "sys/fs/cgroup/kubepods/cpu.max": "400000 100000\n",
            "sys/fs/cgroup/kubepods/pod1/cpu.max": "300000 100000\n",
            "sys/fs/cgroup/kubepods/pod1/server/cpu.max": "max 100000\n",
            "sys/fs/cgroup/kubepods/pod1/memory.max": f"{2 * GIB}\n",
            "sys/fs/cgroup/kubepods/pod1/server/memory.max": f"{GIB}\n",
        },
    )
    assert (processor_limit(tmp_path), memory_limit(tmp_path)) == (3, GIB)


def test_version_one(tmp_path: Path) -> None:
    tree(
        tmp_path,
        **{
            "proc/self/cgroup": "4:memory:/docker/a\n3:cpu,cpuacct:/docker/a\n1:name=systemd:/x/../../y\n",
            # What is mounted in a container has not the path that it has outside.
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes": f"{GIB}\n",
        },
    )
    assert (processor_limit(tmp_path), memory_limit(tmp_path)) == (3, GIB)
    tree(tmp_path, **{"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n"})
    assert processor_limit(tmp_path) is None


@pytest.mark.parametrize(
    ("processors", "memory", "workers"),
    [
        (1, None, 1),
        (8, None, 8),
        (1_000, None, MAX_WORKERS),
        # What `lockgate install` gives, on a large node.
        (96, GIB, 4),
        (2, GIB, 2),
        (96, 4 * GIB, 28),
        (96, GIB // 2, 1),
        (96, 1, 1),
    ],
)
def test_there_are_as_many_workers_as_there_is_room_for(
    processors: int, memory: int | None, workers: int
) -> None:
    assert workers_for(processors, memory) == workers

"""What Node Problem Detector looks for in the kernel's log to know that a GPU is broken: fatal Xids of NVIDIA's driver, ECC errors of AMD's.

A permanent rule sets the node's condition `GPUUnhealthy`, by which `lockgate promotions health` counts the node as struck; a temporary one makes an
Event. What an application did wrong (Xids 13, 31, 43, 45) is nothing of the node's, and has no rule.

https://docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html
https://github.com/kubernetes/node-problem-detector (System Log Monitor)
drivers/gpu/drm/amd/amdgpu/amdgpu_ras.c of Linux
"""

from typing import Final, Literal

from lockgate.engine.codegen.values import Value
from lockgate.engine.record import record

CONDITION: Final = "GPUUnhealthy"
_XID: Final = r"NVRM: Xid \(PCI:[0-9a-fA-F:.]+\): "


@record
class Sign:
    """A line of the kernel's log. reason: the condition's, or the Event's; xids: of NVIDIA's driver; pattern: another line (RE2)."""

    reason: str
    lasts: Literal["permanent", "temporary"]
    xids: tuple[int, ...] = ()
    pattern: str = ""


SIGNS: Final = (
    Sign("GPUDoubleBitECCError", "permanent", (48,)),
    Sign("GPURowRemapFailure", "permanent", (64,)),
    Sign("GPUNVLinkError", "permanent", (74,)),
    Sign("GPUFellOffBus", "permanent", (79,)),
    Sign("GPUUncontainedECCError", "permanent", (95, 140)),
    Sign("GPUSystemProcessorFailure", "permanent", (119, 120)),
    Sign(
        "GPUUncorrectableErrors",
        "permanent",
        pattern=r"amdgpu [0-9a-f:.]+: .*[1-9][0-9]* uncorrectable hardware errors? detected in .*",
    ),
    # The row is replaced at the next reset.
    Sign("GPURowRemapPending", "temporary", (63,)),
    Sign("GPUHighSingleBitECCRate", "temporary", (92,)),
    # What ran there has ended; the rest goes on.
    Sign("GPUContainedECCError", "temporary", (94,)),
)


def gpu_monitor() -> dict[str, Value]:
    """The configuration of the System Log Monitor, as `gpu-health-monitor.json`."""
    rules: list[Value] = [_rule(one) for one in SIGNS]
    return {
        "plugin": "kmsg",
        "logPath": "/dev/kmsg",
        "lookback": "5m",
        "bufferSize": 10,
        "source": "gpu-health-monitor",
        "metricsReporting": True,
        "conditions": [
            {"type": CONDITION, "reason": "GPUIsHealthy", "message": "no fatal error of a GPU was reported"}
        ],
        "rules": rules,
    }


def _rule(sign: Sign) -> dict[str, Value]:
    numbers = "|".join(map(str, sign.xids))
    pattern = sign.pattern or f"{_XID}({numbers})\\b.*"
    made: dict[str, Value] = {"type": sign.lasts, "reason": sign.reason, "pattern": pattern}
    return {**made, "condition": CONDITION} if sign.lasts == "permanent" else made

"""Errors of quotas. None of them lets anything pass: who asks is denied."""

from lockgate.engine.errors import LockgateError


class QuotaError(LockgateError):
    """Base of every error of quotas."""


class AmountError(QuotaError):
    """An amount, a limit, a name or a length of time is out of bounds."""


class NotReadyError(QuotaError):
    """The ledger has not been rebuilt from the live objects, so that nothing may be reserved in it."""


class BusyError(QuotaError):
    """Others held what is needed for too long, or it failed as often as is tried: nothing was reserved."""


class RepeatedRequestError(QuotaError):
    """A request came again under its uid, and asks for something else."""

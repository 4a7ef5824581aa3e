"""Settings of all tests."""

from hypothesis import settings

# How long a case takes depends on the machine, and no test judges that.
settings.register_profile("lockgate", deadline=None)
settings.load_profile("lockgate")

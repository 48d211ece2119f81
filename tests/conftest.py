"""What holds for all tests: no property test is judged by the time that an example takes."""

from hypothesis import settings

settings.register_profile("graphgate", deadline=None)
settings.load_profile("graphgate")

"""What holds for all tests: no property test is judged by the time that an example takes.

Neither by the time of one run (deadline) nor by that of drawing (too_slow): both are the machine's.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("graphgate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("graphgate")

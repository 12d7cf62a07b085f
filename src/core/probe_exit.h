/* What the exit code of a probe's command means (spec 30 part 6). */
#pragma once

enum probe_exit {
	PROBE_EXIT_GOOD = 0,
	PROBE_EXIT_BAD = 1,
	PROBE_EXIT_USAGE = 2,
	PROBE_EXIT_UNKNOWN = 3, /* neither good nor bad */
};

/*
 * How often the kernel's OOM killer has struck in our cgroup: `oom_kill` in memory.events
 * (cgroup v2) or memory.oom_control (v1), see the kernel's cgroup documents.
 */
#pragma once

#include <stdint.h>

/*
 * Opens the counter; the descriptor is the caller's. -errno where there is none to be read. All
 * paths are below `root`, which is empty but for tests.
 */
int oom_open(const char *root);

/* Reads it; 0 or -errno. */
int oom_read(int fd, uint64_t *ret_count);

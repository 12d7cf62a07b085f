/*
 * All children of this process, those it inherited as a subreaper (prctl(2)) included. For a
 * program all of whose children belong to one call; nemoinit has others and must not use it.
 */
#pragma once

#include <stdbool.h>

/*
 * Orphans of our descendants become our children instead of init's. Where the kernel or a sandbox
 * refuses, they are out of reach, and nothing else changes.
 */
void children_adopt(void);

/*
 * Sends SIGKILL to every child there is now. Their own children become ours when they die: call
 * again until children_exist says no.
 */
void children_kill(void);

/* Is there a child, dead or alive, that has not been reaped? */
bool children_exist(void);

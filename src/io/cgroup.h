/*
 * Control groups (cgroups(7)): where ours is, and one below it for each service, of version 2,
 * where we may make one. Whoever is born in it stays in it, whatever it does about its session, its
 * parents and its environment, and KILL reaches all of it at once (cgroup.kill, Linux 5.14).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Calls visit with the directory of our own cgroup, until it returns no error; returns what it
 * returned, or -ENOENT. Wanted is one with that controller, of either version, or without any
 * (NULL) version 2. Where the path that the kernel tells is not below what is mounted, the top of
 * the mount is tried for a controller: a container may see its own cgroup there. All paths are
 * below root, which is empty but for tests.
 */
int cgroup_find(const char *root, const char *controller,
    int (*visit)(void *data, const char *directory, bool is_v2), void *data);

/*
 * Makes the cgroup "nemoinit-INSTANCE-SERVICE" below ours; it may be there already. Returns its
 * directory, which is the caller's to free or to cgroup_remove, or NULL where there can be none.
 */
char *cgroup_make(const char *instance, const char *service);

/* The path of the one a process is in, as the kernel tells it. 0 or -errno (-ENOENT: none). */
int cgroup_read_path(pid_t pid, char *path, size_t size_bytes);

/* Is that the one of this directory, or below it? */
bool cgroup_has(const char *directory, const char *path);

/*
 * Does anybody live in it, or below it? Somebody may for a moment after having been reaped. Nobody
 * where there is none (NULL), or where it cannot be read.
 */
bool cgroup_is_populated(const char *directory);

/* KILL to everybody in it and below it. 0 or -errno. */
int cgroup_kill(const char *directory);

/*
 * Removes it with what was made below it, frees *directory and makes it NULL; not while somebody
 * lives in it: then false, and the caller tries again. True as well where there is none.
 */
bool cgroup_remove(char **directory);

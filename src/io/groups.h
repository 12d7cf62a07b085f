/* Groups, without NSS: numbers, /etc/group, and what the kernel says of a peer. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* The number of a group that is named by name or number. 0, -ENOENT, or -errno. */
int group_find(const char *name, gid_t *ret_group);

/* Was the other end of a unix socket in the group when it connected? */
bool group_has_peer(gid_t group, int fd, gid_t primary);

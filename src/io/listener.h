/*
 * Who listens on a port: the inode of the listening socket from /proc/net/tcp{,6}, its holder from
 * the descriptors in /proc/PID/fd. No netlink, no tools: both may be denied or absent (spec 10).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/process.h"

enum {
	LISTENER_COMMAND_BYTES = 256,
};

struct tree;

struct listener_query {
	uint16_t port;
	bool has_address; /* else any address of either family */
	bool is_ipv6;
	uint8_t address[16];     /* network order */
	const struct tree *tree; /* of the service; NULL: nothing of it lives */
	uid_t uid;               /* that the service runs as */
};

struct listener {
	enum listener_owner owner;
	pid_t pid;                            /* 0: none, or it cannot be read */
	char command[LISTENER_COMMAND_BYTES]; /* raw bytes; "": cannot be read */
};

/*
 * Looks for a listener that answers at the address: on it, on the wildcard of its family, or on
 * `::` (which takes IPv4 as well unless it is V6ONLY, which cannot be seen from outside). The
 * service's own tree is looked at first, its members that are our children before the others.
 * Where /proc/net cannot be read the answer is LISTENER_UNKNOWN.
 */
void listener_find(const struct listener_query *query, struct listener *ret_listener);

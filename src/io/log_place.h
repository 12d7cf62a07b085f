/*
 * Where a log file stands: its directory, its name, and the older files beside it. Both directory
 * and file are judged whenever they are opened (spec 20 part 6): what held at the start need not
 * hold for ever.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct error;

enum {
	LOG_PLACE_KEEP_MAX = 100,
};

struct log_place {
	char *directory;
	char *path;       /* of the file */
	const char *name; /* in path */
	unsigned keep;    /* so many older files */
};

/* NAME.log in an absolute directory. Returns 0 or -ENOMEM; the caller deinits in any case. */
int log_place_init(struct log_place *place, const char *directory, const char *name, unsigned keep);
void log_place_deinit(struct log_place *place);

/*
 * Opens the file for appending, which is made if there is none, as is the directory if only its
 * last part is missing; removes older files that are too many. Returns a descriptor, the caller's,
 * and *ret_size_bytes of the file; or -errno with what is wrong. Never waits.
 */
int log_place_open(const struct log_place *place, uint64_t *ret_size_bytes, struct error *error);

/*
 * NAME.log becomes NAME.log.1, what was that becomes NAME.log.2, and so on; the last one goes. Then
 * as log_place_open.
 */
int log_place_rotate(const struct log_place *place, uint64_t *ret_size_bytes, struct error *error);

/* Is the open file still the one in its place, and would it be opened again? And its size now. */
bool log_place_holds(const struct log_place *place, int fd, uint64_t *ret_size_bytes);

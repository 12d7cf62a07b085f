/* The server's side of the control protocol: what each op does (spec 20 part 4). */
#pragma once

#include <stdint.h>

struct requests;
struct supervisor;

/*
 * Opens the control socket at the first place that works. explicit_path: NULL for the list of
 * spec 20 part 4. Returns 0 also when none works: that is a warning, and it is tried again each
 * minute. -EBUSY: another instance holds the socket (*ret_requests untouched); -ENAMETOOLONG: an
 * explicit path of more than 107 bytes; -ENOMEM.
 */
int requests_new(
    struct supervisor *supervisor, const char *explicit_path, struct requests **ret_requests);
void requests_free(struct requests **requests);

/* Does what is due; returns the next deadline. */
uint64_t requests_turn(struct requests *requests, uint64_t now_ms);

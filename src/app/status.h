/* The picture of everything, for the status reply. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct supervisor;

/*
 * The status reply line for the control socket, the caller's to free; NULL when memory is short.
 * id and service as in snapshot_encode. A peer that is not privileged does not get last_output and
 * listener.command (spec 20 part 2, status_access).
 */
char *status_encode(struct supervisor *supervisor, const char *id, const char *service,
    bool is_privileged, uint64_t now_ms);

/* The op metrics; a line likewise. */
char *metrics_encode(struct supervisor *supervisor, const char *id, uint64_t now_ms);
